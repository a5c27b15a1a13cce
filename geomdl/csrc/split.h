// Which half of a set of points is lower along an axis, without branches that depend on the data:
// pivots from a sample, one pass that writes low, middle and high parts, the same again for the
// middle, and ranks by counting for the last few.
#pragma once

#include <algorithm>

#include "lanes.h"

namespace geomdl {

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

constexpr int64_t FEW = 64, SAMPLE = 128;

// rank[i] = how many of x[0 .. n) come before x[i], ties by position; n <= SAMPLE.
template <typename T>
void ranks(const T *x, int n, T *rank) {
    typedef typename Vec<T>::type Lane;
    static constexpr T BEFORE[2 * LANES] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                                            1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    for (int i = 0; i < n; i += LANES) {
        const Lane mine = load(x + i);
        auto before = mine < mine;
        for (int j = 0; j < i; ++j) before += mine >= x[j];
        const int end = std::min(i + LANES, n);
        for (int j = i; j < end; ++j) {
            const auto later = load(BEFORE + LANES - 1 - (j - i)) > 0;  // lanes after j
            before += (mine > x[j]) | ((mine == x[j]) & later);
        }
        for (int j = end; j < n; ++j) before += mine > x[j];
        const Lane count = __builtin_convertvector(-before, Lane);
        std::memcpy(rank + i, &count, sizeof count);
    }
}

template <typename T, int D>
struct Splitter {
    typedef Entry<T, D> E;
    const T *points;
    int dim;

    T value(const E &e, int axis) const { return e.at(axis, points, dim); }

    // A stratified sample of n entries; a hash moves each within its stratum.
    static void sample(int64_t n, int64_t size, int64_t *at) {
        const uint64_t stride = (uint64_t(n) << 16) / size;
        for (int64_t j = 0; j < size; ++j) {
            const uint64_t hash = uint64_t(j + n) * 0x9e3779b97f4a7c15ull >> 48;
            at[j] = (j * stride + (stride * hash >> 16)) >> 16;
        }
    }

    // The axis of the largest extent, by a sample.
    int widest(const E *from, int64_t n) const {
        const int axes = D > 0 ? D : dim;
        const int64_t size = std::min(n, FEW);
        int64_t at[FEW];
        sample(n, size, at);
        int best = 0;
        T extent = -1;
        for (int a = 0; a < axes; ++a) {
            T low = value(from[0], a), high = low;
            for (int64_t j = 0; j < size; ++j) {
                const T x = value(from[at[j]], a);
                low = std::min(low, x);
                high = std::max(high, x);
            }
            if (high / 2 - low / 2 > extent) {
                extent = high / 2 - low / 2;
                best = a;
            }
        }
        return best;
    }

    // Write `from` to `to` so that the `target` lowest come first; `spare` holds n entries too.
    void split(const E *from, E *to, E *spare, int64_t n, int64_t target, int axis) const {
        alignas(64) T x[SAMPLE] = {}, rank[SAMPLE];
        if (n <= FEW) {
            for (int64_t i = 0; i < n; ++i) x[i] = value(from[i], axis);
            ranks(x, int(n), rank);
            int64_t low = 0, high = target;
            for (int64_t i = 0; i < n; ++i) {
                const bool first = rank[i] < target;
                to[first ? low : high] = from[i];
                low += first;
                high += !first;
            }
            return;
        }
        const int64_t size = n < 2048 ? FEW : SAMPLE, margin = n < 2048 ? 8 : 11;
        int64_t at[SAMPLE];
        sample(n, size, at);
        for (int64_t j = 0; j < size; ++j) x[j] = value(from[at[j]], axis);
        ranks(x, int(size), rank);
        const int64_t middle = target * size / n;
        const T first = T(std::max<int64_t>(middle - margin, 0));
        const T last = T(std::min<int64_t>(middle + margin, size - 1));
        T p = x[0], q = x[0];
        for (int64_t j = 0; j < size; ++j) {
            p = rank[j] == first ? x[j] : p;
            q = rank[j] == last ? x[j] : q;
        }
        int64_t low = 0, mid = 0, high = n - 1;
        for (int64_t i = 0; i < n; ++i) {
            const E e = from[i];
            const T v = value(e, axis);
            to[low] = to[high] = spare[mid] = e;
            const bool below = v < p, above = v > q;
            low += below;
            high -= above;
            mid += !(below | above);
        }
        if (low <= target && target <= low + mid && 2 * mid <= n)
            return split(spare, to + low, spare + mid, mid, target - low, axis);
        std::copy(spare, spare + mid, to + low);
        std::nth_element(to, to + target, to + n, [&](const E &s, const E &t) {
            const T u = value(s, axis), v = value(t, axis);
            return u < v || (u == v && s.index < t.index);
        });
    }
};

}  // namespace geomdl
