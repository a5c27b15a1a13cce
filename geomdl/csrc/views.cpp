// Small pictures of many scenes at once: a lane is a scene and a camera, lanes run in parallel.
#include <atomic>
#include <cmath>
#include <limits>

#include "fill.h"
#include "kernel.h"

namespace geomdl {
namespace {

constexpr int kBlock = 64;  // faces that share a box
constexpr int32_t kCut = 32;
constexpr float kRounder = 12582912.0f;  // 1.5 * 2^23: adding it rounds to whole numbers

// A corner on the screen as in screen.h; `code` has a bit for each side of the view that it lies
// beyond, and kCut where it must be clipped before it has a place.
struct Spot {
    int32_t x, y;
    float inverse;
    int32_t code;
};

struct Eye {
    float m[12];  // world to camera, row-major (3, 4)
    Lens lens;
    double plane[5][4];  // of the view in the world: inside where the product with (p, 1) is >= 0

    Eye(const double *pose, const Lens &k) : lens(k) {
        for (int i = 0; i < 12; ++i) m[i] = float(pose[i]);
        const double side[5][4] = {{0, 0, 1, -k.near},
                                   {k.fx, k.skew, k.cx, 0},
                                   {-k.fx, -k.skew, k.width - k.cx, 0},
                                   {0, k.fy, k.cy, 0},
                                   {0, -k.fy, k.height - k.cy, 0}};
        for (int s = 0; s < 5; ++s)
            for (int j = 0; j < 4; ++j) {
                plane[s][j] = j == 3 ? side[s][3] : 0;
                for (int r = 0; r < 3; ++r) plane[s][j] += side[s][r] * pose[4 * r + j];
            }
    }

    Point3 seen(const float *p) const {
        const auto row = [&](int r) {
            return double(m[4 * r] * p[0] + m[4 * r + 1] * p[1] + m[4 * r + 2] * p[2] +
                          m[4 * r + 3]);
        };
        return {row(0), row(1), row(2)};
    }

