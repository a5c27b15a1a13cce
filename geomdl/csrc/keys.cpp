#include "kernel.h"

namespace geomdl {

static uint64_t spread(uint64_t x) {
    x &= 0x1fffff;
    x = (x | x << 32) & 0x1f00000000ffffull;
    x = (x | x << 16) & 0x1f0000ff0000ffull;
    x = (x | x << 8) & 0x100f00f00f00f00full;
    x = (x | x << 4) & 0x10c30c30c30c30c3ull;
    return (x | x << 2) & 0x1249249249249249ull;
}

template <typename T>
Out<int64_t> morton_keys(In<T, 2> cells, int threads) {
    const int64_t n = cells.shape(0);
    auto out = make<int64_t>({size_t(n)});
    const T *in = cells.data();
    int64_t *keys = out.data();
#pragma omp parallel for num_threads(threads)
    for (int64_t i = 0; i < n; ++i)
        keys[i] = spread(in[3 * i]) | spread(in[3 * i + 1]) << 1 | spread(in[3 * i + 2]) << 2;
    return out;
}

}  // namespace geomdl

NB_MODULE(GEOMDL_MODULE, m) {
    m.def("morton_keys", &geomdl::morton_keys<int32_t>, nb::arg().noconvert(), nb::arg());
    m.def("morton_keys", &geomdl::morton_keys<int64_t>, nb::arg().noconvert(), nb::arg());
}
