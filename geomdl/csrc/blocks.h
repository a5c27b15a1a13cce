// Blocks of 8^3 voxels named by integer coordinates, the hash table that finds their rows, and the
// pinhole camera through which they are seen.
#pragma once

#include "kernel.h"

namespace geomdl {

constexpr int kSide = 8;
constexpr int kVoxels = kSide * kSide * kSide;

struct Pinhole {
    float fx, fy, cx, cy;
    explicit Pinhole(const float *k) : fx(k[0]), fy(k[4]), cx(k[2]), cy(k[5]) {}
};

// From block coordinates (M, 3) to their row, by open addressing; rows keep the coordinates.
class BlockTable {
  public:
    BlockTable(const int32_t *coordinates, int64_t count) : coordinates_(coordinates) {
        size_t size = 64;
        while (size < 2 * size_t(count)) size *= 2;
        mask_ = size - 1;
        rows_.assign(size, -1);
        for (int64_t row = 0; row < count; ++row) {
            const int32_t *c = coordinates + 3 * row;
            size_t at = hash(c[0], c[1], c[2]);
            while (rows_[at] >= 0 && !same(rows_[at], c[0], c[1], c[2])) at = (at + 1) & mask_;
            if (rows_[at] < 0) rows_[at] = int32_t(row);  // ties to the lower row
        }
    }

    int32_t find(int32_t x, int32_t y, int32_t z) const {
        for (size_t at = hash(x, y, z);; at = (at + 1) & mask_) {
            const int32_t row = rows_[at];
            if (row < 0 || same(row, x, y, z)) return row;
        }
    }

  private:
    size_t hash(int32_t x, int32_t y, int32_t z) const {
        uint64_t h = uint64_t(uint32_t(x)) * 0x9e3779b97f4a7c15ull;
        h += uint64_t(uint32_t(y)) * 0xc2b2ae3d27d4eb4full;
        h += uint64_t(uint32_t(z)) * 0x165667b19e3779f9ull;
        return size_t(h ^ h >> 32) & mask_;
    }

    bool same(int32_t row, int32_t x, int32_t y, int32_t z) const {
        const int32_t *c = coordinates_ + 3 * int64_t(row);
        return c[0] == x && c[1] == y && c[2] == z;
    }

    const int32_t *coordinates_;
    std::vector<int32_t> rows_;
    size_t mask_;
};

// Block coordinates as one sortable number: x, then y, then z, 21 bits each.
inline int64_t block_key(int64_t x, int64_t y, int64_t z) {
    return ((x + (1 << 20)) << 42) | ((y + (1 << 20)) << 21) | (z + (1 << 20));
}

inline void block_of_key(int64_t key, int32_t *out) {
    for (int axis = 0; axis < 3; ++axis)
        out[axis] = int32_t((key >> (42 - 21 * axis)) & 0x1fffff) - (1 << 20);
}

}  // namespace geomdl
