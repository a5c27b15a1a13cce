// The boundary of a surface: its edges that no neighbour cancels, and what follows for the sign.
//
// The winding number is constant off a closed surface. Off an open one its gradient is a line
// integral over the boundary (Biot and Savart's law), so at distance b from a boundary of length L
// it is at most L / (4 pi b^2).
#pragma once

#include <algorithm>
#include <vector>

#include "bvh.h"

namespace geomdl {

// One number per place: vertices at the same place get the same one.
inline std::vector<int32_t> weld(const float *vertices, int64_t count) {
    const uint64_t size = std::bit_ceil(uint64_t(2 * count + 2));
    std::vector<int32_t> table(size, -1), place(count);
    for (int64_t i = 0; i < count; ++i) {
        uint32_t bits[3];
        for (int k = 0; k < 3; ++k) bits[k] = std::bit_cast<uint32_t>(vertices[3 * i + k] + 0.0f);
        uint64_t hash = bits[0] * 0x9E3779B97F4A7C15ull;
        hash = (hash ^ hash >> 29 ^ bits[1]) * 0xBF58476D1CE4E5B9ull;
        hash = (hash ^ hash >> 32 ^ bits[2]) * 0x94D049BB133111EBull;
        uint64_t slot = (hash ^ hash >> 31) & (size - 1);
        for (;; slot = (slot + 1) & (size - 1)) {
            if (table[slot] < 0) table[slot] = int32_t(i);
            const float *seen = vertices + 3 * int64_t(table[slot]), *mine = vertices + 3 * i;
            if (seen[0] == mine[0] && seen[1] == mine[1] && seen[2] == mine[2]) break;
        }
        place[i] = table[slot];
    }
    return place;
}

// Length and box of the boundary, with multiplicity: directed edges less the opposite ones.
inline void measure_boundary(const float *vertices, int64_t vertex_count, const int64_t *faces,
                             int64_t face_count, Header &header) {
    const std::vector<int32_t> place = weld(vertices, vertex_count);
    std::vector<int32_t> start(vertex_count + 1, 0);
    const auto each_edge = [&](auto &&use) {
        for (int64_t f = 0; f < face_count; ++f)
            for (int k = 0; k < 3; ++k) {
                const int32_t u = place[faces[3 * f + k]], v = place[faces[3 * f + (k + 1) % 3]];
                if (u != v) use(std::min(u, v), std::max(u, v), u < v ? 1 : -1);
            }
    };
    each_edge([&](int32_t low, int32_t, int) { ++start[low + 1]; });
    for (int64_t i = 0; i < vertex_count; ++i) start[i + 1] += start[i];
    struct Edge {
        int32_t high, sign;
    };
    std::vector<Edge> edges(start[vertex_count]);
    std::vector<int32_t> next(start.begin(), start.end() - 1);
    each_edge([&](int32_t low, int32_t high, int sign) { edges[next[low]++] = {high, sign}; });

    double length = 0;
    for (int k = 0; k < 6; ++k) header.open_box[k] = k < 3 ? 3e38f : -3e38f;
    for (int64_t low = 0; low < vertex_count; ++low) {
        Edge *first = edges.data() + start[low], *last = edges.data() + start[low + 1];
        std::sort(first, last, [](Edge a, Edge b) { return a.high < b.high; });
        while (first != last) {
            const int32_t high = first->high;
            int net = 0;
            for (; first != last && first->high == high; ++first) net += first->sign;
            if (net == 0) continue;
            double squared = 0;
            for (int k = 0; k < 3; ++k) {
                const float a = vertices[3 * low + k], b = vertices[3 * int64_t(high) + k];
                squared += (double(a) - b) * (double(a) - b);
                header.open_box[k] = std::min(header.open_box[k], std::min(a, b));
                header.open_box[3 + k] = std::max(header.open_box[3 + k], std::max(a, b));
            }
            length += std::abs(net) * std::sqrt(squared);
        }
    }
    header.open_length = float(length * 1.00001);
}

// What is known of the winding number near earlier queries, so that few have to ask for it.
class Memory {
public:
    explicit Memory(const Header &header) : header_(header) {
        distance_ = open_ = error_ = value_ = splat(0.0f);
        x_ = y_ = z_ = splat(std::numeric_limits<float>::infinity());  // near to nothing
    }

    // 1 inside, 0 outside, -1 unknown, for a query at this distance from the surface. A segment
    // shorter than that distance at one of its ends does not cross the surface.
    int recall(const float *q, float distance) {
        open_here_ = distance_to_boundary(q, distance);
        const Float8 dx = x_ - q[0], dy = y_ - q[1], dz = z_ - q[2];
        const Float8 step = root(dx * dx + dy * dy + dz * dz) * 1.0001f;
        const Mask8 free = step < greater(distance_, splat(distance));
        const Float8 gap = greater(open_, splat(open_here_)) - step;
        const Float8 change = step * header_.open_length / (gap * gap * 12.566f);
        const Float8 zero = splat(0.0f);
        const Float8 error = error_ + (header_.open_length > 0 ? change : zero);
        const Float8 margin = value_ - 0.5f;
        const Mask8 sure = error + kDoubt < (margin < zero ? -margin : margin);
        uint64_t known = lanes(free & sure);
        if (!known) return -1;
        const int lane = next_lane(known);
        const float value = value_[lane], doubt = error[lane];
        store(q, distance, value, doubt);
        return value > 0.5f;
    }

    void learn(const float *q, float distance, float value) { store(q, distance, value, 0.0f); }

private:
    static constexpr float kDoubt = 0.05f;  // of the series itself

    const Header &header_;
    Float8 x_, y_, z_, distance_, open_, value_, error_;
    float open_here_ = 0;
    int next_ = 0;

    float distance_to_boundary(const float *q, float distance) const {
        float squared = 0;
        for (int k = 0; k < 3; ++k) {
            const float d = std::max(
                0.0f, std::max(header_.open_box[k] - q[k], q[k] - header_.open_box[3 + k]));
            squared += d * d;
        }
        return std::max(distance, std::sqrt(squared));
    }

    void store(const float *q, float distance, float value, float error) {
        x_[next_] = q[0], y_[next_] = q[1], z_[next_] = q[2];
        distance_[next_] = distance, open_[next_] = open_here_;
        value_[next_] = value, error_[next_] = error;
        next_ = (next_ + 1) % 8;
    }
};

}  // namespace geomdl