    // Whether a box (low, high) lies beyond one side of the view.
    bool misses(const float *box) const {
        for (const auto &n : plane) {
            double best = n[3];
            for (int k = 0; k < 3; ++k) best += n[k] * (n[k] > 0 ? box[3 + k] : box[k]);
            if (best < 0) return true;
        }
        return false;
    }
};

struct Scenes {
    const float *vertices;
    const int32_t *faces;
    const int64_t *vertex_offsets, *face_offsets;
    const float *boxes;  // of every kBlock faces of a scene, null for none
    const int64_t *first_box;
};

// Corners of one scene; the loop has no branches so that it runs in vectors.
void project_all(const Eye &eye, const float *vertices, int64_t count, Spot *out) {
    const float *m = eye.m;
    const float fx = float(eye.lens.fx), fy = float(eye.lens.fy), skew = float(eye.lens.skew);
    const float cx = float(eye.lens.cx), cy = float(eye.lens.cy), near = float(eye.lens.near);
    const float width = float(eye.lens.width), height = float(eye.lens.height);
    const float guard = float(kGuard);
    for (int64_t i = 0; i < count; ++i) {
        const float *p = vertices + 3 * i;
        const float x = m[0] * p[0] + m[1] * p[1] + m[2] * p[2] + m[3];
        const float y = m[4] * p[0] + m[5] * p[1] + m[6] * p[2] + m[7];
        const float z = m[8] * p[0] + m[9] * p[1] + m[10] * p[2] + m[11];
        const float across = fx * x + skew * y + cx * z, down = fy * y + cy * z;
        const float inverse = 1.0f / z;
        const float u = across * inverse, v = down * inverse;
        const bool plain = (z >= near) & (u >= -guard) & (v >= -guard) & (u <= width + guard) &
                           (v <= height + guard);
        const float a = plain ? u * kSubpixel : 0.0f, b = plain ? v * kSubpixel : 0.0f;
        out[i].x = int32_t((a + kRounder) - kRounder);
        out[i].y = int32_t((b + kRounder) - kRounder);
        out[i].inverse = inverse;
        out[i].code = (z < near ? 1 : 0) | (across < 0 ? 2 : 0) | (across > width * z ? 4 : 0) |
                      (down < 0 ? 8 : 0) | (down > height * z ? 16 : 0) | (plain ? 0 : kCut);
    }
}

Corner corner_of(const Spot &s) { return {s.x, s.y, s.inverse, true}; }

// Whether no pixel centre lies in the box of three corners.
bool between_centres(const Spot &a, const Spot &b, const Spot &c) {
    const int half = kSubpixel / 2;
    const auto none = [&](int32_t p, int32_t q, int32_t r) {
        return (std::min({p, q, r}) + half - 1) >> 8 > (std::max({p, q, r}) - half) >> 8;
    };
    return none(a.x, b.x, c.x) || none(a.y, b.y, c.y);
}

void add(const Corner &a, const Corner &b, const Corner &c, int32_t face, const Lens &lens,
         const Canvas &canvas) {
    Triangle t;
    Box box;
    if (arrange(a, b, c, face, lens.height, lens.width, t, box)) fill(t, box, canvas);
}

// False where a face has a corner that is not there, or one that is no number.
bool draw_face(const Eye &eye, const Scenes &s, int64_t first, int64_t count, int64_t face,
               const Spot *spots, const Canvas &canvas) {
    const int32_t *index = s.faces + 3 * face;
    for (int k = 0; k < 3; ++k)
        if (index[k] < first || index[k] >= first + count) return false;
    const Spot &a = spots[index[0] - first], &b = spots[index[1] - first],
               &c = spots[index[2] - first];
    if (a.code & b.code & c.code & (kCut - 1)) return true;
    if (!((a.code | b.code | c.code) & kCut)) {
        if (!between_centres(a, b, c))
            add(corner_of(a), corner_of(b), corner_of(c), int32_t(face), eye.lens, canvas);
        return true;
    }
    Point3 polygon[10];
    Corner cut[10];
    for (int k = 0; k < 3; ++k) {
        polygon[k] = eye.seen(s.vertices + 3 * int64_t(index[k]));
        if (!std::isfinite(polygon[k].x + polygon[k].y + polygon[k].z)) return false;
    }
    const int corners = clip_to_screen(eye.lens, polygon, cut);
    for (int k = 1; k + 1 < corners; ++k)
        add(cut[0], cut[k], cut[k + 1], int32_t(face), eye.lens, canvas);
    return true;
}

bool draw_scene(const Eye &eye, const Scenes &s, int64_t scene, std::vector<Spot> &spots,
                const Canvas &canvas) {
    const int64_t first = s.vertex_offsets[scene], count = s.vertex_offsets[scene + 1] - first;
    const int64_t begin = s.face_offsets[scene], end = s.face_offsets[scene + 1];
    if (int64_t(spots.size()) < count) spots.resize(count);
    project_all(eye, s.vertices + 3 * first, count, spots.data());
    for (int64_t block = begin, n = 0; block < end; block += kBlock, ++n) {
        if (s.boxes && eye.misses(s.boxes + 6 * (s.first_box[scene] + n))) continue;
        for (int64_t f = block; f < std::min<int64_t>(block + kBlock, end); ++f)
            if (!draw_face(eye, s, first, count, f, spots.data(), canvas)) return false;
    }
    return true;
}

}  // namespace

static std::tuple<Out<float>, Out<int32_t>> view_scenes(
    In<float, 2> vertices, In<int32_t, 2> faces, In<int64_t, 1> vertex_offsets,
    In<int64_t, 1> face_offsets, Maybe<float, 2> boxes, In<int64_t, 1> scene,
    In<double, 3> world_to_camera, In<double, 2> intrinsics, int height, int width, double near,
    int threads) {
    const size_t lanes = scene.shape(0), pixels = size_t(height) * width;
    auto depth = make<float>({lanes, size_t(height), size_t(width)});
    auto face = make<int32_t>({lanes, size_t(height), size_t(width)});
    const double *K = intrinsics.data();
    const Lens lens{K[0], K[1], K[2], K[4], K[5], near, height, width};
    const int stride = width + kLanes;
    const int32_t none = std::numeric_limits<int32_t>::max();
    std::atomic<bool> sound = true;
    {
        nb::gil_scoped_release released;
        std::vector<int64_t> first_box(face_offsets.shape(0), 0);
        for (size_t i = 1; i < first_box.size(); ++i) {
            const int64_t count = face_offsets.data()[i] - face_offsets.data()[i - 1];
            first_box[i] = first_box[i - 1] + (count + kBlock - 1) / kBlock;
        }
        const Scenes scenes{vertices.data(),     faces.data(),
                            vertex_offsets.data(), face_offsets.data(),
                            boxes ? boxes->data() : nullptr, first_box.data()};
#pragma omp parallel num_threads(threads)
        {
            std::vector<Spot> spots;
            std::vector<float> inverse(size_t(height) * stride);
            std::vector<int32_t> seen(inverse.size());
#pragma omp for schedule(dynamic, 1)
            for (int64_t lane = 0; lane < int64_t(lanes); ++lane) {
                std::fill(inverse.begin(), inverse.end(), 0.0f);
                std::fill(seen.begin(), seen.end(), none);
                const Eye eye(world_to_camera.data() + 12 * lane, lens);
                const Canvas canvas{0, 0, stride, inverse.data(), seen.data()};
                if (!draw_scene(eye, scenes, scene.data()[lane], spots, canvas)) sound = false;
                float *z = depth.data() + pixels * lane;
                int32_t *f = face.data() + pixels * lane;
                for (int y = 0; y < height; ++y)
                    for (int x = 0; x < width; ++x) {
                        const int32_t found = seen[size_t(y) * stride + x];
                        z[size_t(y) * width + x] = 1.0f / inverse[size_t(y) * stride + x];
                        f[size_t(y) * width + x] = found == none ? -1 : found;
                    }
            }
        }
    }
    if (!sound)
        throw std::invalid_argument(
            "a face has a vertex outside its scene, or one that is NaN or infinite");
    return {depth, face};
}

}  // namespace geomdl

NB_MODULE(GEOMDL_MODULE, m) {
    const auto strict = [] { return nb::arg().noconvert(); };
    m.def("view_scenes", &geomdl::view_scenes, strict(), strict(), strict(), strict(),
          nb::arg().none(), strict(), strict(), strict(), nb::arg(), nb::arg(), nb::arg(),
          nb::arg());
}
