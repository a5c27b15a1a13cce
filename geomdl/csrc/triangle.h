// Eight triangles of a leaf against one ray or one point, and one triangle in double at the end.
#pragma once

#include "bvh.h"

namespace geomdl {

// A ray made ready: the direction is scaled so that its longest component is 1. Boxes are met as
// if they were larger by what rounding may move the ray in the test of a triangle, so that no
// triangle that would be hit is left out.
struct Ray {
    float origin[3], inverse[3], shear[2];
    float toward[3], beyond[3];  // the origin moved to make near sides nearer, far ones farther
    int near[3], far[3], axis[3];
    float longest, depth;  // of the direction: largest component by size; 1 / scaled component
    bool valid;

    Ray(const float *o, const float *d, const float *scene) {
        int main = 0;
        float reach = 0;
        for (int k = 0; k < 3; ++k)
            reach = std::fmax(reach, std::fmax(std::fabs(o[k] - scene[k]) + std::fabs(o[k]),
                                               std::fabs(o[k] - scene[3 + k])));
        const float slack = reach * 1e-6f;
        for (int k = 1; k < 3; ++k)
            if (std::fabs(d[k]) > std::fabs(d[main])) main = k;
        longest = std::fabs(d[main]);
        valid = longest > 0;
        float unit[3];
        for (int k = 0; k < 3; ++k) {
            origin[k] = o[k];
            unit[k] = valid ? d[k] / longest : 0.0f;
            const float safe = std::fabs(unit[k]) < 1e-18f ? 1e-18f : unit[k];
            inverse[k] = 1.0f / safe;
            toward[k] = safe < 0 ? o[k] - slack : o[k] + slack;
            beyond[k] = safe < 0 ? o[k] + slack : o[k] - slack;
            near[k] = safe < 0 ? 3 + k : k;
            far[k] = safe < 0 ? k : 3 + k;
            axis[k] = (main + 1 + k) % 3;
        }
        depth = unit[main] < 0 ? -1.0f : 1.0f;
        for (int k = 0; k < 2; ++k) shear[k] = unit[axis[k]] * depth;
    }
};

// Where the ray enters each child's box, and which of them it meets by `limit`. The last factor
// makes the test conservative (Ize 2013).
GEOMDL_INLINE uint64_t meet_boxes(const Node &node, const Ray &ray, float limit, Float8 &enter) {
    Float8 leave = splat(limit);
    enter = splat(0.0f);
    for (int k = 0; k < 3; ++k) {
        enter = greater((load(node.box[ray.near[k]]) - ray.toward[k]) * ray.inverse[k], enter);
        leave = lesser((load(node.box[ray.far[k]]) - ray.beyond[k]) * ray.inverse[k], leave);
    }
    return lanes(enter <= leave * 1.0000005f);
}

GEOMDL_INLINE Float8 edge(Float8 ax, Float8 ay, Float8 bx, Float8 by) {
    // A product of floats is exact in double, so neighbours agree on the sign, fused or not.
    const Double8 x = __builtin_convertvector(ax, Double8) * __builtin_convertvector(by, Double8);
    const Double8 y = __builtin_convertvector(ay, Double8) * __builtin_convertvector(bx, Double8);
    return __builtin_convertvector(x - y, Float8);
}

// Lanes whose triangle the ray meets between 0 and `limit`, and where (Woop, Benthin, Wald 2013).
GEOMDL_INLINE uint64_t meet_triangles(const Leaf &leaf, const Ray &ray, float limit, Float8 &at) {
    Float8 x[3], y[3], z[3];
    for (int k = 0; k < 3; ++k) {
        z[k] = load(leaf.corner[3 * k + ray.axis[2]]) - ray.origin[ray.axis[2]];
        x[k] = load(leaf.corner[3 * k + ray.axis[0]]) - ray.origin[ray.axis[0]];
        y[k] = load(leaf.corner[3 * k + ray.axis[1]]) - ray.origin[ray.axis[1]];
        x[k] = x[k] - ray.shear[0] * z[k];
        y[k] = y[k] - ray.shear[1] * z[k];
    }
    const Float8 u = edge(x[2], y[2], x[1], y[1]);
    const Float8 v = edge(x[0], y[0], x[2], y[2]);
    const Float8 w = edge(x[1], y[1], x[0], y[0]);
    const Float8 zero = splat(0.0f), det = u + v + w;
    const Mask8 same = ((u >= zero) & (v >= zero) & (w >= zero)) |
                       ((u <= zero) & (v <= zero) & (w <= zero));
    const uint64_t touched = lanes(same & (det != zero));
    if (!touched) return 0;
    at = (u * z[0] + v * z[1] + w * z[2]) / det * ray.depth;
    return touched & lanes((at >= zero) & (at <= splat(limit)));
}

// Squared distance of a point to each of eight triangles: the least of four points of each.
GEOMDL_INLINE Float8 distances2(const Leaf &leaf, const Vec8 q) {
    const Float8 zero = splat(0.0f), one = splat(1.0f), i00 = load(leaf.over[0]);
    const Vec8 a = load3(leaf.corner), b = load3(leaf.corner + 3), c = load3(leaf.corner + 6);
    const Vec8 ab = b - a, ac = c - a, bc = c - b, ap = q - a, bp = q - b;
    const Float8 d1 = dot(ab, ap), d2 = dot(ac, ap), d3 = dot(bc, bp);
    const Float8 stand = load(leaf.over[4]);
    const Float8 w = (d2 - stand * d1) * load(leaf.over[3]), v = d1 * i00 - stand * w;
    const Mask8 inside = (v >= zero) & (w > zero) & (v + w <= one);
    const Float8 s = lesser(greater(d1 * i00, zero), one);
    const Float8 t = lesser(greater(d2 * load(leaf.over[1]), zero), one);
    const Float8 r = lesser(greater(d3 * load(leaf.over[2]), zero), one);
    const Vec8 to_plane = ap - ab * v - ac * w;
    const Vec8 to_ab = ap - ab * s, to_ac = ap - ac * t, to_bc = bp - bc * r;
    const Float8 edges = lesser(lesser(dot(to_ab, to_ab), dot(to_ac, to_ac)), dot(to_bc, to_bc));
    return inside ? lesser(dot(to_plane, to_plane), edges) : edges;
}

GEOMDL_INLINE double dot(const double *a, const double *b) {
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

// One lane of a leaf in double.
struct Triangle {
    double corner[3][3];

    Triangle(const Leaf &leaf, int lane) {
        for (int k = 0; k < 9; ++k) corner[k / 3][k % 3] = leaf.corner[k][lane];
    }

    // Barycentric coordinates of the closest point, and the point.
    void closest(const float *query, double *barycentric, double *point) const {
        double ab[3], ac[3], bc[3], ap[3], bp[3];
        for (int k = 0; k < 3; ++k) {
            ab[k] = corner[1][k] - corner[0][k];
            ac[k] = corner[2][k] - corner[0][k];
            bc[k] = corner[2][k] - corner[1][k];
            ap[k] = query[k] - corner[0][k];
            bp[k] = query[k] - corner[1][k];
        }
        const auto along = [](double top, double bottom) {
            return bottom > 0 ? std::fmin(std::fmax(top / bottom, 0.0), 1.0) : 0.0;
        };
        const double d1 = dot(ab, ap), d2 = dot(ac, ap);
        const double d00 = dot(ab, ab), d01 = dot(ab, ac), d11 = dot(ac, ac);
        const double det = d00 * d11 - d01 * d01;
        const double v = det > 0 ? (d11 * d1 - d01 * d2) / det : -1.0;
        const double w = det > 0 ? (d00 * d2 - d01 * d1) / det : -1.0;
        const double s = along(d1, d00), t = along(d2, d11), r = along(dot(bc, bp), dot(bc, bc));
        const double candidates[4][3] = {
            {1 - v - w, v, w}, {1 - s, s, 0}, {1 - t, 0, t}, {0, 1 - r, r}};
        double best = std::numeric_limits<double>::infinity();
        for (int i = v >= 0 && w >= 0 && 1 - v - w >= 0 ? 0 : 1; i < 4; ++i) {
            const double x = candidates[i][1], y = candidates[i][2];
            double away[3];
            for (int k = 0; k < 3; ++k) away[k] = ap[k] - x * ab[k] - y * ac[k];
            if (dot(away, away) >= best) continue;
            best = dot(away, away);
            for (int k = 0; k < 3; ++k) barycentric[k] = candidates[i][k];
        }
        for (int k = 0; k < 3; ++k)
            point[k] = barycentric[0] * corner[0][k] + barycentric[1] * corner[1][k] +
                       barycentric[2] * corner[2][k];
    }

    // Barycentric coordinates of the hit, and its distance, for a ray that is known to hit.
    double hit(const Ray &ray, const float *direction, double *barycentric) const {
        const int kx = ray.axis[0], ky = ray.axis[1], kz = ray.axis[2];
        const double depth = 1.0 / direction[kz];
        const double sx = direction[kx] * depth, sy = direction[ky] * depth;
        double x[3], y[3], z[3];
        for (int k = 0; k < 3; ++k) {
            z[k] = corner[k][kz] - ray.origin[kz];
            x[k] = corner[k][kx] - ray.origin[kx] - sx * z[k];
            y[k] = corner[k][ky] - ray.origin[ky] - sy * z[k];
        }
        double area = 0, total = 0, distance = 0;
        for (int k = 0; k < 3; ++k) {
            const int i = (k + 2) % 3, j = (k + 1) % 3;
            barycentric[k] = x[i] * y[j] - y[i] * x[j];
            area += barycentric[k];
        }
        for (int k = 0; k < 3; ++k) {  // rounding may put a hit on an edge just outside
            barycentric[k] = std::fmax(area < 0 ? -barycentric[k] : barycentric[k], 0.0);
            total += barycentric[k];
        }
        for (int k = 0; k < 3; ++k) {
            barycentric[k] = total > 0 ? barycentric[k] / total : 1.0 / 3.0;
            distance += barycentric[k] * z[k] * depth;
        }
        return std::fmax(distance, 0.0);
    }
};

}  // namespace geomdl
