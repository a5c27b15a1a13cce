// Exact farthest point sampling over the leaves of a KD-tree (QuickFPS, Han et al. 2023): a leaf
// is touched only when the new sample may be nearer than its farthest point is now. Leaves are
// tested 16 at a time, and in groups of 16.
#pragma once

#include "kdtree.h"

namespace geomdl {

template <typename V>
auto largest(const V &v) {
    auto best = v[0];
    decltype(best) lane[LANES];
    std::memcpy(lane, &v, sizeof lane);
    for (int step = LANES / 2; step; step /= 2)
        for (int i = 0; i < step; ++i) lane[i] = lane[i] > lane[i + step] ? lane[i] : lane[i + step];
    return lane[0];
}

template <typename T, int D>
class Farthest {
    typedef typename Vec<T>::type Lane;
    const Tree<T, D> &tree;
    int axes;
    int64_t chunks, groups;               // chunks per leaf, groups of 16 leaves
    std::vector<T> leaf_box, group_box;   // [set of 16][low, high][axis][LANES]
    std::vector<T> gap, leaf_far, group_far;

  public:
    explicit Farthest(const Tree<T, D> &tree) : tree(tree), axes(tree.axes()) {
        const T far = std::numeric_limits<T>::infinity();
        chunks = tree.leaf / LANES;
        groups = (tree.leaves + LANES - 1) / LANES;
        const int64_t sets = (groups + LANES - 1) / LANES;
        gap.assign(tree.leaves * tree.leaf, -1);
        leaf_far.assign(groups * LANES, -1);
        group_far.assign(sets * LANES, -1);
        for (int64_t i = 0; i < tree.leaves * tree.leaf; ++i)
            if (tree.index[i] >= 0) gap[i] = far;
        std::fill_n(leaf_far.begin(), tree.leaves, far);
        std::fill_n(group_far.begin(), groups, far);
        leaf_box.assign(groups * LANES * 2 * axes, 0);
        group_box.assign(sets * LANES * 2 * axes, 0);
        gather(0, 0, tree.leaves);
        for (int64_t g = 0; g < groups; ++g) enclose(g);
    }

    // Chosen positions, `count` of them, beginning with `start`.
    void sample(int64_t count, int64_t start, int64_t *out) {
        int64_t lane = std::find(tree.index.get(), tree.index.get() + tree.leaves * tree.leaf,
                                 int32_t(start)) - tree.index.get();
        for (int64_t i = 0; i < count; ++i) {
            out[i] = tree.index[lane];
            if (i + 1 == count) break;
            T q[D > 0 ? D : 1], *at = q;
            std::vector<T> wide;
            if constexpr (D == 0) {
                wide.resize(axes);
                at = wide.data();
            }
            for (int d = 0; d < axes; ++d)
                at[d] = tree.lanes[(lane / LANES * axes + d) * LANES + lane % LANES];
            gap[lane] = -1;
            settle(lane / tree.leaf);
            update(at);
            lane = pick();
        }
    }

  private:
    void gather(int64_t node, int64_t a, int64_t b) {
        if (b - a == 1) {
            for (int s = 0; s < 2 * axes; ++s)
                leaf_box[(a / LANES * 2 * axes + s) * LANES + a % LANES] = tree.box(node)[s];
            return;
        }
        if (b <= a) return;
        const int64_t middle = (a + b) / 2;
        gather(node + 1, a, middle);
        gather(node + 2 * (middle - a), middle, b);
    }

    void enclose(int64_t g) {
        const int64_t used = std::min<int64_t>(LANES, tree.leaves - g * LANES);
        for (int s = 0; s < 2 * axes; ++s) {
            const T *in = leaf_box.data() + (g * 2 * axes + s) * LANES;
            group_box[(g / LANES * 2 * axes + s) * LANES + g % LANES] =
                s < axes ? *std::min_element(in, in + used) : *std::max_element(in, in + used);
        }
    }

    // Which of 16 boxes are nearer to q than their farthest gap, as bytes of 1.
    void nearer(const std::vector<T> &boxes, const std::vector<T> &far, int64_t set, const T *q,
                uint64_t *words) const {
        const T *low = boxes.data() + set * 2 * axes * LANES, *high = low + axes * LANES;
        Lane sum{};
        for (int d = 0; d < axes; ++d) {
            const Lane under = load(low + d * LANES) - q[d], over = q[d] - load(high + d * LANES);
            const Lane out = under > over ? under : over;
            const Lane outside = out > 0 ? out : Lane{};
            sum = sum + outside * outside;
        }
        const Bytes hit = __builtin_convertvector(sum < load(far.data() + set * LANES), Bytes);
        std::memcpy(words, &hit, sizeof hit);
    }

    template <typename Visit>
    static void each(const uint64_t *words, Visit visit) {
        for (int w = 0; w < 2; ++w)
            for (uint64_t left = words[w] & 0x0101010101010101ull; left; left &= left - 1)
                visit(8 * w + std::countr_zero(left) / 8);
    }

    void update(const T *q) {
        uint64_t sets[2], leaves[2];
        for (int64_t set = 0; set * LANES < groups; ++set) {
            nearer(group_box, group_far, set, q, sets);
            each(sets, [&](int64_t i) {
                const int64_t g = set * LANES + i;
                nearer(leaf_box, leaf_far, g, q, leaves);
                each(leaves, [&](int64_t j) { approach(g * LANES + j, q); });
                group_far[g] = largest(load(leaf_far.data() + g * LANES));
            });
        }
    }

    void approach(int64_t leaf, const T *q) {
        Lane far = Lane{} - 1;
        for (int64_t c = leaf * chunks; c < (leaf + 1) * chunks; ++c) {
            Lane sum{};
            for (int d = 0; d < axes; ++d) {
                const Lane delta = load(tree.lanes.get() + (c * axes + d) * LANES) - q[d];
                sum = sum + delta * delta;
            }
            Lane old = load(gap.data() + c * LANES);
            old = sum < old ? sum : old;
            std::memcpy(gap.data() + c * LANES, &old, sizeof old);
            far = old > far ? old : far;
        }
        leaf_far[leaf] = largest(far);
    }

    // After the gap of one point was changed.
    void settle(int64_t leaf) {
        const T *in = gap.data() + leaf * tree.leaf;
        leaf_far[leaf] = *std::max_element(in, in + tree.leaf);
        const T *far = leaf_far.data() + leaf / LANES * LANES;
        group_far[leaf / LANES] = *std::max_element(far, far + LANES);
    }

    // The lane of the largest gap, and of the lowest index where gaps are equal.
    int64_t pick() const {
        Lane top = load(group_far.data());
        for (size_t set = 1; set * LANES < group_far.size(); ++set) {
            const Lane other = load(group_far.data() + set * LANES);
            top = other > top ? other : top;
        }
        const T far = largest(top);
        int64_t best = -1;
        for (int64_t g = 0; g < groups; ++g) {
            if (group_far[g] != far) continue;
            for (int64_t leaf = g * LANES; leaf < (g + 1) * LANES; ++leaf) {
                if (leaf_far[leaf] != far) continue;
                for (int64_t i = leaf * tree.leaf; i < (leaf + 1) * tree.leaf; ++i)
                    if (gap[i] == far && (best < 0 || tree.index[i] < tree.index[best])) best = i;
            }
        }
        return best;
    }
};

}  // namespace geomdl
