// Queries along a Morton curve, so that each is near the one before it.
#pragma once

#include <algorithm>
#include <limits>
#include <vector>

#include "wide.h"

namespace geomdl {

inline uint32_t spread_bits(uint32_t x) {  // ten bits to every third place
    x = (x | x << 16) & 0x030000ffu;
    x = (x | x << 8) & 0x0300f00fu;
    x = (x | x << 4) & 0x030c30c3u;
    return (x | x << 2) & 0x09249249u;
}

// Positions of points (count, 3) in the order of their cells in a grid of 1024^3; stable.
inline std::vector<int32_t> morton_order(const float *points, int64_t count, int threads) {
    float lo[3], hi[3];
    for (int k = 0; k < 3; ++k) lo[k] = 3e38f, hi[k] = -3e38f;
    for (int64_t i = 0; i < count; ++i)
        for (int k = 0; k < 3; ++k) {
            lo[k] = std::min(lo[k], points[3 * i + k]);
            hi[k] = std::max(hi[k], points[3 * i + k]);
        }
    float extent = 1e-30f;
    for (int k = 0; k < 3; ++k) extent = std::max(extent, hi[k] - lo[k]);
    const float scale = 1023.0f / extent;
    std::vector<uint64_t> entry(count), other(count);
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t i = 0; i < count; ++i) {
        uint32_t key = 0;
        for (int k = 0; k < 3; ++k) {
            const float at = (points[3 * i + k] - lo[k]) * scale;
            key |= spread_bits(at > 0 ? std::min(1023u, uint32_t(at)) : 0u) << k;
        }
        entry[i] = uint64_t(key) << 32 | uint32_t(i);
    }
    for (int shift = 32; shift < 62; shift += 10) {
        int64_t begin[1025] = {};
        for (uint64_t e : entry) ++begin[(e >> shift & 1023) + 1];
        for (int d = 0; d < 1024; ++d) begin[d + 1] += begin[d];
        for (uint64_t e : entry) other[begin[e >> shift & 1023]++] = e;
        entry.swap(other);
    }
    std::vector<int32_t> order(count);
    for (int64_t i = 0; i < count; ++i) order[i] = int32_t(uint32_t(entry[i]));
    return order;
}

}  // namespace geomdl
