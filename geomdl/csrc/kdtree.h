// A balanced KD-tree over one item of a batch. Leaves hold the points axis by axis in chunks of 16
// lanes, so that a leaf's distances are a few vector operations; boxes are tight.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <vector>

namespace geomdl {

constexpr int LANES = 16;

template <typename T>
struct Vec {
    typedef T type __attribute__((vector_size(LANES * sizeof(T))));
    typedef T loose __attribute__((vector_size(LANES * sizeof(T)), aligned(4), may_alias));
};

// 16 values that lie anywhere.
template <typename T>
const typename Vec<T>::loose &load(const T *from) {
    return *reinterpret_cast<const typename Vec<T>::loose *>(from);
}

// Uninitialised memory on cache lines.
struct Free {
    void operator()(void *p) const { ::operator delete[](p, std::align_val_t(64)); }
};
template <typename T>
using Block = std::unique_ptr<T[], Free>;
template <typename T>
Block<T> block(int64_t count) {
    return Block<T>(static_cast<T *>(::operator new[](count * sizeof(T), std::align_val_t(64))));
}

typedef int8_t Bytes __attribute__((vector_size(LANES)));

// A point while the tree is built: coordinates inside for small D, looked up for D = 0 (any).
template <typename T, int D>
struct Entry {
    T x[D];
    int32_t index;
    T at(int axis, const T *, int) const { return x[axis]; }
};
template <typename T>
struct Entry<T, 0> {
    int32_t index;
    T at(int axis, const T *points, int dim) const { return points[int64_t(index) * dim + axis]; }
};

// Nodes are in preorder: a node over leaves [a, b) has its left child at +1 and its right child at
// +2 * (middle - a), with middle = (a + b) / 2; no links are stored.
template <typename T, int D>
struct Tree {
    const T *points = nullptr;
    int dim = 0;
    int64_t count = 0, leaf = LANES, leaves = 0;
    std::vector<Entry<T, D>> order;  // points in leaf order
    Block<T> lanes;          // [chunk][axis][LANES], padded with infinity
    Block<int32_t> index;    // [chunk][LANES], padded with -1
    Block<T> boxes;          // [node][low, high][axis]
    Block<int32_t> least;    // [node] smallest index below

    int axes() const { return D > 0 ? D : dim; }
    const T *box(int64_t node) const { return boxes.get() + node * 2 * axes(); }

    // Points first .. first + n of a packed (N, dim) array; indices stay packed.
    void prepare(const T *all, int64_t first, int64_t n, int dimension, int64_t leaf_size) {
        points = all;
        dim = dimension;
        count = n;
        leaf = std::max<int64_t>(LANES, (leaf_size + LANES - 1) / LANES * LANES);
        leaves = (n + leaf - 1) / leaf;
        const int64_t padded = leaves * leaf, nodes = std::max<int64_t>(2 * leaves - 1, 0);
        order.resize(n);
        for (int64_t i = 0; i < n; ++i) {
            order[i].index = int32_t(first + i);
            if constexpr (D > 0)
                for (int a = 0; a < D; ++a) order[i].x[a] = all[(first + i) * D + a];
        }
        lanes = block<T>(padded * axes());
        index = block<int32_t>(padded);
        boxes = block<T>(nodes * 2 * axes());
        least = block<int32_t>(nodes);
    }

    // Call inside a parallel region's single block: large subtrees become tasks.
    void build() {
        if (leaves > 0) build(0, 0, leaves);
    }

  private:
    void build(int64_t node, int64_t a, int64_t b) {
        const int64_t begin = a * leaf, end = std::min(b * leaf, count);
        bound(node, begin, end);
        if (b - a == 1) return fill(begin, end);
        const int axis = widest(node);
        const int64_t middle = (a + b) / 2;
        const T *p = points;
        const int m = dim;
        std::nth_element(order.begin() + begin, order.begin() + middle * leaf,
                         order.begin() + end, [=](const auto &s, const auto &t) {
                             const T u = s.at(axis, p, m), v = t.at(axis, p, m);
                             return u < v || (u == v && s.index < t.index);
                         });
        if (end - begin > 8192) {
#pragma omp task default(shared) firstprivate(node, a, middle)
            build(node + 1, a, middle);
            build(node + 2 * (middle - a), middle, b);
#pragma omp taskwait
        } else {
            build(node + 1, a, middle);
            build(node + 2 * (middle - a), middle, b);
        }
    }

    void bound(int64_t node, int64_t begin, int64_t end) {
        T *low = boxes.get() + node * 2 * axes(), *high = low + axes();
        for (int d = 0; d < axes(); ++d) low[d] = high[d] = order[begin].at(d, points, dim);
        int32_t smallest = order[begin].index;
        for (int64_t i = begin; i < end; ++i) {
            smallest = std::min(smallest, order[i].index);
            for (int d = 0; d < axes(); ++d) {
                const T x = order[i].at(d, points, dim);
                low[d] = std::min(low[d], x);
                high[d] = std::max(high[d], x);
            }
        }
        least[node] = smallest;
    }

    int widest(int64_t node) const {
        const T *low = box(node), *high = low + axes();
        int best = 0;
        for (int d = 1; d < axes(); ++d)
            if (high[d] / 2 - low[d] / 2 > high[best] / 2 - low[best] / 2) best = d;
        return best;
    }

    void fill(int64_t begin, int64_t end) {
        for (int64_t i = begin; i < begin + leaf; ++i) {
            T *lane = lanes.get() + i / LANES * LANES * axes() + i % LANES;
            index[i] = i < end ? order[i].index : -1;
            for (int d = 0; d < axes(); ++d)
                lane[d * LANES] = i < end ? order[i].at(d, points, dim)
                                          : std::numeric_limits<T>::infinity();
        }
    }
};

}  // namespace geomdl
