// Sparse convolution with as many groups as channels: every channel for itself.
#pragma once

#include <algorithm>

#include "bfloat.h"
#include "lanes.h"

namespace geomdl {

// Features (N, C), weight (K, C), table (M, K) -> (M, C).
template <typename T>
void depthwise_multiply(const T *features, const T *weight, const int32_t *table,
                        const float *bias, int64_t rows, int64_t entries, int64_t channels,
                        float *out, int threads) {
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t m = 0; m < rows; ++m) {
        float *__restrict to = out + m * channels;
        if (bias)
            std::copy(bias, bias + channels, to);
        else
            std::fill(to, to + channels, 0.0f);
        for (int64_t k = 0; k < entries; ++k) {
            const int64_t row = table[m * entries + k];
            if (row < 0) continue;
            const T *x = features + row * channels, *w = weight + k * channels;
            for (int64_t c = 0; c < channels; ++c) to[c] += widen(x[c]) * widen(w[c]);
        }
    }
}

// Features (N, C), gradient (M, C), table (M, K) -> (K, C). Segments of rows depend on the shapes
// alone, so that threads do not change a bit.
template <typename T>
void depthwise_outer(const T *features, const T *gradient, const int32_t *table, int64_t rows,
                     int64_t entries, int64_t channels, float *out, int threads) {
    const int64_t each = entries * channels, most = std::max<int64_t>((4 << 20) / each, 1);
    const int64_t segments = std::clamp<int64_t>(rows / 1024, 1, most);
    Block<float> sums = block<float>(segments * each);
#pragma omp parallel for num_threads(threads) schedule(dynamic)
    for (int64_t s = 0; s < segments; ++s) {
        float *own = sums.get() + s * each;
        std::fill(own, own + each, 0.0f);
        for (int64_t m = rows * s / segments; m < rows * (s + 1) / segments; ++m)
            for (int64_t k = 0; k < entries; ++k) {
                const int64_t row = table[m * entries + k];
                if (row < 0) continue;
                const T *x = features + row * channels, *g = gradient + m * channels;
                float *__restrict to = own + k * channels;
                for (int64_t c = 0; c < channels; ++c) to[c] += widen(x[c]) * widen(g[c]);
            }
    }
    std::fill(out, out + each, 0.0f);
    for (int64_t s = 0; s < segments; ++s)
        for (int64_t i = 0; i < each; ++i) out[i] += sums[s * each + i];
}

}  // namespace geomdl
