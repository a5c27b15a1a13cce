// The nearest so far of one query, and the search that fills it. A candidate is one integer key:
// the bits of its squared distance above its index, so that order and ties are one comparison.
#pragma once

#include "kdtree.h"

namespace geomdl {

template <typename T>
struct Keys;
template <>
struct Keys<float> {
    typedef int64_t type;
    static type make(float d, int32_t i) {
        return int64_t(std::bit_cast<int32_t>(d)) << 32 | uint32_t(i);
    }
    static float distance(type key) { return std::bit_cast<float>(int32_t(key >> 32)); }
    static int32_t index(type key) { return int32_t(key); }
};
template <>
struct Keys<double> {
    typedef __int128 type;
    static type make(double d, int32_t i) {
        return type(std::bit_cast<int64_t>(d)) << 64 | uint32_t(i);
    }
    static double distance(type key) { return std::bit_cast<double>(int64_t(key >> 64)); }
    static int32_t index(type key) { return int32_t(key); }
};

// Keys that are not there: infinitely far, index -1.
template <typename T>
typename Keys<T>::type nothing() {
    return Keys<T>::make(std::numeric_limits<T>::infinity(), -1);
}

// The k nearest by an unsorted pool that is cut back to k when it is full. Any k, any T.
template <typename T>
class Pool {
    typedef typename Keys<T>::type Key;
    std::vector<Key> pool;
    int64_t k;
    Key limit, worst;

  public:
    Pool(int64_t k, T reach) : k(k), limit(Keys<T>::make(reach, -1)) { pool.reserve(3 * k + 32); }
    void reset() {
        pool.clear();
        worst = limit;
    }
    Key bound() const { return worst; }
    void add(Key key) {
        if (key < worst) pool.push_back(key);
    }
    void settle() {
        if (int64_t(pool.size()) >= (worst == limit ? k : 2 * k + 16)) cut();
    }
    void write(int64_t *out) {
        std::sort(pool.begin(), pool.end());
        for (int64_t i = 0; i < k; ++i)
            out[i] = i < int64_t(pool.size()) ? Keys<T>::index(pool[i]) : -1;
    }

  private:
    void cut() {
        std::nth_element(pool.begin(), pool.begin() + k - 1, pool.end());
        pool.resize(k);
        worst = pool[k - 1];
    }
};

// The k <= 8 * BLOCKS nearest floats, always sorted: a candidate enters by one shift, maximum and
// minimum of whole vectors, L[i] = min(L[i], max(L[i-1], x)).
template <int BLOCKS>
class Sorted {
    typedef int64_t Eight __attribute__((vector_size(64)));
    Eight list[BLOCKS];
    int64_t k, limit, worst;

  public:
    Sorted(int64_t k, float reach) : k(k), limit(Keys<float>::make(reach, -1)) {}
    void reset() {
        for (auto &block : list) block = Eight{} + nothing<float>();
        worst = limit;
    }
    int64_t bound() const { return worst; }
    void add(int64_t key) {
        const Eight x = Eight{} + key;
        for (int b = BLOCKS - 1; b >= 0; --b) {
            const Eight before = b ? list[b - 1] : Eight{} - 1;
            const Eight s =
                __builtin_shufflevector(before, list[b], 7, 8, 9, 10, 11, 12, 13, 14);
            const Eight up = s > x ? s : x;
            list[b] = list[b] < up ? list[b] : up;
        }
    }
    void settle() { worst = std::min(limit, list[(k - 1) / 8][(k - 1) % 8]); }
    void write(int64_t *out) {
        for (int64_t i = 0; i < k; ++i)
            out[i] = list[i / 8][i % 8] <= limit ? Keys<float>::index(list[i / 8][i % 8]) : -1;
    }
};

// The single nearest float.
class Nearest {
    int64_t limit, worst;

  public:
    Nearest(int64_t, float reach) : limit(Keys<float>::make(reach, -1)) {}
    void reset() { worst = limit; }
    int64_t bound() const { return worst; }
    void add(int64_t key) { worst = std::min(worst, key); }
    void settle() {}
    void write(int64_t *out) { *out = Keys<float>::index(worst); }
};

// Squared distance from q to the box of a node; rounds as the distance to a point does, so it is
// never more than that of any point inside.
template <typename T, int D>
T box_distance(const T *box, const T *q, int axes) {
    const int n = D > 0 ? D : axes;
    T sum = 0;
    for (int d = 0; d < n; ++d) {
        const T outside = std::max(std::max(box[d] - q[d], q[d] - box[n + d]), T(0));
        sum = sum + outside * outside;
    }
    return sum;
}

template <typename T, int D, typename List>
void scan(const Tree<T, D> &tree, int64_t chunk, const T *q, List &list) {
    typedef typename Vec<T>::type Lane;
    const int n = tree.axes();
    const T *x = tree.lanes.get() + chunk * n * LANES;
    Lane sum{};
    for (int d = 0; d < n; ++d) {
        const Lane delta = q[d] - load(x + d * LANES);
        sum = sum + delta * delta;
    }
    const auto hit = sum <= Lane{} + Keys<T>::distance(list.bound());
    const Bytes bytes = __builtin_convertvector(hit, Bytes);
    uint64_t words[2];
    std::memcpy(words, &bytes, sizeof words);
    if (!(words[0] | words[1])) return;
    T distance[LANES];
    std::memcpy(distance, &sum, sizeof distance);
    for (int w = 0; w < 2; ++w)
        for (uint64_t left = words[w] & 0x0101010101010101ull; left; left &= left - 1) {
            const int i = 8 * w + std::countr_zero(left) / 8;
            list.add(Keys<T>::make(distance[i], tree.index[chunk * LANES + i]));
        }
    list.settle();
}

// Fill `list` with what is nearest to q, near subtrees first.
template <typename T, int D, typename List>
void search(const Tree<T, D> &tree, const T *q, List &list) {
    struct Step {
        typename Keys<T>::type key;
        int32_t node, a, b;
    };
    list.reset();
    if (tree.leaves == 0) return;
    Step stack[64];
    int top = 0;
    stack[top++] = {0, 0, 0, int32_t(tree.leaves)};
    while (top > 0) {
        Step at = stack[--top];
        if (at.key > list.bound()) continue;
        while (at.b - at.a > 1) {
            const int32_t middle = (at.a + at.b) / 2;
            Step left{0, at.node + 1, at.a, middle};
            Step right{0, at.node + 2 * (middle - at.a), middle, at.b};
            left.key = Keys<T>::make(box_distance<T, D>(tree.box(left.node), q, tree.dim),
                                     tree.least[left.node]);
            right.key = Keys<T>::make(box_distance<T, D>(tree.box(right.node), q, tree.dim),
                                      tree.least[right.node]);
            const bool swap = right.key < left.key;
            stack[top] = swap ? left : right;
            top += stack[top].key <= list.bound();
            at = swap ? right : left;
            if (at.key > list.bound()) break;
        }
        if (at.b - at.a > 1 || at.key > list.bound()) continue;
        const int64_t chunks = tree.leaf / LANES;
        for (int64_t c = at.a * chunks; c < at.b * chunks; ++c) scan<T, D>(tree, c, q, list);
    }
}

}  // namespace geomdl
