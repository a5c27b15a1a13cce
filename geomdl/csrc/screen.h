// Camera-space triangles to snapped screen triangles: projection, clipping, fans.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <tuple>

namespace geomdl {

constexpr int kSubpixel = 256;
constexpr double kGuard = 4096;

struct Lens {
    double fx, skew, cx, fy, cy, near;
    int height, width;
};

struct Point3 {
    double x, y, z;
};

// A corner in 24.8 fixed point with 1/z; `plain` when it needs no clipping.
struct Corner {
    int32_t x, y;
    float inverse;
    bool plain;
};

// Corners in unique order (top first, then clockwise on the screen), so that equal triangles give
// equal bits whatever the order of their vertices.
struct Triangle {
    int32_t x[3], y[3];
    float inverse[3];
    int32_t face;
};

inline Point3 project(const Lens &k, Point3 p) {
    return {(k.fx * p.x + k.skew * p.y) / p.z + k.cx, k.fy * p.y / p.z + k.cy, 1 / p.z};
}

inline Corner snap(Point3 p) {
    return {int32_t(std::lrint(p.x * kSubpixel)), int32_t(std::lrint(p.y * kSubpixel)),
            float(p.z), true};
}

inline Corner corner_of(const Lens &k, Point3 p) {
    if (!(p.z >= k.near)) return {0, 0, 0, false};
    const Point3 s = project(k, p);
    const bool plain = s.x >= -kGuard && s.y >= -kGuard && s.x <= k.width + kGuard &&
                       s.y <= k.height + kGuard;
    return plain ? snap(s) : Corner{0, 0, 0, false};
}

// Sutherland & Hodgman against one plane; a crossing goes from the inner end to the outer one,
// so that two faces round alike on the edge they share.
template <typename Distance>
int clip(Point3 *polygon, int count, Distance distance) {
    Point3 out[10];
    int kept = 0;
    for (int i = 0; i < count; ++i) {
        Point3 a = polygon[i], b = polygon[(i + 1) % count];
        double da = distance(a), db = distance(b);
        const Point3 next = b;
        const bool leaves = db < 0;
        if ((da < 0) != leaves) {
            if (da < 0) std::swap(a, b), std::swap(da, db);
            const double t = da / (da - db);
            out[kept++] = {a.x + (b.x - a.x) * t, a.y + (b.y - a.y) * t, a.z + (b.z - a.z) * t};
        }
        if (!leaves) out[kept++] = next;
        if (kept > 8) break;
    }
    std::copy(out, out + kept, polygon);
    return kept;
}

// Corners of the visible part of a triangle, at most 8; fewer than 3 when nothing is left.
inline int clip_to_screen(const Lens &k, Point3 *polygon, Corner *corners) {
    // Equal triangles must be clipped to equal bits, whatever the order of their corners.
    std::sort(polygon, polygon + 3, [](const Point3 &a, const Point3 &b) {
        return std::tie(a.x, a.y, a.z) < std::tie(b.x, b.y, b.z);
    });
    int n = clip(polygon, 3, [&](Point3 p) { return p.z - k.near; });
    for (int i = 0; i < n; ++i) {
        polygon[i].z = std::max(polygon[i].z, k.near);
        polygon[i] = project(k, polygon[i]);
    }
    const double right = k.width + kGuard, bottom = k.height + kGuard;
    if (n) n = clip(polygon, n, [](Point3 p) { return p.x + kGuard; });
    if (n) n = clip(polygon, n, [&](Point3 p) { return right - p.x; });
    if (n) n = clip(polygon, n, [](Point3 p) { return p.y + kGuard; });
    if (n) n = clip(polygon, n, [&](Point3 p) { return bottom - p.y; });
    for (int i = 0; i < n; ++i) corners[i] = snap(polygon[i]);
    return n;
}

// Pixels whose centres lie in the box of a triangle, cut to the image.
struct Box {
    int left, top, right, bottom;  // all inclusive
    bool empty() const { return left > right || top > bottom; }
};

inline Box box_of(const Triangle &t, int height, int width) {
    const auto [xl, xh] = std::minmax({t.x[0], t.x[1], t.x[2]});
    const auto [yl, yh] = std::minmax({t.y[0], t.y[1], t.y[2]});
    const int half = kSubpixel / 2;
    return {std::max((xl + half - 1) >> 8, 0), std::max((yl + half - 1) >> 8, 0),
            std::min((xh - half) >> 8, width - 1), std::min((yh - half) >> 8, height - 1)};
}

// False when the triangle has no area or holds no pixel centre in its box.
inline bool arrange(const Corner &a, const Corner &b, const Corner &c, int face, int height,
                    int width, Triangle &out, Box &box) {
    const auto above = [](const Corner *p, const Corner *q) {
        return p->y < q->y || (p->y == q->y && p->x < q->x);
    };
    const Corner *p[3] = {&a, &b, &c};
    if (above(p[1], p[0])) std::swap(p[0], p[1]);
    if (above(p[2], p[1])) std::swap(p[1], p[2]);
    if (above(p[1], p[0])) std::swap(p[0], p[1]);
    const int64_t area = int64_t(p[1]->x - p[0]->x) * (p[2]->y - p[0]->y) -
                         int64_t(p[1]->y - p[0]->y) * (p[2]->x - p[0]->x);
    if (area == 0) return false;
    if (area < 0) std::swap(p[1], p[2]);
    for (int i = 0; i < 3; ++i)
        out.x[i] = p[i]->x, out.y[i] = p[i]->y, out.inverse[i] = p[i]->inverse;
    out.face = face;
    box = box_of(out, height, width);
    return !box.empty();
}

}  // namespace geomdl
