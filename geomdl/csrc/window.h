// The neighbourhood that a kernel reads, over blocks of cells.
#pragma once

#include "cells.h"

namespace geomdl {

using Ints = std::vector<int64_t>;

// For every place of a cell in its block and entry of the kernel: which neighbouring block the
// entry falls into, and where there. Neighbours are those that any place reaches.
template <int Dims>
class Window {
    using C = Cells<Dims>;

   public:
    struct Entry {
        int32_t neighbor, bit;
    };

    Window(const Ints &kernel, const Ints &dilation, const Ints &start) {
        int64_t entries = 1;
        for (int64_t k : kernel) entries *= k;
        entries_ = entries;
        table_.resize(C::kCount * entries);
        std::vector<int64_t> reach[Dims];  // steps in blocks, ascending
        for (int a = 0; a < Dims; ++a) {
            for (int64_t k = 0; k < kernel[a]; ++k)
                for (int64_t low = 0; low < C::kSide; ++low)
                    reach[a].push_back((low + start[a] + k * dilation[a]) >> C::kBits);
            std::sort(reach[a].begin(), reach[a].end());
            reach[a].erase(std::unique(reach[a].begin(), reach[a].end()), reach[a].end());
        }
        for (int place = 0; place < C::kCount; ++place) {
            int32_t low[Dims];
            C::cell(uint64_t(place), low);
            for (int64_t k = 0; k < entries; ++k) {
                int64_t left = k, neighbor = 0, scale = 1, inside[Dims];
                for (int a = Dims - 1; a >= 0; --a) {
                    const int64_t at = low[a] + start[a] + left % kernel[a] * dilation[a];
                    left /= kernel[a];
                    const auto step = std::lower_bound(reach[a].begin(), reach[a].end(),
                                                       at >> C::kBits) - reach[a].begin();
                    neighbor += step * scale;
                    scale *= int64_t(reach[a].size());
                    inside[a] = at & (C::kSide - 1);
                }
                table_[place * entries + k] = {int32_t(neighbor), int32_t(C::key(inside))};
            }
        }
        int64_t count = 1;
        for (int a = 0; a < Dims; ++a) count *= int64_t(reach[a].size());
        steps_.resize(count * Dims);
        for (int64_t n = 0; n < count; ++n) {
            int64_t left = n;
            for (int a = Dims - 1; a >= 0; --a) {
                steps_[n * Dims + a] = reach[a][left % reach[a].size()];
                left /= int64_t(reach[a].size());
            }
        }
    }

    int64_t entries() const { return entries_; }
    int64_t neighbors() const { return int64_t(steps_.size()) / Dims; }
    const Entry *at(int place) const { return table_.data() + place * entries_; }
    const int64_t *step(int64_t neighbor) const { return steps_.data() + neighbor * Dims; }

   private:
    int64_t entries_;
    std::vector<Entry> table_;
    std::vector<int64_t> steps_;
};

// Rows of the cells around one cell after the other; blocks are looked up when first needed.
template <int Dims>
class Walk {
    using C = Cells<Dims>;

   public:
    Walk(const Window<Dims> &window, const Blocks &blocks)
        : window_(window), blocks_(blocks), seen_(window.neighbors()) {}

    void rows(const int64_t *cell, int32_t item, int32_t *to) {
        int64_t home[Dims], inside[Dims];
        bool same = item == item_;
        for (int a = 0; a < Dims; ++a) {
            home[a] = cell[a] >> C::kBits;
            inside[a] = cell[a] & (C::kSide - 1);
            same = same && home[a] == home_[a];
        }
        if (!same) {
            ++stamp_;
            item_ = item;
            std::copy(home, home + Dims, home_);
        }
        const typename Window<Dims>::Entry *entry = window_.at(int(C::key(inside)));
        const int64_t entries = window_.entries();
        for (int64_t k = 0; k < entries; ++k) {
            Seen &seen = seen_[entry[k].neighbor];
            if (seen.stamp != stamp_) look(entry[k].neighbor, seen);
            to[k] = seen.block.row(entry[k].bit);
        }
    }

   private:
    struct Seen {
        Block64 block{0, 0, 0, 0};
        uint64_t stamp = 0;
    };

    void look(int64_t neighbor, Seen &seen) {
        int64_t at[Dims];
        bool there = true;
        for (int a = 0; a < Dims; ++a) {
            at[a] = home_[a] + window_.step(neighbor)[a];
            there = there && at[a] >= 0 && at[a] >> (C::kCoordinate - C::kBits) == 0;
        }
        const int64_t found = there ? blocks_.find(C::key(at), item_) : -1;
        seen.stamp = stamp_;
        seen.block = found >= 0 ? blocks_[found] : Block64{0, 0, 0, 0};
    }

    const Window<Dims> &window_;
    const Blocks &blocks_;
    std::vector<Seen> seen_;
    uint64_t stamp_ = 0;
    int32_t item_ = -1;
    int64_t home_[Dims] = {};
};

}  // namespace geomdl
