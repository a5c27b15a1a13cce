// The nearest so far of one query, and the search that fills it. A candidate is one integer key:
// the bits of its squared distance above its index, so that order and ties are one comparison.
#pragma once

#include <cmath>

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
    explicit Pool(int64_t k) : k(k) { pool.reserve(3 * k + 32); }
    void reset(T reach) {
        pool.clear();
        worst = limit = Keys<T>::make(reach, -1);
    }
    Key bound() const { return worst; }
    void add(Key key) {
        if (key < worst) pool.push_back(key);
    }
    void settle() {
        if (int64_t(pool.size()) >= (worst == limit ? k : 2 * k + 16)) cut();
    }
    bool full() {
        if (int64_t(pool.size()) < k) return false;
        cut();
        return true;
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
    explicit Sorted(int64_t k) : k(k) {}
    void reset(float reach) {
        for (auto &block : list) block = Eight{} + nothing<float>();
        worst = limit = Keys<float>::make(reach, -1);
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
    int64_t operator[](int64_t i) const { return list[i / 8][i % 8]; }
    void settle() { worst = std::min(limit, (*this)[k - 1]); }
    bool full() const { return worst < limit; }
    void write(int64_t *out) {
        for (int64_t i = 0; i < k; ++i)
            out[i] = list[i / 8][i % 8] <= limit ? Keys<float>::index(list[i / 8][i % 8]) : -1;
    }
};

// The single nearest float.
class Nearest {
    int64_t limit, worst;

  public:
    explicit Nearest(int64_t) {}
    void reset(float reach) { worst = limit = Keys<float>::make(reach, -1); }
    int64_t bound() const { return worst; }
    void add(int64_t key) { worst = std::min(worst, key); }
    void settle() {}
    bool full() const { return worst < limit; }
    void write(int64_t *out) { *out = Keys<float>::index(worst); }
};

// Boxes to visit, nearest first.
template <typename T>
class Queue {
    typename Keys<T>::type keys[LANES + 1];
    int size = 0;

  public:
    void add(typename Keys<T>::type key) {
        int i = size++;
        for (; i > 0 && keys[i - 1] > key; --i) keys[i] = keys[i - 1];
        keys[i] = key;
    }
    typename Keys<T>::type operator[](int i) const { return i < size ? keys[i] : nothing<T>(); }
};
template <>
class Queue<float> : public Sorted<2> {
  public:
    Queue() : Sorted<2>(LANES) { reset(0); }
};

// Fills a list with what is nearest to q.
template <typename T, int D, typename List>
struct Search {
    typedef typename Vec<T>::type Lane;
    typedef typename Keys<T>::type Key;
    const Tree<T, D> &tree;
    const T *q;
    List &list;

    void run() {
        if (tree.count == 0) return;
        const int top = int(tree.levels.size()) - 1;
        for (int64_t set = 0; set * LANES < tree.levels[top].count; ++set) visit(top, set);
    }

    void visit(int level, int64_t set) {
        const Level<T> &here = tree.levels[level];
        Lane distance;
        tree.measure(here, set, q, distance);
        const Hits hits(distance <= Lane{} + Keys<T>::distance(list.bound()));
        T lane[LANES];
        std::memcpy(lane, &distance, sizeof lane);
        Queue<T> queue;
        const int64_t used = here.count - set * LANES;
        hits.each([&](int i) {
            if (i < used) queue.add(Keys<T>::make(lane[i], i));
        });
        for (int i = 0; i < std::min<int64_t>(LANES, used); ++i) {
            const Key key = queue[i];
            const bool near = Keys<T>::distance(key) <= Keys<T>::distance(list.bound());
            if (!near || Keys<T>::index(key) < 0) break;
            const int64_t child = set * LANES + Keys<T>::index(key);
            const Key first = Keys<T>::make(Keys<T>::distance(key), here.least[child]);
            if (first > list.bound()) continue;
            if (level > 0)
                visit(level - 1, child);
            else
                scan(child);
        }
    }

    void scan(int64_t leaf) {
        const int64_t chunks = tree.leaf / LANES;
        for (int64_t c = leaf * chunks; c < (leaf + 1) * chunks; ++c) {
            Lane distance;
            tree.measure(c, q, distance);
            const Hits hits(distance <= Lane{} + Keys<T>::distance(list.bound()));
            if (!hits.any()) continue;
            T lane[LANES];
            std::memcpy(lane, &distance, sizeof lane);
            hits.each([&](int i) { list.add(Keys<T>::make(lane[i], tree.index[c * LANES + i])); });
            list.settle();
        }
    }
};

// The k nearest of points in turn. Where the last one found k, the next needs to look no farther
// than that and the way between them; if rounding makes this too short, it looks again.
template <typename List, typename T, int D>
struct Walk {
    const Tree<T, D> &tree;
    int64_t k;
    T reach;
    List list;
    std::vector<T> q, last;
    bool led = false;

    Walk(const Tree<T, D> &tree, int64_t k, T reach)
        : tree(tree), k(k), reach(reach), list(k), q(tree.axes()), last(tree.axes()) {}

    void find(int64_t *out) {
        T near = reach;
        if (led) {
            T way = 0;
            for (int d = 0; d < tree.axes(); ++d) way += (q[d] - last[d]) * (q[d] - last[d]);
            const T radius = std::sqrt(Keys<T>::distance(list.bound())) + std::sqrt(way);
            near = std::min(reach, radius * radius * T(1.00001) + std::numeric_limits<T>::min());
        }
        list.reset(near);
        Search<T, D, List>{tree, q.data(), list}.run();
        led = list.full();
        if (!led && near < reach) {
            list.reset(reach);
            Search<T, D, List>{tree, q.data(), list}.run();
            led = list.full();
        }
        last = q;
        list.write(out);
    }
};

}  // namespace geomdl
