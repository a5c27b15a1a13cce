// Screen triangles to pixels: exact integer edge functions, the nearest 1/z wins.
#pragma once

#include "screen.h"

namespace geomdl {

constexpr int kLanes = 16;       // pixels of a row that are tested together
constexpr int kSmall = 1 << 18;  // subpixels: edge functions of smaller boxes fit 32 bits

// An edge function divided by 256 at the centre of pixel (left, top), and its steps. All centres
// lie 256 subpixels apart, so the floor keeps the sign test exact and `rest` gives back the rest.
struct Edge {
    int64_t start, dx, dy;
    float rest;
};

inline Edge edge_of(const Triangle &t, int from, int to, int left, int top) {
    const int64_t dx = t.x[to] - t.x[from], dy = t.y[to] - t.y[from];
    const int64_t px = int64_t(left) * kSubpixel + kSubpixel / 2 - t.x[from];
    const int64_t py = int64_t(top) * kSubpixel + kSubpixel / 2 - t.y[from];
    const bool top_left = dy < 0 || (dy == 0 && dx > 0);
    const int64_t value = dx * py - dy * px;
    const int64_t start = (value - (top_left ? 0 : 1)) >> 8;
    return {start, -dy, dx, float(value - start * kSubpixel) / kSubpixel};
}

// Where pixels (left.., top..) lie: the largest 1/z so far, 0 for none, and the face that has it.
// Rows are kLanes longer than the picture.
struct Canvas {
    int left, top, stride;
    float *inverse;
    int32_t *face;
};

// Int is wide enough for the edge functions within the box and one run of lanes beyond.
template <typename Int>
void fill_with(const Triangle &t, Box box, const Canvas &to) {
    const Edge e[3] = {edge_of(t, 1, 2, box.left, box.top), edge_of(t, 2, 0, box.left, box.top),
                       edge_of(t, 0, 1, box.left, box.top)};
    const double area = double(t.x[1] - t.x[0]) * (t.y[2] - t.y[0]) -
                        double(t.y[1] - t.y[0]) * (t.x[2] - t.x[0]);
    float scale[3], rest = 0;
    for (int k = 0; k < 3; ++k) {
        scale[k] = float(t.inverse[k] * (kSubpixel / area));
        rest += e[k].rest * scale[k];
    }
    const Int ax = Int(e[0].dx), bx = Int(e[1].dx), cx = Int(e[2].dx);
    const float as = scale[0], bs = scale[1], cs = scale[2];
    const int32_t face = t.face;
    for (int y = box.top; y <= box.bottom; ++y) {
        const int64_t down = y - box.top;
        for (int x = box.left; x <= box.right; x += kLanes) {
            const int64_t along = x - box.left;
            const Int a0 = Int(e[0].start + e[0].dy * down + e[0].dx * along);
            const Int b0 = Int(e[1].start + e[1].dy * down + e[1].dx * along);
            const Int c0 = Int(e[2].start + e[2].dy * down + e[2].dx * along);
            float *inverse = to.inverse + (y - to.top) * to.stride + (x - to.left);
            int32_t *seen = to.face + (y - to.top) * to.stride + (x - to.left);
#pragma omp simd
            for (int i = 0; i < kLanes; ++i) {
                const Int a = a0 + ax * i, b = b0 + bx * i, c = c0 + cx * i;
                const float z = rest + float(a) * as + float(b) * bs + float(c) * cs;
                const bool hit = (a | b | c) >= 0;
                const bool nearer = z > inverse[i] || (z == inverse[i] && face < seen[i]);
                inverse[i] = hit && nearer ? z : inverse[i];
                seen[i] = hit && nearer ? face : seen[i];
            }
        }
    }
}

// Of equally near faces the lowest wins.
inline void fill(const Triangle &t, Box box, const Canvas &to) {
    const auto [xl, xh] = std::minmax({t.x[0], t.x[1], t.x[2]});
    const auto [yl, yh] = std::minmax({t.y[0], t.y[1], t.y[2]});
    if (std::max(xh - xl, yh - yl) < kSmall)
        fill_with<int32_t>(t, box, to);
    else
        fill_with<int64_t>(t, box, to);
}

}  // namespace geomdl
