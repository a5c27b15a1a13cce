#include "exact.h"

#include "forest.h"

namespace geomdl {

template <typename T, int D>
void both_ways(const T *a, const T *b, const std::vector<Range> &a_items,
               const std::vector<Range> &b_items, int dim, int64_t *in_b, int64_t *in_a,
               int threads) {
    using List = std::conditional_t<std::is_same_v<T, float>, Nearest, Pool<T>>;
    const auto leaf = [](size_t) { return LANES; };
    const auto as = forest<T, D>(a, a_items, dim, leaf, threads);
    const auto bs = forest<T, D>(b, b_items, dim, leaf, threads);
    const T far = std::numeric_limits<T>::infinity();
    answer<List, T, D>(bs, as, 1, far, in_b, threads);
    answer<List, T, D>(as, bs, 1, far, in_a, threads);
}

template <typename T>
std::tuple<Out<int64_t>, Out<int64_t>> nearest_pairs(In<T, 2> a, In<T, 2> b,
                                                     Maybe<int64_t, 1> a_offsets,
                                                     Maybe<int64_t, 1> b_offsets, int threads) {
    auto in_b = make<int64_t>({a.shape(0)}), in_a = make<int64_t>({b.shape(0)});
    const auto a_items = items(a_offsets, a.shape(0)), b_items = items(b_offsets, b.shape(0));
    const int dim = int(a.shape(1));
    {
        nb::gil_scoped_release release;
        if (dim == 3)
            both_ways<T, 3>(a.data(), b.data(), a_items, b_items, dim, in_b.data(), in_a.data(),
                            threads);
        else
            both_ways<T, 0>(a.data(), b.data(), a_items, b_items, dim, in_b.data(), in_a.data(),
                            threads);
    }
    return {in_b, in_a};
}

}  // namespace geomdl

NB_MODULE(GEOMDL_MODULE, m) {
    const auto cloud = nb::arg().noconvert();
    const auto offsets = nb::arg().none();
    m.def("nearest_pairs", &geomdl::nearest_pairs<float>, cloud, cloud, offsets, offsets,
          nb::arg());
    m.def("nearest_pairs", &geomdl::nearest_pairs<double>, cloud, cloud, offsets, offsets,
          nb::arg());
}
