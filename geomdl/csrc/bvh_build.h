// Building the hierarchy: binned surface area heuristic (Wald 2007), split straight into eight.
#pragma once

#include <algorithm>
#include <vector>

#include "bvh.h"

namespace geomdl {

typedef float Float4 __attribute__((vector_size(16)));

struct Box {
    Float4 lo = {3e38f, 3e38f, 3e38f, 0}, hi = {-3e38f, -3e38f, -3e38f, 0};

    void grow(Float4 a, Float4 b) {
        lo = a < lo ? a : lo;
        hi = b > hi ? b : hi;
    }
    void grow(const Box &b) { grow(b.lo, b.hi); }
    float half_area() const {
        const Float4 d = hi - lo;
        const float area = d[0] < 0 ? 0.0f : d[0] * d[1] + d[1] * d[2] + d[2] * d[0];
        return area < 1e38f ? area : 1e38f;  // never NaN: it must compare
    }
};

struct Item {
    Box box;
    int32_t face;
    Float4 centre() const { return 0.5f * box.lo + 0.5f * box.hi; }
};

struct Range {
    int begin = 0, end = 0;
    Box box, centres;
    int count() const { return end - begin; }
};

class Builder {
public:
    Builder(const float *vertices, const int64_t *faces, int64_t count)
        : vertices_(vertices), faces_(faces), items_(count) {}

    void build(int threads) {
        const int n = int(items_.size());
        Range all;
        all.end = n;
#pragma omp parallel for num_threads(threads) schedule(static)
        for (int i = 0; i < n; ++i) {
            for (int k = 0; k < 3; ++k) {
                const float *v = vertices_ + 3 * faces_[3 * int64_t(i) + k];
                const Float4 p = {v[0], v[1], v[2], 0};
                items_[i].box.grow(p, p);
            }
            items_[i].face = i;
        }
        bound(all);
        box_ = all.box;
        top_.nodes.reserve(80);
        make_top(all, 0);
        const int jobs = int(jobs_.size());
        parts_.resize(jobs);
#pragma omp parallel for num_threads(threads) schedule(dynamic)
        for (int i = 0; i < jobs; ++i) make(jobs_[i], 2, parts_[i]);
    }

    const Box &box() const { return box_; }
    int64_t nodes() const { return total(&Part::nodes); }
    int64_t leaves() const { return total(&Part::leaves); }

    // Lay the parts one after the other, with their numbers moved to where they come to lie.
    void lay(Node *nodes, Leaf *leaves) const {
        std::vector<int32_t> roots;
        int32_t node = int32_t(top_.nodes.size()), leaf = 0;
        for (const Part &part : parts_) {
            roots.push_back(part.nodes.empty() ? ~leaf : node);
            for (size_t i = 0; i < part.nodes.size(); ++i) {
                nodes[node + i] = part.nodes[i];
                for (int k = 0; k < part.nodes[i].count; ++k) {
                    int32_t &child = nodes[node + i].child[k];
                    child = child >= 0 ? child + node : ~(~child + leaf);
                }
            }
            std::copy(part.leaves.begin(), part.leaves.end(), leaves + leaf);
            node += int32_t(part.nodes.size());
            leaf += int32_t(part.leaves.size());
        }
        for (size_t i = 0; i < top_.nodes.size(); ++i) {
            nodes[i] = top_.nodes[i];
            for (int k = 0; k < nodes[i].count; ++k)  // a job stands as ~number
                if (nodes[i].child[k] < 0) nodes[i].child[k] = roots[~nodes[i].child[k]];
        }
    }

private:
    struct Part {
        std::vector<Node> nodes;
        std::vector<Leaf> leaves;
    };
    static constexpr int kBins = 16;
    static constexpr int kMedianDepth = 24;  // below it halves are equal, so the depth is bounded

    const float *vertices_;
    const int64_t *faces_;
    std::vector<Item> items_;
    std::vector<Range> jobs_;
    Box box_;
    Part top_;
    std::vector<Part> parts_;

    template <typename T>
    int64_t total(std::vector<T> Part::*which) const {
        int64_t n = int64_t((top_.*which).size());
        for (const Part &part : parts_) n += int64_t((part.*which).size());
        return n;
    }

    void bound(Range &range) const {
        for (int i = range.begin; i < range.end; ++i) {
            range.box.grow(items_[i].box);
            const Float4 c = items_[i].centre();
            range.centres.grow(c, c);
        }
    }

    struct Cut {
        float cost = std::numeric_limits<float>::infinity();
        int axis = -1, bin = 0;
    };

    static int blocks(int count) { return (count + 7) / 8; }

    Cut best_cut(const Range &range, Float4 scale) const {
        Box boxes[3][kBins];
        int counts[3][kBins] = {};
        for (int i = range.begin; i < range.end; ++i) {
            const Float4 at = (items_[i].centre() - range.centres.lo) * scale;
            for (int axis = 0; axis < 3; ++axis) {
                const int bin = std::min(kBins - 1, int(at[axis]));
                boxes[axis][bin].grow(items_[i].box);
                ++counts[axis][bin];
            }
        }
        Cut best;
        for (int axis = 0; axis < 3; ++axis) {
            if (!(scale[axis] > 0)) continue;
            float right[kBins];
            Box box;
            int count = 0;
            for (int bin = kBins - 1; bin > 0; --bin) {
                box.grow(boxes[axis][bin]);
                count += counts[axis][bin];
                right[bin] = box.half_area() * float(blocks(count));
            }
            box = Box();
            count = 0;
            for (int bin = 1; bin < kBins; ++bin) {
                box.grow(boxes[axis][bin - 1]);
                count += counts[axis][bin - 1];
                if (count == 0 || count == range.count()) continue;
                const float cost = box.half_area() * float(blocks(count)) + right[bin];
                if (cost < best.cost) best = {cost, axis, bin};
            }
        }
        return best;
    }

