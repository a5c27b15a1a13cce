// Generalised winding numbers on the hierarchy (Barill, Dickson, Schmidt, Levin, Jacobson 2018).
//
// A triangle with area vector A at x adds A . (x - q) / (4 pi |x - q|^3). Far from a cluster with
// centre p the sum is its Taylor series in d = x - p. With r = p - q, and because 1 / |r| is
// harmonic, only the symmetric traceless parts of the moments count:
//   4 pi w = N.r / |r|^3 - 3 S(r, r) / |r|^5 + 15/2 T(r, r, r) / |r|^7
// where N = sum A, S = sum A d and T = sum A d d. So a node needs 5 and 7 numbers, not 9 and 27.
#pragma once

#include <algorithm>
#include <vector>

#include "bvh.h"

namespace geomdl {

// Moments in double while they are summed from the leaves to the root.
struct Cluster {
    static constexpr int kPair[6][2] = {{0, 0}, {1, 1}, {2, 2}, {0, 1}, {0, 2}, {1, 2}};
    static constexpr int kTriple[10][3] = {{0, 0, 0}, {1, 1, 1}, {2, 2, 2}, {0, 0, 1}, {0, 0, 2},
                                           {0, 1, 1}, {1, 1, 2}, {0, 2, 2}, {1, 2, 2}, {0, 1, 2}};
    static constexpr int kSlot[3][3] = {{0, 3, 4}, {3, 1, 5}, {4, 5, 2}};

    double area = 0, radius = 0;
    double centre[3] = {}, N[3] = {}, S[6] = {}, T[10] = {};

    double s(int i, int j) const { return S[kSlot[i][j]]; }

    // Add a cluster whose moments are about its own centre.
    void add(const Cluster &other) {
        double m[3], length2 = 0;
        for (int k = 0; k < 3; ++k) {
            m[k] = other.centre[k] - centre[k];
            length2 += m[k] * m[k];
            N[k] += other.N[k];
        }
        const double *n = other.N;
        for (int e = 0; e < 6; ++e) {
            const auto [i, j] = kPair[e];
            S[e] += other.S[e] + 0.5 * (n[i] * m[j] + n[j] * m[i]);
        }
        for (int e = 0; e < 10; ++e) {
            const auto [i, j, k] = kTriple[e];
            T[e] += other.T[e] +
                    2.0 / 3.0 * (other.s(i, j) * m[k] + other.s(i, k) * m[j] + other.s(j, k) * m[i]) +
                    1.0 / 3.0 * (n[i] * m[j] * m[k] + n[j] * m[i] * m[k] + n[k] * m[i] * m[j]);
        }
        radius = std::max(radius, std::sqrt(length2) + other.radius);
    }

    // The centre of others by area, then their sum.
    static Cluster of(const Cluster *parts, int count) {
        Cluster whole;
        double plain[3] = {};
        for (int i = 0; i < count; ++i) {
            whole.area += parts[i].area;
            for (int k = 0; k < 3; ++k) {
                whole.centre[k] += parts[i].area * parts[i].centre[k];
                plain[k] += parts[i].centre[k] / count;
            }
        }
        for (int k = 0; k < 3; ++k)
            whole.centre[k] = whole.area > 0 ? whole.centre[k] / whole.area : plain[k];
        for (int i = 0; i < count; ++i) whole.add(parts[i]);
        return whole;
    }

    static Cluster of(const Leaf &leaf, int lane) {
        Cluster one;
        double v[3][3], e[3][3];
        for (int k = 0; k < 9; ++k) v[k / 3][k % 3] = leaf.corner[k][lane];
        for (int k = 0; k < 3; ++k) one.centre[k] = (v[0][k] + v[1][k] + v[2][k]) / 3;
        for (int c = 0; c < 3; ++c) {
            double length2 = 0;
            for (int k = 0; k < 3; ++k) {
                e[c][k] = v[c][k] - one.centre[k];
                length2 += e[c][k] * e[c][k];
            }
            one.radius = std::max(one.radius, std::sqrt(length2));
        }
        for (int k = 0; k < 3; ++k) {
            const int i = (k + 1) % 3, j = (k + 2) % 3;
            one.N[k] = 0.5 * ((v[1][i] - v[0][i]) * (v[2][j] - v[0][j]) -
                              (v[1][j] - v[0][j]) * (v[2][i] - v[0][i]));
            one.area += one.N[k] * one.N[k];
        }
        one.area = std::sqrt(one.area);
        const auto spread = [&e](int i, int j) {  // of the area about the centre
            return (e[0][i] * e[0][j] + e[1][i] * e[1][j] + e[2][i] * e[2][j]) / 12;
        };
        for (int t = 0; t < 10; ++t) {
            const auto [i, j, k] = kTriple[t];
            one.T[t] = (one.N[i] * spread(j, k) + one.N[j] * spread(i, k) +
                        one.N[k] * spread(i, j)) / 3;
        }
        return one;
    }

    static Cluster of(const Leaf &leaf) {
        Cluster lanes[8];
        int count = 0;
        while (count < 8 && (count == 0 || leaf.face[count] != leaf.face[0])) {
            lanes[count] = of(leaf, count);
            ++count;
        }
        return of(lanes, count);
    }

