#include "exact.h"

#include "farthest.h"
#include "forest.h"

namespace geomdl {

template <typename T, int D>
void farthest(const T *points, const std::vector<Range> &ranges, int dim, int64_t count,
              int64_t start, int64_t *out, int threads) {
    const auto trees = forest<T, D>(points, ranges, dim, [](size_t) { return 4 * LANES; }, threads);
    const int used = std::clamp<int>(int(ranges.size()), 1, threads);
#pragma omp parallel for num_threads(used) schedule(dynamic)
    for (size_t b = 0; b < ranges.size(); ++b)
        Farthest<T, D>(trees[b]).sample(count, ranges[b].first + start, out + b * count);
}

template <typename T>
Out<int64_t> farthest_point_index(In<T, 2> points, int64_t count, Maybe<int64_t, 1> offsets,
                                  int64_t start, int threads) {
    const auto ranges = items(offsets, points.shape(0));
    auto out = make<int64_t>({ranges.size() * size_t(count)});
    const int dim = int(points.shape(1));
    nb::gil_scoped_release release;
    if (dim == 3)
        farthest<T, 3>(points.data(), ranges, dim, count, start, out.data(), threads);
    else
        farthest<T, 0>(points.data(), ranges, dim, count, start, out.data(), threads);
    return out;
}

// Clear `free` at every point closer to q than the root of reach.
template <typename T, int D>
void strike(const Tree<T, D> &tree, int level, int64_t set, const T *q, T reach, bool *free) {
    typename Vec<T>::type distance;
    tree.measure(tree.levels[level], set, q, distance);
    const int64_t used = tree.levels[level].count - set * LANES;
    Hits(distance < reach).each([&](int64_t i) {
        if (i >= used) return;
        const int64_t child = set * LANES + i;
        if (level > 0) return strike(tree, level - 1, child, q, reach, free);
        typename Vec<T>::type point;
        tree.measure(child, q, point);
        Hits(point < reach).each([&](int64_t j) { free[tree.index[child * LANES + j]] = false; });
    });
}

template <typename T, int D>
void throw_darts(const T *points, int64_t count, int dim, T reach, const int64_t *order,
                 bool *kept, int threads) {
    const auto trees =
        forest<T, D>(points, {{0, count}}, dim, [](size_t) { return LANES; }, threads);
    std::unique_ptr<bool[]> free(new bool[count]);
    std::fill_n(free.get(), count, true);
    std::fill_n(kept, count, false);
    for (int64_t i = 0; i < count; ++i) {
        if (!free[order[i]]) continue;
        kept[order[i]] = true;
        const int top = int(trees[0].levels.size()) - 1;
        for (int64_t set = 0; set * LANES < trees[0].levels[top].count; ++set)
            strike(trees[0], top, set, points + order[i] * dim, reach, free.get());
    }
}

template <typename T>
Out<bool> disk_mask(In<T, 2> points, double radius, In<int64_t, 1> order, int threads) {
    auto kept = make<bool>({points.shape(0)});
    const int64_t count = points.shape(0);
    const int dim = int(points.shape(1));
    const T reach = T(radius) * T(radius);
    nb::gil_scoped_release release;
    if (dim == 3)
        throw_darts<T, 3>(points.data(), count, dim, reach, order.data(), kept.data(), threads);
    else
        throw_darts<T, 0>(points.data(), count, dim, reach, order.data(), kept.data(), threads);
    return kept;
}

template <typename T>
void define(nb::module_ &m) {
    const auto cloud = nb::arg().noconvert();
    m.def("farthest_point_index", &farthest_point_index<T>, cloud, nb::arg(), nb::arg().none(),
          nb::arg(), nb::arg());
    m.def("disk_mask", &disk_mask<T>, cloud, nb::arg(), nb::arg().noconvert(), nb::arg());
}

}  // namespace geomdl

NB_MODULE(GEOMDL_MODULE, m) {
    geomdl::define<float>(m);
    geomdl::define<double>(m);
}
