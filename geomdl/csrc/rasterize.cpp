#include "fill.h"
#include "kernel.h"

#include <limits>

namespace geomdl {
namespace {

constexpr int kTile = 64;    // pixels per side
constexpr int kStride = kTile + kLanes;  // lanes past the right border land in the padding

struct Tile {
    float inverse[kTile * kStride];
    int32_t face[kTile * kStride];
};

struct Scene {
    const int64_t *faces;
    int64_t face_begin, face_end;
    int64_t vertex_begin, vertex_end;  // all that the faces use
    Lens lens;
    bool cull;
    int columns() const { return (lens.width + kTile - 1) / kTile; }
    int rows() const { return (lens.height + kTile - 1) / kTile; }
};

// Triangles of one thread's share of the faces, and for each tile those that may touch it.
struct Share {
    std::vector<Triangle> triangles;
    std::vector<std::vector<uint32_t>> bins;
};

// Whether an edge has the whole tile on its outer side.
bool misses(const Triangle &t, Box box) {
    const int next[4] = {0, 1, 2, 0};
    for (int k = 0; k < 3; ++k) {
        const Edge e = edge_of(t, next[k], next[k + 1], box.left, box.top);
        const int64_t best = e.start + std::max<int64_t>(e.dx, 0) * (box.right - box.left) +
                             std::max<int64_t>(e.dy, 0) * (box.bottom - box.top);
        if (best < 0) return true;
    }
    return false;
}

Box overlap(Box a, int left, int top) {
    return {std::max(a.left, left), std::max(a.top, top), std::min(a.right, left + kTile - 1),
            std::min(a.bottom, top + kTile - 1)};
}

void add(const Scene &s, const Corner &a, const Corner &b, const Corner &c, int64_t face,
         Share &share) {
    Triangle t;
    Box box;
    if (!arrange(a, b, c, int(face), s.lens.height, s.lens.width, t, box)) return;
    const uint32_t index = uint32_t(share.triangles.size());
    const bool single = box.left / kTile == box.right / kTile && box.top / kTile == box.bottom / kTile;
    for (int row = box.top / kTile; row <= box.bottom / kTile; ++row)
        for (int column = box.left / kTile; column <= box.right / kTile; ++column)
            if (single || !misses(t, overlap(box, column * kTile, row * kTile)))
                share.bins[row * s.columns() + column].push_back(index);
    share.triangles.push_back(t);
}

template <typename T>
Point3 point(const T *vertices, int64_t index) {
    return {double(vertices[3 * index]), double(vertices[3 * index + 1]),
            double(vertices[3 * index + 2])};
}

Point3 cross(Point3 a, Point3 b) {
    return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}

double dot(Point3 a, Point3 b) { return a.x * b.x + a.y * b.y + a.z * b.z; }

// Corners are those of the vertices from vertex_begin on.
template <typename T>
void set_up(const Scene &s, const T *vertices, const Corner *corners, int64_t begin, int64_t end,
            Share &share) {
    share.bins.resize(size_t(s.columns()) * s.rows());
    share.triangles.reserve(size_t(end - begin) / 2);
    for (int64_t f = begin; f < end; ++f) {
        const int64_t *v = s.faces + 3 * f;
        if (s.cull) {
            const Point3 a = point(vertices, v[0]);
            const Point3 n = cross(point(vertices, v[1]), point(vertices, v[2]));
            if (dot(a, n) >= 0) continue;
        }
        const int64_t first = s.vertex_begin;
        const Corner &a = corners[v[0] - first], &b = corners[v[1] - first],
                     &c = corners[v[2] - first];
        if (a.plain && b.plain && c.plain) {
            add(s, a, b, c, f, share);
            continue;
        }
        Point3 polygon[10];
        Corner cut[10];
        for (int k = 0; k < 3; ++k) polygon[k] = point(vertices, v[k]);
        const int count = clip_to_screen(s.lens, polygon, cut);
        for (int k = 1; k + 1 < count; ++k) add(s, cut[0], cut[k], cut[k + 1], f, share);
    }
}

// Weights of a face's corners where the pixel's ray meets its plane: u, v, w are the ray times
// the normals of the three planes through the eye and an edge.
struct Surface {
    Point3 u, v, w;
    double z[3];

    template <typename T>
    Surface(const T *vertices, const int64_t *f) {
        const Point3 a = point(vertices, f[0]), b = point(vertices, f[1]),
                     c = point(vertices, f[2]);
        u = cross(b, c), v = cross(c, a), w = cross(a, b);
        z[0] = a.z, z[1] = b.z, z[2] = c.z;
    }

