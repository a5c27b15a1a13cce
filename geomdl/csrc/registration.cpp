#include "normal_equations.h"

namespace geomdl {

template <typename T>
Out<double> pair_equations(In<T, 2> source, In<T, 2> target, In<int64_t, 1> index,
                           Maybe<T, 2> normals, In<double, 2> pose, double max_distance,
                           int64_t kernel, double scale, int threads) {
    const Rigid rigid(pose.data());
    const Robust robust{kernel, scale};
    const T *from = source.data(), *to = target.data();
    const T *planes = normals ? normals->data() : nullptr;
    const int64_t *partner = index.data();
    const double limit = max_distance * max_distance;
    return reduce(source.shape(0), threads, [=](int64_t i, Sums &sums) {
        if (partner[i] < 0) return;
        double p[3], offset[3];
        rigid.apply(from + 3 * i, p);
        const T *q = to + 3 * partner[i];
        for (int a = 0; a < 3; ++a) offset[a] = p[a] - q[a];
        const double square =
            offset[0] * offset[0] + offset[1] * offset[1] + offset[2] * offset[2];
        if (!(square <= limit)) return;
        if (planes)
            plane_row(p, planes + 3 * partner[i], offset, square, robust, sums);
        else
            point_rows(p, offset, square, robust, sums);
    });
}

}  // namespace geomdl

NB_MODULE(GEOMDL_MODULE, m) {
    using namespace geomdl;
    m.def("pair_equations", &pair_equations<float>, "source"_a.noconvert(),
          "target"_a.noconvert(), "index"_a.noconvert(), "normals"_a.noconvert().none(),
          "pose"_a.noconvert(), "max_distance"_a, "kernel"_a, "scale"_a, "threads"_a);
    m.def("pair_equations", &pair_equations<double>, "source"_a.noconvert(),
          "target"_a.noconvert(), "index"_a.noconvert(), "normals"_a.noconvert().none(),
          "pose"_a.noconvert(), "max_distance"_a, "kernel"_a, "scale"_a, "threads"_a);
}
