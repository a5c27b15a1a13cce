// Morton codes: the bits of up to four coordinates, interleaved.
#pragma once

#include <cstdint>

namespace geomdl {

// The low bits of x, each followed by Dims - 1 zeros.
template <int Dims>
uint64_t spread(uint64_t x) {
    if constexpr (Dims == 1) return x;
    if constexpr (Dims == 2) {
        x &= 0x7fffffff;
        x = (x | x << 16) & 0x0000ffff0000ffffull;
        x = (x | x << 8) & 0x00ff00ff00ff00ffull;
        x = (x | x << 4) & 0x0f0f0f0f0f0f0f0full;
        x = (x | x << 2) & 0x3333333333333333ull;
        return (x | x << 1) & 0x5555555555555555ull;
    }
    if constexpr (Dims == 3) {
        x &= 0x1fffff;
        x = (x | x << 32) & 0x1f00000000ffffull;
        x = (x | x << 16) & 0x1f0000ff0000ffull;
        x = (x | x << 8) & 0x100f00f00f00f00full;
        x = (x | x << 4) & 0x10c30c30c30c30c3ull;
        return (x | x << 2) & 0x1249249249249249ull;
    }
    x &= 0x7fff;
    x = (x | x << 24) & 0x000000ff000000ffull;
    x = (x | x << 12) & 0x000f000f000f000full;
    x = (x | x << 6) & 0x0303030303030303ull;
    return (x | x << 3) & 0x1111111111111111ull;
}

template <int Dims>
uint64_t gather(uint64_t x) {
    if constexpr (Dims == 1) return x;
    if constexpr (Dims == 2) {
        x &= 0x5555555555555555ull;
        x = (x | x >> 1) & 0x3333333333333333ull;
        x = (x | x >> 2) & 0x0f0f0f0f0f0f0f0full;
        x = (x | x >> 4) & 0x00ff00ff00ff00ffull;
        x = (x | x >> 8) & 0x0000ffff0000ffffull;
        return (x | x >> 16) & 0x7fffffff;
    }
    if constexpr (Dims == 3) {
        x &= 0x1249249249249249ull;
        x = (x | x >> 2) & 0x10c30c30c30c30c3ull;
        x = (x | x >> 4) & 0x100f00f00f00f00full;
        x = (x | x >> 8) & 0x1f0000ff0000ffull;
        x = (x | x >> 16) & 0x1f00000000ffffull;
        return (x | x >> 32) & 0x1fffff;
    }
    x &= 0x1111111111111111ull;
    x = (x | x >> 3) & 0x0303030303030303ull;
    x = (x | x >> 6) & 0x000f000f000f000full;
    x = (x | x >> 12) & 0x000000ff000000ffull;
    return (x | x >> 24) & 0x7fff;
}

}  // namespace geomdl
