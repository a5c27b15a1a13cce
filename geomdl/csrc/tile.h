// Dense products on register tiles, the inside of sparse convolution. Vectors are as wide as the
// instruction set's registers, and a tile takes three quarters of them.
#pragma once

#include <cstdint>
#include <cstring>

#if defined(__AVX512F__) && defined(__GNUC__)
#include <immintrin.h>
#define GEOMDL_DOT 1
#endif

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

#ifdef GEOMDL_DOT
inline bool has_dot() { return __builtin_cpu_supports("avx512bf16"); }

// The same for bfloat16, two channels at a time: w is (depth / 2, Vectors * kWidth, 2), depth even.
template <int Vectors>
__attribute__((target("avx512f,avx512bw,avx512vl,avx512bf16"))) void multiply_tile(
    const uint16_t *a, const uint16_t *w, int depth, float *const *sums) {
    __m512 sum[kRows][Vectors];
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 2
        for (int v = 0; v < Vectors; ++v) sum[r][v] = _mm512_loadu_ps(sums[r] + v * kWidth);
    for (int c = 0; c < depth; c += 2, w += 2 * Vectors * kWidth) {
        __m512bh row[Vectors];
#pragma GCC unroll 2
        for (int v = 0; v < Vectors; ++v)
            row[v] = (__m512bh)_mm512_loadu_si512(w + 2 * v * kWidth);
#pragma GCC unroll 16
        for (int r = 0; r < kRows; ++r) {
            int32_t two;
            std::memcpy(&two, a + r * kDepth + c, sizeof two);
            const __m512bh both = (__m512bh)_mm512_set1_epi32(two);
#pragma GCC unroll 2
            for (int v = 0; v < Vectors; ++v)
                sum[r][v] = _mm512_dpbf16_ps(sum[r][v], row[v], both);
        }
    }
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 2
        for (int v = 0; v < Vectors; ++v) _mm512_storeu_ps(sums[r] + v * kWidth, sum[r][v]);
}
#else
inline bool has_dot() { return false; }
template <int Vectors>
void multiply_tile(const uint16_t *, const uint16_t *, int, float *const *) {}
#endif

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
