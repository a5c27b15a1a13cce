#include "normal_equations.h"

namespace geomdl {

// Tracks one pixel of the new frame into the model's view and adds its equation.
template <typename T>
struct Projective {
    const T *points, *normals, *model, *planes;
    int64_t width, height;
    double fx, fy, cx, cy, limit, cosine;
    Rigid rigid;
    Robust robust;

    void add(int64_t i, Sums &sums) const {
        const T *v = points + 3 * i;
        if (!(v[2] > 0)) return;
        double p[3], n[3], offset[3];
        rigid.apply(v, p);
        if (!(p[2] > 0)) return;
        const double u = std::floor(fx * p[0] / p[2] + cx);
        const double w = std::floor(fy * p[1] / p[2] + cy);
        if (!(u >= 0 && u < double(width) && w >= 0 && w < double(height))) return;
        const int64_t at = int64_t(w) * width + int64_t(u);
        const T *q = model + 3 * at, *plane = planes + 3 * at;
        if (!(q[2] > 0) || (plane[0] == 0 && plane[1] == 0 && plane[2] == 0)) return;
        for (int a = 0; a < 3; ++a) offset[a] = p[a] - q[a];
        const double square =
            offset[0] * offset[0] + offset[1] * offset[1] + offset[2] * offset[2];
        if (!(square <= limit)) return;
        if (normals) {
            rigid.turn(normals + 3 * i, n);
            if (!(n[0] * plane[0] + n[1] * plane[1] + n[2] * plane[2] >= cosine)) return;
        }
        plane_row(p, plane, offset, square, robust, sums);
    }
};

template <typename T>
Out<double> track_equations(In<T, 2> points, Maybe<T, 2> normals, In<T, 3> model, In<T, 3> planes,
                            In<double, 2> intrinsics, In<double, 2> pose, double max_distance,
                            double min_cosine, int64_t kernel, double scale, int threads) {
    const double *k = intrinsics.data();
    const Projective<T> frame{points.data(),
                              normals ? normals->data() : nullptr,
                              model.data(),
                              planes.data(),
                              int64_t(model.shape(1)),
                              int64_t(model.shape(0)),
                              k[0],
                              k[4],
                              k[2],
                              k[5],
                              max_distance * max_distance,
                              min_cosine,
                              Rigid(pose.data()),
                              Robust{kernel, scale}};
    return reduce(points.shape(0), threads,
                  [&frame](int64_t i, Sums &sums) { frame.add(i, sums); });
}

template <typename T>
static void define(nb::module_ &m) {
    m.def("track_equations", &track_equations<T>, "points"_a.noconvert(),
          "normals"_a.noconvert().none(), "model"_a.noconvert(), "planes"_a.noconvert(),
          "intrinsics"_a.noconvert(), "pose"_a.noconvert(), "max_distance"_a, "min_cosine"_a,
          "kernel"_a, "scale"_a, "threads"_a);
}

}  // namespace geomdl

NB_MODULE(GEOMDL_MODULE, m) {
    geomdl::define<float>(m);
    geomdl::define<double>(m);
}
