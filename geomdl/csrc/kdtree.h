// A KD-tree over one item of a batch, kept as a flat tree of 16 children per node: leaves hold the
// points axis by axis in chunks of 16 lanes, and every set of 16 boxes lies axis by axis as well,
// so that a few vector operations measure 16 points or 16 boxes. Boxes are tight.
#pragma once

#include <limits>
#include <vector>

#include "split.h"

namespace geomdl {

// Boxes of what lies one level below, 16 to a set.
template <typename T>
struct Level {
    int64_t count = 0;
    Block<T> boxes;        // [set][low, high][axis][LANES]
    Block<int32_t> least;  // [set][LANES]: smallest index inside
};

constexpr int64_t ROOT = 4 * LANES;

template <typename T, int D>
struct Tree {
    typedef typename Vec<T>::type Lane;
    const T *points = nullptr;
    int dim = 0;
    int64_t count = 0, leaf = LANES, leaves = 0;
    Block<T> lanes;                // [chunk][axis][LANES], padded with infinity
    Block<int32_t> index;          // [chunk][LANES], padded with -1
    std::vector<Level<T>> levels;  // of the leaves first; the last has ROOT boxes at most

    int axes() const { return D > 0 ? D : dim; }

    // Points first .. first + n of a packed (N, dim) array; indices stay packed. Inside a
    // parallel region's single block, large parts become tasks.
    Tree(const T *all, int64_t first, int64_t n, int dimension, int64_t leaf_size)
        : points(all), dim(dimension), count(n) {
        leaf = std::max<int64_t>(LANES, (leaf_size + LANES - 1) / LANES * LANES);
        leaves = (n + leaf - 1) / leaf;
        if (n == 0) return;
        lanes = block<T>(leaves * leaf * axes());
        index = block<int32_t>(leaves * leaf);
        grow(leaves);
        Block<E> from = block<E>(n), to = block<E>(n), spare = block<E>(n);
        for (int64_t i = 0; i < n; ++i) {
            from[i].index = int32_t(first + i);
            if constexpr (D > 0)
                for (int a = 0; a < D; ++a) from[i].x[a] = all[(first + i) * D + a];
        }
        part(from.get(), to.get(), spare.get(), 0, leaves);
        while (levels.back().count > 4 * LANES) enclose();
    }
    Tree() = default;

    // Squared distances from q to 16 boxes. They round as distances to points do, so none is more
    // than that of any point inside.
    void measure(const Level<T> &level, int64_t set, const T *q, Lane &out) const {
        const int n = axes();
        const T *low = level.boxes.get() + set * 2 * n * LANES, *high = low + n * LANES;
        Lane sum{};
        for (int d = 0; d < n; ++d) {
            const Lane under = load(low + d * LANES) - q[d], over = q[d] - load(high + d * LANES);
            const Lane side = under > over ? under : over;
            const Lane outside = side > 0 ? side : Lane{};
            sum = sum + outside * outside;
        }
        out = sum;
    }

    // Squared distances from q to 16 points.
    void measure(int64_t chunk, const T *q, Lane &out) const {
        const int n = axes();
        const T *x = lanes.get() + chunk * n * LANES;
        Lane sum{};
        for (int d = 0; d < n; ++d) {
            const Lane delta = q[d] - load(x + d * LANES);
            sum = sum + delta * delta;
        }
        out = sum;
    }

    void point(int64_t lane, T *q) const {
        for (int d = 0; d < axes(); ++d)
            q[d] = lanes[(lane / LANES * axes() + d) * LANES + lane % LANES];
    }

  private:
    typedef Entry<T, D> E;

    void grow(int64_t n) {
        Level<T> level;
        const int64_t padded = (n + LANES - 1) / LANES * LANES;
        level.count = n;
        level.boxes = block<T>(padded * 2 * axes());
        level.least = block<int32_t>(padded);
        std::fill_n(level.boxes.get(), padded * 2 * axes(), std::numeric_limits<T>::infinity());
        std::fill_n(level.least.get(), padded, std::numeric_limits<int32_t>::max());
        levels.push_back(std::move(level));
    }

    // Order the entries of leaves [a, b); sets of 16 and 256 leaves are whole cells.
    void part(E *from, E *to, E *spare, int64_t a, int64_t b) {
        const int64_t begin = a * leaf, n = std::min(b * leaf, count) - begin;
        if (b - a == 1) return fill(from, a, n);
        const int64_t whole = b - a > 256 ? 256 : b - a > 16 ? 16 : 1;
        const int64_t middle = std::max((a + b + whole) / 2 / whole * whole, a + whole);
        const int64_t target = (std::min(middle, b - 1) - a) * leaf, cut = a + target / leaf;
        const Splitter<T, D> splitter{points, dim};
        splitter.split(from, to, spare, n, target, splitter.widest(from, n));
        if (n > 8192) {
#pragma omp task default(shared) firstprivate(from, to, spare, a, cut)
            part(to, from, spare, a, cut);
            part(to + target, from + target, spare + target, cut, b);
#pragma omp taskwait
        } else {
            part(to, from, spare, a, cut);
            part(to + target, from + target, spare + target, cut, b);
        }
    }

    void fill(const E *from, int64_t a, int64_t n) {
        const int m = axes();
        Level<T> &level = levels[0];
        T *box = level.boxes.get() + a / LANES * 2 * m * LANES + a % LANES;
        for (int64_t i = 0; i < leaf; ++i) index[a * leaf + i] = i < n ? from[i].index : -1;
        level.least[a] = *std::min_element(index.get() + a * leaf, index.get() + a * leaf + n);
        for (int d = 0; d < m; ++d) {
            T low = from[0].at(d, points, dim), high = low;
            for (int64_t i = 0; i < leaf; ++i) {
                const T x = from[std::min(i, n - 1)].at(d, points, dim);
                low = std::min(low, x);
                high = std::max(high, x);
                lanes[((a * leaf + i) / LANES * m + d) * LANES + i % LANES] =
                    i < n ? x : std::numeric_limits<T>::infinity();
            }
            box[d * LANES] = low;
            box[(m + d) * LANES] = high;
        }
    }

    // One more level over the sets of the last.
    void enclose() {
        grow((levels.back().count + LANES - 1) / LANES);
        const Level<T> &below = levels[levels.size() - 2];
        Level<T> &level = levels.back();
        const int m = 2 * axes();
        for (int64_t set = 0; set < level.count; ++set) {
            const int64_t used = std::min<int64_t>(LANES, below.count - set * LANES);
            const int32_t *least = below.least.get() + set * LANES;
            level.least[set] = *std::min_element(least, least + used);
            for (int s = 0; s < m; ++s) {
                const T *in = below.boxes.get() + (set * m + s) * LANES;
                level.boxes[(set / LANES * m + s) * LANES + set % LANES] =
                    s < axes() ? *std::min_element(in, in + used) : *std::max_element(in, in + used);
            }
        }
    }
};

}  // namespace geomdl
