#include "exact.h"

#include "forest.h"
#include "tree_bytes.h"

namespace geomdl {

struct Problem {
    const void *points, *queries;
    std::vector<Range> items, query_items;
    int dim, threads;
    int64_t k;
    double reach;
    int64_t *out;
};

template <typename T, int D, typename List>
void run(const Problem &p) {
    const T *points = static_cast<const T *>(p.points);
    const T *queries = static_cast<const T *>(p.queries);
    const auto leaf = [&](size_t b) -> int64_t {  // a few queries do not pay for a tree
        const bool few = p.query_items[b].second - p.query_items[b].first < 24;
        return few ? p.items[b].second - p.items[b].first : LANES;
    };
    const auto trees = forest<T, D>(points, p.items, p.dim, leaf, p.threads);
    if (points == queries && p.items == p.query_items)
        return answer<List, T, D>(trees, trees, p.k, T(p.reach), p.out, p.threads);
    const auto orders = forest<T, D>(queries, p.query_items, p.dim,
                                     [](size_t) { return LANES; }, p.threads);
    answer<List, T, D>(trees, orders, p.k, T(p.reach), p.out, p.threads);
}

template <typename T, int D>
void choose(const Problem &p) {
    if constexpr (std::is_same_v<T, float>) {
        if (p.k == 1) return run<T, D, Nearest>(p);
        if (p.k <= 8) return run<T, D, Sorted<1>>(p);
        if (p.k <= 16) return run<T, D, Sorted<2>>(p);
        if (p.k <= 32) return run<T, D, Sorted<4>>(p);
        if (p.k <= 64) return run<T, D, Sorted<8>>(p);
    }
    run<T, D, Pool<T>>(p);
}

template <typename T>
Out<int64_t> find(In<T, 2> points, In<T, 2> queries, int64_t k, double reach,
                  const Maybe<int64_t, 1> &offsets, const Maybe<int64_t, 1> &query_offsets,
                  int threads) {
    auto out = make<int64_t>({queries.shape(0), size_t(k)});
    const Problem p{points.data(), queries.data(), items(offsets, points.shape(0)),
                    items(query_offsets, queries.shape(0)), int(points.shape(1)), threads, k,
                    reach, out.data()};
    nb::gil_scoped_release release;
    if (p.dim == 3)
        choose<T, 3>(p);
    else
        choose<T, 0>(p);
    return out;
}

template <typename T>
Out<int64_t> knn_index(In<T, 2> points, In<T, 2> queries, int64_t k, Maybe<int64_t, 1> offsets,
                       Maybe<int64_t, 1> query_offsets, int threads) {
    return find<T>(points, queries, k, std::numeric_limits<double>::infinity(), offsets,
                   query_offsets, threads);
}

template <typename T>
Out<int64_t> radius_index(In<T, 2> points, In<T, 2> queries, double radius,
                          int64_t max_neighbors, Maybe<int64_t, 1> offsets,
                          Maybe<int64_t, 1> query_offsets, int threads) {
    const T reach = T(radius) * T(radius);
    return find<T>(points, queries, max_neighbors, reach, offsets, query_offsets, threads);
}

template <typename T>
Tree<T, 3> plant(const In<T, 2> &points, int threads) {
    auto trees = forest<T, 3>(points.data(), {{0, int64_t(points.shape(0))}}, 3,
                              [](size_t) { return LANES; }, threads);
    return std::move(trees[0]);
}

template <typename T>
Out<uint8_t> build_tree(In<T, 2> points, int threads) {
    auto out = make<uint8_t>({size_t(TreeBytes<T>::size(points.shape(0)))});
    uint8_t *bytes = out.data();
    nb::gil_scoped_release release;
    auto tree = plant<T>(points, threads);
    TreeBytes<T>::save(tree, points.data(), bytes);
    return out;
}

// Queries are walked in the order they have.
template <typename T>
Out<int64_t> nearest_within(In<T, 2> points, In<T, 2> queries, double max_distance,
                            const Maybe<uint8_t, 1> &tree, int threads) {
    typedef std::conditional_t<std::is_same_v<T, float>, Nearest, Pool<T>> List;
    constexpr int64_t BLOCK = 256;
    const int64_t count = points.shape(0), rows = queries.shape(0);
    const T *at = queries.data(), reach = T(max_distance) * T(max_distance);
    const bool given = tree && TreeBytes<T>::holds(tree->data(), tree->shape(0), points.data(), count);
    auto out = make<int64_t>({size_t(rows)});
    int64_t *index = out.data();
    nb::gil_scoped_release release;
    const Tree<T, 3> planted = given ? TreeBytes<T>::open(tree->data(), points.data(), count)
                                     : plant<T>(points, threads);
#pragma omp parallel for num_threads(worthwhile(rows, threads)) schedule(dynamic)
    for (int64_t first = 0; first < rows; first += BLOCK) {
        Walk<List, T, 3> walk(planted, 1, reach);
        for (int64_t i = first; i < std::min(first + BLOCK, rows); ++i) {
            std::copy(at + 3 * i, at + 3 * i + 3, walk.q.data());
            walk.find(index + i);
        }
    }
    return out;
}

// Rows are added in ascending order of their position, whatever the number of threads.
template <typename T>
Out<T> sum_rows(In<T, 2> values, In<int64_t, 1> index, int64_t count, int threads) {
    const int64_t rows = values.shape(0), width = values.shape(1);
    auto out = make<T>({size_t(count), size_t(width)});
    const T *in = values.data();
    const int64_t *to = index.data();
    T *sum = out.data();
    nb::gil_scoped_release release;
    const int parts = worthwhile(rows, threads);
#pragma omp parallel for num_threads(parts) schedule(static, 1)
    for (int part = 0; part < parts; ++part) {
        const int64_t low = count * part / parts, high = count * (part + 1) / parts;
        std::fill(sum + low * width, sum + high * width, T(0));
        for (int64_t i = 0; i < rows; ++i)
            if (to[i] >= low && to[i] < high)
                for (int64_t c = 0; c < width; ++c) sum[to[i] * width + c] += in[i * width + c];
    }
    return out;
}

template <typename T>
void define(nb::module_ &m) {
    const auto cloud = nb::arg().noconvert();
    const auto offsets = nb::arg().none();
    m.def("knn_index", &knn_index<T>, cloud, cloud, nb::arg(), offsets, offsets, nb::arg());
    m.def("radius_index", &radius_index<T>, cloud, cloud, nb::arg(), nb::arg(), offsets, offsets,
          nb::arg());
    m.def("build_tree", &build_tree<T>, cloud, nb::arg());
    m.def("nearest_within", &nearest_within<T>, cloud, cloud, nb::arg(), offsets, nb::arg());
    m.def("sum_rows", &sum_rows<T>, cloud, nb::arg().noconvert(), nb::arg(), nb::arg());
}

}  // namespace geomdl

NB_MODULE(GEOMDL_MODULE, m) {
    geomdl::define<float>(m);
    geomdl::define<double>(m);
}
