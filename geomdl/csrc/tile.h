// Dense products on register tiles, the inside of sparse convolution. Vectors are as wide as the
// instruction set's registers, and a tile takes three quarters of them.
#pragma once

#include <cstdint>
#include <cstring>

namespace geomdl {

#if defined(__AVX512F__)
constexpr int kWidth = 16, kRows = 12, kDeep = 8;
#elif defined(__AVX2__)
constexpr int kWidth = 8, kRows = 6, kDeep = 4;
#else
constexpr int kWidth = 4, kRows = 6, kDeep = 4;
#endif
constexpr int kPanel = 2 * kWidth;  // outputs of a tile
constexpr int kDepth = 128;         // channels of a gathered row

typedef float Wide __attribute__((vector_size(4 * kWidth)));
typedef float Loose __attribute__((vector_size(4 * kWidth), aligned(4), may_alias));

inline Wide read(const float *from) { return *reinterpret_cast<const Loose *>(from); }
inline void write(float *to, Wide values) { *reinterpret_cast<Loose *>(to) = values; }

// sums[r] += sum over c < depth of a[r][c] w[c], for kRows rows of a (kDepth apart) and Vectors
// vectors of outputs; w is (depth, Vectors * kWidth), packed.
template <int Vectors>
void multiply_tile(const float *a, const float *w, int depth, float *const *sums) {
    Wide sum[kRows][Vectors];
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 2
        for (int v = 0; v < Vectors; ++v) sum[r][v] = read(sums[r] + v * kWidth);
    for (int c = 0; c < depth; ++c, w += Vectors * kWidth) {
        Wide row[Vectors];
#pragma GCC unroll 2
        for (int v = 0; v < Vectors; ++v) row[v] = read(w + v * kWidth);
#pragma GCC unroll 16
        for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 2
            for (int v = 0; v < Vectors; ++v) sum[r][v] += a[r * kDepth + c] * row[v];
    }
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 2
        for (int v = 0; v < Vectors; ++v) write(sums[r] + v * kWidth, sum[r][v]);
}

// to[d] += sum over p < count of a[p][d] b[rows[p]], for kDeep columns d of a (step apart from row
// to row) and Vectors vectors of the rows of b (stride apart, as those of `to`).
template <int Vectors>
void outer_tile(const float *a, int step, const float *b, const uint16_t *rows, int count,
                int stride, float *to) {
    Wide sum[kDeep][Vectors] = {};
    for (int p = 0; p < count; ++p, a += step) {
        const float *from = b + int64_t(rows[p]) * stride;
        Wide row[Vectors];
#pragma GCC unroll 2
        for (int v = 0; v < Vectors; ++v) row[v] = read(from + v * kWidth);
#pragma GCC unroll 8
        for (int d = 0; d < kDeep; ++d)
#pragma GCC unroll 2
            for (int v = 0; v < Vectors; ++v) sum[d][v] += a[d] * row[v];
    }
#pragma GCC unroll 8
    for (int d = 0; d < kDeep; ++d)
#pragma GCC unroll 2
        for (int v = 0; v < Vectors; ++v) {
            float *at = to + int64_t(d) * stride + v * kWidth;
            write(at, read(at) + sum[d][v]);
        }
}

}  // namespace geomdl
