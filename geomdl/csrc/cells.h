// Sets of cells as blocks of at most 64: a block is a mask, its cells are in Morton order, and the
// row of a cell is the block's first row plus the bits before it.
#pragma once

#include <algorithm>
#include <bit>
#include <vector>

#include "morton.h"

namespace geomdl {

template <int Dims>
struct Cells {
    static constexpr int kBits = Dims == 1 ? 6 : Dims == 2 ? 3 : Dims == 3 ? 2 : 1;  // per axis
    static constexpr int kSide = 1 << kBits, kCount = 1 << (Dims * kBits);
    static constexpr int kCoordinate = Dims <= 2 ? 31 : Dims == 3 ? 21 : 15;

    static uint64_t key(const int64_t *cell) {
        uint64_t key = 0;
        for (int a = 0; a < Dims; ++a) key |= spread<Dims>(uint64_t(cell[a])) << a;
        return key;
    }
    static void cell(uint64_t key, int32_t *to) {
        for (int a = 0; a < Dims; ++a) to[a] = int32_t(gather<Dims>(key >> a));
    }
};

struct Block64 {
    uint64_t key, mask;
    int32_t item, first;
    // Without a branch, since it could not be foretold.
    int32_t row(int bit) const {
        const int32_t there = -int32_t(mask >> bit & 1);
        const uint64_t below = mask & ((1ull << bit) - 1);
        return ((first + 1 + std::popcount(below)) & there) - 1;
    }
};

// Blocks found by key and item: open addressing over indices.
class Blocks {
   public:
    // The block, or -1.
    int64_t find(uint64_t key, int32_t item) const {
        if (places_.empty()) return -1;
        for (size_t at = place(key, item);; at = (at + 1) & (places_.size() - 1)) {
            const int32_t index = places_[at];
            if (index < 0) return -1;
            if (blocks_[index].key == key && blocks_[index].item == item) return index;
        }
    }

    // A block that is not there yet.
    int64_t insert(const Block64 &block) {
        blocks_.push_back(block);
        if (2 * blocks_.size() > places_.size()) {
            index();
        } else {
            settle(int32_t(blocks_.size() - 1));
        }
        return int64_t(blocks_.size() - 1);
    }

    int64_t find_or_insert(uint64_t key, int32_t item) {
        const int64_t found = find(key, item);
        return found >= 0 ? found : insert({key, 0, item, 0});
    }

    Block64 &operator[](int64_t index) { return blocks_[index]; }
    const Block64 &operator[](int64_t index) const { return blocks_[index]; }
    int64_t size() const { return int64_t(blocks_.size()); }

    // Sorts by item and key and counts the rows; returns how many there are.
    int64_t number() {
        auto before = [](const Block64 &a, const Block64 &b) {
            return a.item != b.item ? a.item < b.item : a.key < b.key;
        };
        if (!std::is_sorted(blocks_.begin(), blocks_.end(), before)) {
            std::sort(blocks_.begin(), blocks_.end(), before);
            index();
        }
        int64_t row = 0;
        for (Block64 &block : blocks_) {
            block.first = int32_t(row);
            row += std::popcount(block.mask);
        }
        return row;
    }

   private:
    size_t place(uint64_t key, int32_t item) const {
        const uint64_t mixed = (key + uint64_t(item) * 0xd6e8feb86659fd93ull);
        return size_t(mixed * 0x9e3779b97f4a7c15ull >> 32) & (places_.size() - 1);
    }
    void settle(int32_t index) {
        size_t at = place(blocks_[index].key, blocks_[index].item);
        while (places_[at] >= 0) at = (at + 1) & (places_.size() - 1);
        places_[at] = index;
    }
    void index() {
        places_.assign(std::bit_ceil(std::max<size_t>(4 * blocks_.size(), 16)), -1);
        for (size_t i = 0; i < blocks_.size(); ++i) settle(int32_t(i));
    }

    std::vector<Block64> blocks_;
    std::vector<int32_t> places_;
};

}  // namespace geomdl