    void store(Moments &to, int lane) const {
        const double unit = 1 / (4 * 3.14159265358979323846);
        for (int k = 0; k < 3; ++k) {
            to.centre[k][lane] = float(centre[k]);
            to.dipole[k][lane] = float(unit * N[k]);
        }
        const float r = float(radius) * 1.00001f;
        to.radius2[lane] = r * r;
        const double trace = (S[0] + S[1] + S[2]) / 3, q = -3 * unit, o = 7.5 * unit;
        const double quadrupole[5] = {S[0] - trace, S[1] - trace, 2 * S[3], 2 * S[4], 2 * S[5]};
        for (int k = 0; k < 5; ++k) to.quadrupole[k][lane] = float(q * quadrupole[k]);
        const double x = (T[0] + T[5] + T[7]) / 5, y = (T[1] + T[3] + T[8]) / 5;
        const double z = (T[2] + T[4] + T[6]) / 5;
        const double octupole[7] = {T[0] - 3 * x, T[1] - 3 * y, 3 * (T[3] - y), 3 * (T[5] - x),
                                    T[4] - z,     T[6] - z,     6 * T[9]};
        for (int k = 0; k < 7; ++k) to.octupole[k][lane] = float(o * octupole[k]);
    }
};

// Fill the moments of all nodes; a child node always lies behind its parent.
inline void fill_moments(const Node *nodes, int64_t count, const Leaf *leaves, Moments *moments,
                         int threads) {
    std::vector<Cluster> whole(count);
    std::vector<Cluster> parts(8 * count);
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t i = 0; i < count; ++i)
        for (int k = 0; k < nodes[i].count; ++k)
            if (nodes[i].child[k] < 0) parts[8 * i + k] = Cluster::of(leaves[~nodes[i].child[k]]);
    for (int64_t i = count - 1; i >= 0; --i) {
        for (int k = 0; k < nodes[i].count; ++k)
            if (nodes[i].child[k] >= 0) parts[8 * i + k] = whole[nodes[i].child[k]];
        whole[i] = Cluster::of(&parts[8 * i], nodes[i].count);
    }
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t i = 0; i < count; ++i) {
        moments[i] = Moments{};
        for (int k = nodes[i].count; k < 8; ++k)
            moments[i].radius2[k] = std::numeric_limits<float>::infinity();  // never far
        for (int k = 0; k < nodes[i].count; ++k) parts[8 * i + k].store(moments[i], k);
    }
}

// What the eight children add, seen from q; r is their centre less q, rho2 its square.
GEOMDL_INLINE Float8 series(const Moments &m, Vec8 r, Float8 rho2) {
    const Float8 i2 = splat(1.0f) / greater(rho2, splat(1e-30f)), i1 = root(i2);
    r = r * i1;  // a unit vector, so that no power of a length overflows
    const Float8 xx = r.x * r.x, yy = r.y * r.y, zz = r.z * r.z, xy = r.x * r.y;
    const Float8 dx = xx - zz, dy = yy - zz;
    const Float8 first = dot(load3(m.dipole), r);
    const Float8 second = load(m.quadrupole[0]) * dx + load(m.quadrupole[1]) * dy +
                          load(m.quadrupole[2]) * xy +
                          (load(m.quadrupole[3]) * r.x + load(m.quadrupole[4]) * r.y) * r.z;
    const Float8 third = load(m.octupole[0]) * (r.x * (xx - 3.0f * zz)) +
                         load(m.octupole[1]) * (r.y * (yy - 3.0f * zz)) +
                         load(m.octupole[2]) * (r.y * dx) + load(m.octupole[3]) * (r.x * dy) +
                         load(m.octupole[4]) * (r.z * (3.0f * xx - zz)) +
                         load(m.octupole[5]) * (r.z * (3.0f * yy - zz)) +
                         load(m.octupole[6]) * (xy * r.z);
    return i2 * (first + i1 * (second + i1 * third));
}

// Solid angles of eight triangles over 4 pi (Van Oosterom, Strackee 1983).
GEOMDL_INLINE Float8 solid_angles(const Leaf &leaf, const Vec8 q) {
    const Vec8 a = load3(leaf.corner) - q, b = load3(leaf.corner + 3) - q;
    const Vec8 c = load3(leaf.corner + 6) - q;
    const Float8 la = root(dot(a, a)), lb = root(dot(b, b)), lc = root(dot(c, c));
    const Float8 det = dot(a, cross(b, c));
    const Float8 rest = la * lb * lc + dot(a, b) * lc + dot(b, c) * la + dot(c, a) * lb;
    return angle(det, rest) * 0.159154943f;
}

// Winding number at q; beta2 is the square of the accuracy.
inline float winding_at(const Tree &tree, const float *q, float beta2) {
    const Vec8 at = from(q);
    Float8 total = splat(0.0f);
    int32_t waiting[kStack];
    int top = 0;
    waiting[top++] = 0;
    while (top) {
        const Node &node = tree.nodes[waiting[--top]];
        const Moments &m = tree.moments[&node - tree.nodes];
        const Vec8 r = load3(m.centre) - at;
        const Float8 rho2 = dot(r, r);
        const Mask8 far = rho2 > beta2 * load(m.radius2);
        total += far ? series(m, r, rho2) : splat(0.0f);
        uint64_t near = lanes(~far) & (~0ull >> (64 - 8 * node.count));
        while (near) {
            const int32_t child = node.child[next_lane(near)];
            if (child >= 0)
                waiting[top++] = child;
            else
                total += solid_angles(tree.leaves[~child], at);
        }
    }
    return sum(total);
}

}  // namespace geomdl
