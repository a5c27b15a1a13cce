#include <limits>

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
Out<T> normal_map(In<T, 3> points, double jump, int threads) {
    const int64_t height = points.shape(0), width = points.shape(1);
    auto out = make<T>({size_t(height), size_t(width), 3});
    const T *in = points.data(), limit = T(jump);
    T *normals = out.data();
    nb::gil_scoped_release free;
    std::fill(normals, normals + 3 * height * width, T(0));
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t y = 1; y < height - 1; ++y)
        for (int64_t x = 1; x < width - 1; ++x) {
            const T *p = in + 3 * (y * width + x);
            const T *right = p + 3, *left = p - 3, *below = p + 3 * width, *above = p - 3 * width;
            const T low = std::min(std::min(right[2], left[2]), std::min(below[2], above[2]));
            const T high = std::max(std::max(right[2], left[2]), std::max(below[2], above[2]));
            if (!(low > 0) || !(p[2] > 0) || !(high - low <= limit * p[2])) continue;
            T a[3], b[3];
            for (int c = 0; c < 3; ++c) a[c] = below[c] - above[c], b[c] = right[c] - left[c];
            T n[3] = {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2],
                      a[0] * b[1] - a[1] * b[0]};
            const T length = std::sqrt(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]);
            if (!(length > 0)) continue;
            for (int c = 0; c < 3; ++c) normals[3 * (y * width + x) + c] = n[c] / length;
        }
    return out;
}

template <typename T>
Out<T> shrink_depth(In<T, 2> depth, double jump, int threads) {
    const int64_t height = depth.shape(0) / 2, width = depth.shape(1) / 2, line = depth.shape(1);
    auto out = make<T>({size_t(height), size_t(width)});
    const T *in = depth.data(), none = std::numeric_limits<T>::infinity();
    T *half = out.data();
    nb::gil_scoped_release free;
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t y = 0; y < height; ++y)
        for (int64_t x = 0; x < width; ++x) {
            const T *p = in + 2 * (y * line + x);
            const T block[4] = {p[0], p[1], p[line], p[line + 1]};
            T near = none, sum = 0;
            for (T d : block) near = d > 0 ? std::min(near, d) : near;
            const T far = near * T(1 + jump);
            int count = 0;
            for (T d : block)
                if (d > 0 && d < none && d <= far) sum += d, ++count;
            half[y * width + x] = count ? sum / T(count) : T(0);
        }
    return out;
}

template <typename T>
static void define(nb::module_ &m) {
    m.def("track_equations", &track_equations<T>, "points"_a.noconvert(),
          "normals"_a.noconvert().none(), "model"_a.noconvert(), "planes"_a.noconvert(),
          "intrinsics"_a.noconvert(), "pose"_a.noconvert(), "max_distance"_a, "min_cosine"_a,
          "kernel"_a, "scale"_a, "threads"_a);
    m.def("normal_map", &normal_map<T>, "points"_a.noconvert(), "jump"_a, "threads"_a);
    m.def("shrink_depth", &shrink_depth<T>, "depth"_a.noconvert(), "jump"_a, "threads"_a);
}

}  // namespace geomdl

NB_MODULE(GEOMDL_MODULE, m) {
    geomdl::define<float>(m);
    geomdl::define<double>(m);
}
