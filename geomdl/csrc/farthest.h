// Exact farthest point sampling over the leaves of a KD-tree (QuickFPS, Han et al. 2023): a leaf
// is touched only when the new sample may be nearer than its farthest point is now. Leaves are
// tested 16 at a time, and in groups of 16.
#pragma once

#include "kdtree.h"

namespace geomdl {

template <typename T, int D>
class Farthest {
    typedef typename Vec<T>::type Lane;
    const Tree<T, D> &tree;
    int64_t chunks, groups;  // chunks per leaf, groups of 16 leaves
    std::vector<T> gap, leaf_far, group_far;

  public:
    explicit Farthest(const Tree<T, D> &tree) : tree(tree) {
        const T far = std::numeric_limits<T>::infinity();
        chunks = tree.leaf / LANES;
        groups = (tree.leaves + LANES - 1) / LANES;
        gap.assign(tree.leaves * tree.leaf, -1);
        leaf_far.assign(groups * LANES, -1);
        group_far.assign((groups + LANES - 1) / LANES * LANES, -1);
        for (int64_t i = 0; i < tree.leaves * tree.leaf; ++i)
            if (tree.index[i] >= 0) gap[i] = far;
        std::fill_n(leaf_far.begin(), tree.leaves, far);
        std::fill_n(group_far.begin(), groups, far);
    }

    // Chosen positions, `count` of them, beginning with `start`.
    void sample(int64_t count, int64_t start, int64_t *out) {
        int64_t lane = std::find(tree.index.get(), tree.index.get() + tree.leaves * tree.leaf,
                                 int32_t(start)) - tree.index.get();
        std::vector<T> q(tree.axes());
        for (int64_t i = 0; i < count; ++i) {
            out[i] = tree.index[lane];
            if (i + 1 == count) break;
            tree.point(lane, q.data());
            gap[lane] = -1;
            settle(lane / tree.leaf);
            update(q.data());
            lane = pick();
        }
    }

  private:
    // Lower the gaps after q was chosen, where a box is nearer than its farthest gap.
    void update(const T *q) {
        Lane distance{};
        for (int64_t set = 0; set * LANES < groups; ++set) {
            if (tree.levels.size() > 1) tree.measure(tree.levels[1], set, q, distance);
            Hits(distance < load(group_far.data() + set * LANES)).each([&](int64_t i) {
                const int64_t group = set * LANES + i;
                const T *far = leaf_far.data() + group * LANES;
                Lane inner;
                tree.measure(tree.levels[0], group, q, inner);
                Hits(inner < load(far)).each([&](int64_t j) { approach(group * LANES + j, q); });
                group_far[group] = largest(load(far));
            });
        }
    }

    void approach(int64_t leaf, const T *q) {
        Lane far = Lane{} - 1;
        for (int64_t c = leaf * chunks; c < (leaf + 1) * chunks; ++c) {
            Lane sum;
            tree.measure(c, q, sum);
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
