// The closest triangle of many queries: neighbours walk the hierarchy together.
#pragma once

#include <algorithm>
#include <vector>

#include "order.h"
#include "triangle.h"

namespace geomdl {

constexpr int64_t kChunk = 1024;  // of neighbouring queries; fixed, so threads change no bit
constexpr int kTogether = 8;      // queries that walk together ...
constexpr float kClose = 0.25f;   // ... when their spread squared is under this part of a distance

struct Near {
    float distance2 = 0;
    int32_t leaf = -1, lane = 0, face = -1;
};

// The closest triangle of P queries that walk the tree together: neighbours want the same nodes,
// and their arithmetic overlaps. `near` comes in with upper bounds.
template <int P>
inline void search(const Tree &tree, const float *const *queries, Near *near) {
    const Float8 zero = splat(0.0f);
    Stack stack;
    stack.entry[stack.top++] = 0;
    while (stack.top) {
        --stack.top;
        float bound = near[0].distance2;
        for (int p = 1; p < P; ++p) bound = std::max(bound, near[p].distance2);
        if (stack.key() > bound) continue;
        const int32_t child = stack.child();
        if (child >= 0) {
            const Node &node = tree.nodes[child];
            const Vec8 lo = load3(node.box), hi = load3(node.box + 3);
            Float8 least = splat(3e38f);
            Mask8 wanted{};
            for (int p = 0; p < P; ++p) {
                const Vec8 q = from(queries[p]);
                const Float8 x = greater(greater(lo.x - q.x, q.x - hi.x), zero);
                const Float8 y = greater(greater(lo.y - q.y, q.y - hi.y), zero);
                const Float8 z = greater(greater(lo.z - q.z, q.z - hi.z), zero);
                const Float8 d = (x * x + y * y + z * z) * 0.999999f;
                wanted |= d <= splat(near[p].distance2);
                least = lesser(d, least);
            }
            stack.push(least, lanes(wanted), node.child);
            continue;
        }
        const Leaf &leaf = tree.leaves[~child];
        Float8 d[P];
        for (int p = 0; p < P; ++p) d[p] = distances2(leaf, from(queries[p]));
        for (int p = 0; p < P; ++p) {
            Near &best = near[p];
            uint64_t closer = lanes(d[p] <= splat(best.distance2));
            while (closer) {
                const int lane = next_lane(closer);
                const float mine = d[p][lane];
                const bool tie = mine == best.distance2 && best.leaf >= 0;
                if (tie ? leaf.face[lane] < best.face : mine <= best.distance2)
                    best = {mine, ~child, lane, leaf.face[lane]};
            }
        }
    }
}

inline double squared_distance(const float *q, const double *point) {
    double squared = 0;
    for (int k = 0; k < 3; ++k) squared += (q[k] - point[k]) * (q[k] - point[k]);
    return squared;
}


// Search for neighbouring queries: together when they are nearer to each other than to the surface,
// else one by one.
inline void search_near(const Tree &tree, const float *const *queries, int count, Near *near) {
    float spread = 0;
    for (int p = 1; p < count; ++p)
        for (int k = 0; k < 3; ++k)
            spread = std::max(spread, std::fabs(queries[p][k] - queries[0][k]));
    if (count == kTogether && spread * spread < kClose * near[0].distance2) {
        search<kTogether>(tree, queries, near);
    } else {
        for (int p = 0; p < count; ++p) search<1>(tree, queries + p, near + p);
    }
    for (int p = 0; p < count; ++p)
        if (near[p].leaf < 0) {  // rounding put the bound below all triangles
            near[p].distance2 = std::numeric_limits<float>::max();
            search<1>(tree, queries + p, near + p);
        }
}

// Calls use(carried, i, face, barycentric, point) for all queries, chunk by chunk along the curve;
// begin() gives what a chunk carries along. The closest points before bound the next.
template <typename Begin, typename Use>
void each_closest(const Tree &tree, const float *queries, int64_t n, int threads,
                         Begin begin, Use use) {
    const std::vector<int32_t> order = morton_order(queries, n, threads);
    const int64_t chunks = (n + kChunk - 1) / kChunk;
#pragma omp parallel for num_threads(threads) schedule(dynamic)
    for (int64_t chunk = 0; chunk < chunks; ++chunk) {
        auto carried = begin();
        double point[kTogether][3] = {}, barycentric[3] = {};
        int known = 0;
        const int64_t end = std::min(n, (chunk + 1) * kChunk);
        for (int64_t k = chunk * kChunk; k < end; k += kTogether) {
            const int count = int(std::min<int64_t>(kTogether, end - k));
            const float *q[kTogether];
            Near near[kTogether];
            for (int p = 0; p < count; ++p) {
                q[p] = queries + 3 * int64_t(order[k + p]);
                double bound = 3e38;
                for (int e = 0; e < known; ++e)
                    bound = std::min(bound, squared_distance(q[p], point[e]) * 1.00001);
                near[p] = Near{float(bound)};
            }
            search_near(tree, q, count, near);
            for (int p = 0; p < count; ++p) {
                const Triangle best(tree.leaves[near[p].leaf], near[p].lane);
                best.closest(q[p], barycentric, point[p]);
                use(carried, order[k + p], near[p].face, barycentric, point[p]);
            }
            known = count;
        }
    }
}

}  // namespace geomdl
