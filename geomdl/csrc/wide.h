// Eight lanes of float: one AVX register, two of SSE or NEON. The compiler lowers the vectors.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

#pragma GCC diagnostic ignored "-Wpsabi"

namespace geomdl {

typedef float Float8 __attribute__((vector_size(32)));
typedef int32_t Mask8 __attribute__((vector_size(32)));
typedef double Double8 __attribute__((vector_size(64)));
typedef int8_t Bytes8 __attribute__((vector_size(8)));

#define GEOMDL_INLINE inline __attribute__((always_inline))

GEOMDL_INLINE Float8 splat(float x) { return Float8{x, x, x, x, x, x, x, x}; }

GEOMDL_INLINE Float8 load(const float *p) {
    Float8 x;
    std::memcpy(&x, __builtin_assume_aligned(p, 32), sizeof x);
    return x;
}

GEOMDL_INLINE Float8 lesser(Float8 a, Float8 b) { return a < b ? a : b; }
GEOMDL_INLINE Float8 greater(Float8 a, Float8 b) { return a > b ? a : b; }

GEOMDL_INLINE Float8 root(Float8 x) {
    Float8 y;
    for (int i = 0; i < 8; ++i) y[i] = std::sqrt(x[i]);
    return y;
}

GEOMDL_INLINE float sum(Float8 x) {
    return ((x[0] + x[4]) + (x[2] + x[6])) + ((x[1] + x[5]) + (x[3] + x[7]));
}

// The lanes that hold: bit 8 i of the result stands for lane i.
GEOMDL_INLINE uint64_t lanes(Mask8 mask) {
    const Bytes8 bytes = __builtin_convertvector(mask, Bytes8);
    uint64_t bits;
    std::memcpy(&bits, &bytes, sizeof bits);
    return bits & 0x0101010101010101ull;
}

// Takes the lowest lane out of the result of lanes().
GEOMDL_INLINE int next_lane(uint64_t &bits) {
    const int lane = std::countr_zero(bits) >> 3;
    bits &= bits - 1;
    return lane;
}

// Angle of (x, y) in -pi to pi, to about 2e-7; 0 at the origin.
GEOMDL_INLINE Float8 angle(Float8 y, Float8 x) {
    const Float8 zero = splat(0.0f);
    const Float8 ax = x < zero ? -x : x, ay = y < zero ? -y : y;
    const Float8 top = lesser(ax, ay), bottom = greater(greater(ax, ay), splat(1e-37f));
    const Float8 t = top / bottom, s = t * t;
    Float8 p = splat(-0.00435520f);
    p = p * s + 0.02303938f;
    p = p * s - 0.05777250f;
    p = p * s + 0.09794156f;
    p = p * s - 0.13976552f;
    p = p * s + 0.19962699f;
    p = p * s - 0.33331659f;
    p = p * s * t + t;
    p = ay > ax ? 1.57079633f - p : p;
    p = x < zero ? 3.14159265f - p : p;
    return y < zero ? -p : p;
}

struct Vec8 {
    Float8 x, y, z;
};

GEOMDL_INLINE Vec8 load3(const float (*rows)[8]) {
    return {load(rows[0]), load(rows[1]), load(rows[2])};
}
GEOMDL_INLINE Vec8 operator-(Vec8 a, Vec8 b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
GEOMDL_INLINE Vec8 operator*(Vec8 a, Float8 s) { return {a.x * s, a.y * s, a.z * s}; }
GEOMDL_INLINE Float8 dot(Vec8 a, Vec8 b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
GEOMDL_INLINE Vec8 from(const float *q) { return {splat(q[0]), splat(q[1]), splat(q[2])}; }
GEOMDL_INLINE Vec8 cross(Vec8 a, Vec8 b) {
    return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}

}  // namespace geomdl
