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

template <typename T, int D>
using Forest = std::vector<Tree<T, D>>;

// Leaves hold leaf(item) points at most.
template <typename T, int D, typename Leaf>
Forest<T, D> forest(const T *points, const std::vector<Range> &ranges, int dim, Leaf leaf,
                    int threads) {
    Forest<T, D> trees(ranges.size());
#pragma omp parallel num_threads(threads)
#pragma omp single
    for (size_t b = 0; b < ranges.size(); ++b) {
#pragma omp task firstprivate(b)
        {
            const auto [first, last] = ranges[b];
            trees[b].prepare(points, first, last - first, dim, leaf(b));
            trees[b].build();
        }
    }
    return trees;
}

// The k nearest of every point of `orders` among those of `trees`, item by item; row q of `out` is
// that of query q.
template <typename List, typename T, int D>
void answer(const Forest<T, D> &trees, const Forest<T, D> &orders, const T *queries, int dim,
            int64_t k, T reach, int64_t *out, int threads) {
    constexpr int64_t BLOCK = 256;
    std::vector<Range> blocks;  // item, first query in its order
    for (size_t b = 0; b < orders.size(); ++b)
        for (int64_t i = 0; i < orders[b].count; i += BLOCK) blocks.push_back({b, i});
#pragma omp parallel num_threads(threads)
    {
        List list(k, reach);
#pragma omp for schedule(dynamic)
        for (size_t block = 0; block < blocks.size(); ++block) {
            const auto [item, first] = blocks[block];
            const auto &order = orders[item].order;
            const int64_t last = std::min(first + BLOCK, orders[item].count);
            for (int64_t i = first; i < last; ++i) {
                const int64_t query = order[i].index;
                search<T, D>(trees[item], queries + query * dim, list);
                list.write(out + query * k);
            }
        }
    }
}

}  // namespace geomdl