    void split(const Range &range, Range &left, Range &right, bool median) {
        Item *first = items_.data() + range.begin, *last = items_.data() + range.end;
        const Float4 extent = range.centres.hi - range.centres.lo;
        Float4 scale;
        for (int k = 0; k < 4; ++k) scale[k] = extent[k] > 1e-30f ? 0.9999f * kBins / extent[k] : 0;
        const Cut cut = median ? Cut() : best_cut(range, scale);
        Item *middle = first + range.count() / 2;
        if (cut.axis >= 0) {
            const Float4 lo = range.centres.lo;
            middle = std::partition(first, last, [&](const Item &item) {
                const Float4 at = (item.centre() - lo) * scale;
                return std::min(kBins - 1, int(at[cut.axis])) < cut.bin;
            });
        } else {
            const int axis = extent[0] >= extent[1] && extent[0] >= extent[2] ? 0
                             : extent[1] >= extent[2]                         ? 1
                                                                              : 2;
            std::nth_element(first, middle, last, [axis](const Item &a, const Item &b) {
                const float x = a.centre()[axis], y = b.centre()[axis];
                return x < y || (x == y && a.face < b.face);
            });
        }
        left.begin = range.begin;
        left.end = right.begin = int(middle - items_.data());
        right.end = range.end;
        bound(left);
        bound(right);
    }

    // Open the child that is most likely to be met until there are eight.
    int children(const Range &range, Range *out, int depth) {
        int count = 1;
        out[0] = range;
        while (count < 8) {
            int widest = -1;
            float most = -1;
            for (int i = 0; i < count; ++i) {
                const float size =
                    depth < kMedianDepth ? out[i].box.half_area() : float(out[i].count());
                if (out[i].count() > 8 && size > most) most = size, widest = i;
            }
            if (widest < 0) break;
            Range left, right;
            split(out[widest], left, right, depth >= kMedianDepth);
            out[widest] = left;
            out[count++] = right;
        }
        return count;
    }

    static Node node(const Range *ranges, int count) {
        Node made{};
        made.count = count;
        for (int i = 0; i < 8; ++i)
            for (int k = 0; k < 3; ++k) {
                const float inf = std::numeric_limits<float>::infinity();
                made.box[k][i] = i < count ? ranges[i].box.lo[k] : inf;
                made.box[3 + k][i] = i < count ? ranges[i].box.hi[k] : -inf;
            }
        return made;
    }

    // The upper two levels, whose grandchildren are the jobs of the threads.
    int32_t make_top(const Range &range, int depth) {
        if (depth == 2 || (range.count() <= 8 && depth > 0)) {
            jobs_.push_back(range);
            return ~int32_t(jobs_.size() - 1);
        }
        Range ranges[8];
        const int count = children(range, ranges, depth);
        const size_t mine = top_.nodes.size();
        top_.nodes.push_back(node(ranges, count));
        for (int i = 0; i < count; ++i) {
            const int32_t child = make_top(ranges[i], depth + 1);
            top_.nodes[mine].child[i] = child;
        }
        return int32_t(mine);
    }

    int32_t make(const Range &range, int depth, Part &part) {
        if (range.count() <= 8) {
            part.leaves.push_back(leaf(range));
            return ~int32_t(part.leaves.size() - 1);
        }
        Range ranges[8];
        const int count = children(range, ranges, depth);
        const size_t mine = part.nodes.size();
        part.nodes.push_back(node(ranges, count));
        for (int i = 0; i < count; ++i) {
            const int32_t child = make(ranges[i], depth + 1, part);
            part.nodes[mine].child[i] = child;
        }
        return int32_t(mine);
    }

    Leaf leaf(const Range &range) {
        std::sort(items_.begin() + range.begin, items_.begin() + range.end,
                  [](const Item &a, const Item &b) { return a.face < b.face; });
        Leaf made{};
        for (int lane = 0; lane < 8; ++lane) {
            const bool real = lane < range.count();
            const int32_t face = items_[range.begin + (real ? lane : 0)].face;
            made.face[lane] = face;
            for (int k = 0; k < 9; ++k) {
                const int64_t vertex = faces_[3 * int64_t(face) + (real ? k / 3 : 0)];
                made.corner[k][lane] = vertices_[3 * vertex + k % 3];
            }
            divide(made, lane);
        }
        return made;
    }

    static void divide(Leaf &leaf, int lane) {
        double d00 = 0, d01 = 0, d11 = 0, d22 = 0, height2 = 0;
        for (int k = 0; k < 3; ++k) {
            const double a = leaf.corner[k][lane];
            const double x = leaf.corner[3 + k][lane] - a, y = leaf.corner[6 + k][lane] - a;
            d00 += x * x, d01 += x * y, d11 += y * y, d22 += (y - x) * (y - x);
        }
        const double stand = d00 > 0 ? d01 / d00 : 0;
        for (int k = 0; k < 3; ++k) {
            const double a = leaf.corner[k][lane];
            const double up = leaf.corner[6 + k][lane] - a - stand * (leaf.corner[3 + k][lane] - a);
            height2 += up * up;
        }
        const double squares[4] = {d00, d11, d22, height2};
        for (int k = 0; k < 4; ++k)
            leaf.over[k][lane] = squares[k] > 1e-37 ? float(1 / squares[k]) : 0.0f;
        leaf.over[4][lane] = float(stand);
    }
};

}  // namespace geomdl
