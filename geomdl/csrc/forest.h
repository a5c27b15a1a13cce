// One KD-tree per item of a packed batch, and the answers to many queries in a cache-friendly order.
#pragma once

#include "kernel.h"
#include "nearest.h"

namespace geomdl {

typedef std::pair<int64_t, int64_t> Range;

// Items of a packed batch; one item when there are no offsets.
inline std::vector<Range> items(const Maybe<int64_t, 1> &offsets, int64_t count) {
    if (!offsets) return {{0, count}};
    std::vector<Range> out;
    for (size_t b = 0; b + 1 < offsets->shape(0); ++b)
        out.push_back({offsets->data()[b], offsets->data()[b + 1]});
    return out;
}

// Waking other threads costs more than a few points.
inline int worthwhile(int64_t count, int threads) { return count < 1024 ? 1 : threads; }

template <typename T, int D>
using Forest = std::vector<Tree<T, D>>;

// Leaves hold leaf(item) points at most.
template <typename T, int D, typename Leaf>
Forest<T, D> forest(const T *points, const std::vector<Range> &ranges, int dim, Leaf leaf,
                    int threads) {
    Forest<T, D> trees(ranges.size());
    const int64_t total = ranges.empty() ? 0 : ranges.back().second;
#pragma omp parallel num_threads(worthwhile(total, threads))
#pragma omp single
    for (size_t b = 0; b < ranges.size(); ++b) {
#pragma omp task firstprivate(b)
        {
            const auto [first, last] = ranges[b];
            trees[b] = Tree<T, D>(points, first, last - first, dim, leaf(b));
        }
    }
    return trees;
}

// The k nearest of every point of `orders` among those of `trees`, item by item; row q of `out` is
// that of query q.
template <typename List, typename T, int D>
void answer(const Forest<T, D> &trees, const Forest<T, D> &orders, int64_t k, T reach,
            int64_t *out, int threads) {
    constexpr int64_t BLOCK = 256;
    std::vector<Range> blocks;  // item, first query in its order
    for (size_t b = 0; b < orders.size(); ++b)
        for (int64_t i = 0; i < orders[b].count; i += BLOCK) blocks.push_back({b, i});
#pragma omp parallel for num_threads(worthwhile(BLOCK * int64_t(blocks.size()), threads)) schedule(dynamic)
    for (size_t block = 0; block < blocks.size(); ++block) {
        const auto [item, first] = blocks[block];
        const auto &order = orders[item];
        const int64_t last = std::min(first + BLOCK, order.count);
        Walk<List, T, D> walk(trees[item], k, reach);
        for (int64_t lane = first; lane < last; ++lane) {
            order.point(lane, walk.q.data());
            walk.find(out + order.index[lane] * k);
        }
    }
}

}  // namespace geomdl
