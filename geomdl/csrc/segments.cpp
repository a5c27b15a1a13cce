// The largest or smallest value of consecutive rows, channel by channel.
#include <algorithm>

#include "kernel.h"

namespace geomdl {

template <typename T>
Out<int64_t> segment_argmax(In<T, 2> values, In<int64_t, 1> offsets, Maybe<bool, 1> smallest,
                            int threads) {
    const int64_t segments = int64_t(offsets.shape(0)) - 1, channels = int64_t(values.shape(1));
    auto out = make<int64_t>({size_t(segments), size_t(channels)});
    const T *from = values.data();
    const int64_t *bounds = offsets.data();
    int64_t *to = out.data();
    std::vector<T> sign(channels, T(1));
    for (int64_t c = 0; smallest && c < channels; ++c) sign[c] = smallest->data()[c] ? T(-1) : T(1);
    nb::gil_scoped_release release;
    const bool wide = segments > 1 && bounds[segments] * channels > 1 << 14;
#pragma omp parallel num_threads(wide ? threads : 1)
    {
        std::vector<T> best(channels);
        std::vector<int32_t> row(channels);
#pragma omp for schedule(static)
        for (int64_t s = 0; s < segments; ++s) {
            const int64_t low = bounds[s], high = bounds[s + 1];
            if (low == high) {
                std::fill(to + s * channels, to + (s + 1) * channels, -1);
                continue;
            }
            for (int64_t c = 0; c < channels; ++c) best[c] = sign[c] * from[low * channels + c];
            std::fill(row.begin(), row.end(), 0);
            for (int64_t i = low + 1; i < high; ++i) {
                const T *v = from + i * channels;
                const int32_t step = int32_t(i - low);
                const T *turn = sign.data();
                T *b = best.data();
                int32_t *r = row.data();
#pragma omp simd
                for (int64_t c = 0; c < channels; ++c) {
                    const T value = turn[c] * v[c];
                    const bool more = value > b[c];
                    r[c] = more ? step : r[c];
                    b[c] = more ? value : b[c];
                }
            }
            for (int64_t c = 0; c < channels; ++c) to[s * channels + c] = low + row[c];
        }
    }
    return out;
}

}  // namespace geomdl

NB_MODULE(GEOMDL_MODULE, m) {
    const auto tensor = nb::arg().noconvert();
    const auto maybe = nb::arg().none();
    m.def("segment_argmax", &geomdl::segment_argmax<float>, tensor, tensor, maybe, nb::arg());
    m.def("segment_argmax", &geomdl::segment_argmax<double>, tensor, tensor, maybe, nb::arg());
}