    double at(double x, double y, double *weight) const {
        const double p[3] = {x * u.x + y * u.y + u.z, x * v.x + y * v.y + v.z,
                             x * w.x + y * w.y + w.z};
        const double total = p[0] + p[1] + p[2];
        double inside = 0;
        for (int k = 0; k < 3; ++k) inside += weight[k] = std::max(p[k] / total, 0.0);
        const bool hit = inside > 0 && inside < std::numeric_limits<double>::infinity();
        const double factor = 1 / inside;
        for (int k = 0; k < 3; ++k) weight[k] = hit ? weight[k] * factor : 1.0 / 3;
        return weight[0] * z[0] + weight[1] * z[1] + weight[2] * z[2];
    }
};

template <typename T>
struct Image {
    int64_t *face;
    T *depth, *barycentric;
};

template <typename T>
void resolve(const Scene &s, const T *vertices, const Tile &tile, int left, int top,
             Image<T> image) {
    const Lens &k = s.lens;
    const int right = std::min(left + kTile, k.width), bottom = std::min(top + kTile, k.height);
    for (int row = top; row < bottom; ++row) {
        const double y = (row + 0.5 - k.cy) / k.fy;
        const int32_t *seen = tile.face + (row - top) * kStride;
        for (int column = left; column < right; ++column) {
            const int64_t at = int64_t(row) * k.width + column;
            T *barycentric = image.barycentric + 3 * at;
            const int32_t face = seen[column - left];
            if (face == std::numeric_limits<int32_t>::max()) {
                image.face[at] = -1;
                image.depth[at] = std::numeric_limits<T>::infinity();
                barycentric[0] = barycentric[1] = barycentric[2] = 0;
                continue;
            }
            double weight[3];
            const Surface surface(vertices, s.faces + 3 * int64_t(face));
            const double x = (column + 0.5 - k.cx - k.skew * y) / k.fx;
            image.face[at] = face;
            image.depth[at] = T(surface.at(x, y, weight));
            for (int j = 0; j < 3; ++j) barycentric[j] = T(weight[j]);
        }
    }
}

template <typename T>
void draw_tile(const Scene &s, const T *vertices, const std::vector<Share> &shares, int number,
               Image<T> image) {
    const int left = number % s.columns() * kTile, top = number / s.columns() * kTile;
    alignas(64) Tile tile;
    std::fill(std::begin(tile.inverse), std::end(tile.inverse), 0.0f);
    std::fill(std::begin(tile.face), std::end(tile.face), std::numeric_limits<int32_t>::max());
    for (const Share &share : shares)
        for (uint32_t index : share.bins[number]) {
            const Triangle &t = share.triangles[index];
            const Box box = overlap(box_of(t, s.lens.height, s.lens.width), left, top);
            fill(t, box, {left, top, kStride, tile.inverse, tile.face});
        }
    resolve(s, vertices, tile, left, top, image);
}

template <typename T>
void render(const Scene &s, const T *vertices, Image<T> image, int threads) {
    std::vector<Corner> corners(s.vertex_end - s.vertex_begin);
    std::vector<Share> shares(threads);
    const int64_t count = s.face_end - s.face_begin;
#pragma omp parallel num_threads(threads)
    {
#pragma omp for schedule(static)
        for (int64_t i = s.vertex_begin; i < s.vertex_end; ++i)
            corners[i - s.vertex_begin] = corner_of(s.lens, point(vertices, i));
#pragma omp for schedule(static, 1)
        for (int i = 0; i < threads; ++i)
            set_up(s, vertices, corners.data(), s.face_begin + count * i / threads,
                   s.face_begin + count * (i + 1) / threads, shares[i]);
#pragma omp for schedule(dynamic, 1)
        for (int i = 0; i < s.columns() * s.rows(); ++i)
            draw_tile(s, vertices, shares, i, image);
    }
}

// One mesh of a packed batch: its faces, and the range of vertices that they use.
void pick_item(Scene &s, const int64_t *offsets) {
    s.face_begin = offsets[0], s.face_end = offsets[1];
    const int64_t *begin = s.faces + 3 * offsets[0], *end = s.faces + 3 * offsets[1];
    s.vertex_begin = s.vertex_end = 0;
    if (begin == end) return;
    const auto [low, high] = std::minmax_element(begin, end);
    s.vertex_begin = *low, s.vertex_end = *high + 1;
}

Lens lens_of(const double *K, double near, int height, int width) {
    return {K[0], K[1], K[2], K[4], K[5], near, height, width};
}

}  // namespace

template <typename T>
std::tuple<Out<int64_t>, Out<T>, Out<T>> scan_convert(In<T, 3> vertices, In<int64_t, 2> faces,
                                                      In<double, 3> intrinsics,
                                                      Maybe<int64_t, 1> face_offsets, int height,
                                                      int width, double near, bool cull,
                                                      int threads) {
    const size_t batch = intrinsics.shape(0), pixels = size_t(height) * width;
    auto face = make<int64_t>({batch, size_t(height), size_t(width)});
    auto depth = make<T>({batch, size_t(height), size_t(width)});
    auto barycentric = make<T>({batch, size_t(height), size_t(width), 3});
    const int64_t count = vertices.shape(1);
    {
        nb::gil_scoped_release released;
        for (size_t i = 0; i < batch; ++i) {
            const double *K = intrinsics.data() + 9 * i;
            const T *points = vertices.data() + (vertices.shape(0) > 1 ? 3 * count * i : 0);
            Scene s{faces.data(), 0,     int64_t(faces.shape(0)),
                    0,            count, lens_of(K, near, height, width),
                    cull};
            if (face_offsets) pick_item(s, face_offsets->data() + i);
            Image<T> image{face.data() + pixels * i, depth.data() + pixels * i,
                           barycentric.data() + 3 * pixels * i};
            render(s, points, image, std::max(threads, 1));
        }
    }
    return {face, depth, barycentric};
}

}  // namespace geomdl

NB_MODULE(GEOMDL_MODULE, m) {
    using geomdl::scan_convert;
    const auto no = [] { return nb::arg().noconvert(); };
    m.def("scan_convert", &scan_convert<float>, no(), no(), no(), nb::arg().none(), nb::arg(),
          nb::arg(), nb::arg(), nb::arg(), nb::arg());
    m.def("scan_convert", &scan_convert<double>, no(), no(), no(), nb::arg().none(), nb::arg(),
          nb::arg(), nb::arg(), nb::arg(), nb::arg());
}
