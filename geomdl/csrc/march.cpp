// Rays through hashed blocks: depth, normals and colours of a TSDF volume seen from a camera.
#include <algorithm>
#include <cmath>
#include <limits>

#include "blocks.h"

namespace geomdl {

constexpr float kFar = std::numeric_limits<float>::infinity();
constexpr int kTile = 8;

struct Vec {
    float x, y, z;
};
static Vec operator+(Vec a, Vec b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
static Vec operator*(Vec a, float s) { return {a.x * s, a.y * s, a.z * s}; }

struct Blocks {
    const float *tsdf, *weight, *color;
    const int32_t *coordinates;
    int64_t count;
    float least;
    BlockTable table;
};

// Reads voxels by integer position. It remembers one block of each parity of (x, y, z), so that the
// eight blocks around a corner never drive each other out.
class Probe {
  public:
    explicit Probe(const Blocks &blocks) : b_(blocks) {}

    // Index of a known voxel, or -1 where its block is missing, or -2 where its weight is low.
    int64_t known(int x, int y, int z) {
        const int32_t row = row_of(x >> 3, y >> 3, z >> 3);
        if (row < 0) return -1;
        const int64_t at = int64_t(row) * kVoxels + ((x & 7) * 8 + (y & 7)) * 8 + (z & 7);
        return b_.weight[at] > b_.least ? at : -2;
    }

    // Indices of the 8 corners of the cell at (x, y, z), z fastest; false where one is unknown.
    bool corners(int x, int y, int z, int64_t *at) {
        if ((x & 7) < 7 && (y & 7) < 7 && (z & 7) < 7) {
            const int32_t row = row_of(x >> 3, y >> 3, z >> 3);
            if (row < 0) return false;
            const int64_t first = int64_t(row) * kVoxels + ((x & 7) * 8 + (y & 7)) * 8 + (z & 7);
            bool all = true;
            for (int c = 0; c < 8; ++c) {
                at[c] = first + (c >> 2) * 64 + (c >> 1 & 1) * 8 + (c & 1);
                all &= b_.weight[at[c]] > b_.least;
            }
            return all;
        }
        for (int c = 0; c < 8; ++c) {
            at[c] = known(x + (c >> 2), y + (c >> 1 & 1), z + (c & 1));
            if (at[c] < 0) return false;
        }
        return true;
    }

    // Trilinear value at g, in voxels; false where a corner is unknown.
    bool value(Vec g, float *out) {
        const float fx = std::floor(g.x), fy = std::floor(g.y), fz = std::floor(g.z);
        int64_t at[8];
        if (!corners(int(fx), int(fy), int(fz), at)) return false;
        *out = blend(b_.tsdf, at, {g.x - fx, g.y - fy, g.z - fz});
        return true;
    }

    static float blend(const float *values, const int64_t *at, Vec t) {
        float edge[4];
        for (int i = 0; i < 4; ++i) {
            const float low = values[at[2 * i]], high = values[at[2 * i + 1]];
            edge[i] = low + (high - low) * t.z;
        }
        const float a = edge[0] + (edge[1] - edge[0]) * t.y;
        const float b = edge[2] + (edge[3] - edge[2]) * t.y;
        return a + (b - a) * t.x;
    }

    // Central difference of the trilinear values over two cells, in units of a voxel's value.
    Vec gradient(Vec g) {
        const int low[3] = {int(std::floor(g.x)), int(std::floor(g.y)), int(std::floor(g.z))};
        const Vec t{g.x - low[0], g.y - low[1], g.z - low[2]};
        float v[4][4][4];  // the cell and what lies one voxel from it along each axis
        for (int i = 0; i < 4; ++i)
            for (int j = 0; j < 4; ++j) {
                const int outer = (i == 0 || i == 3) + (j == 0 || j == 3);
                if (outer == 2) continue;
                for (int k = outer; k < 4 - outer; ++k) {
                    const int64_t at = known(low[0] + i - 1, low[1] + j - 1, low[2] + k - 1);
                    if (at < 0) return sparse_gradient(g);
                    v[i][j][k] = b_.tsdf[at];
                }
            }
        auto mix = [&](int i, int j, int k) {
            auto line = [&](int x, int y) {
                return v[x][y][k] + (v[x][y][k + 1] - v[x][y][k]) * t.z;
            };
            const float a = line(i, j) + (line(i, j + 1) - line(i, j)) * t.y;
            const float b = line(i + 1, j) + (line(i + 1, j + 1) - line(i + 1, j)) * t.y;
            return a + (b - a) * t.x;
        };
        return {mix(2, 1, 1) - mix(0, 1, 1), mix(1, 2, 1) - mix(1, 0, 1),
                mix(1, 1, 2) - mix(1, 1, 0)};
    }

    // The same where a voxel is unknown: one-sided within the cell.
    Vec sparse_gradient(Vec g) {
        const Vec axes[3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
        float slope[3];
        for (int a = 0; a < 3; ++a) {
            float ahead = 0, behind = 0, here = 0;
            const bool up = value(g + axes[a], &ahead), down = value(g + axes[a] * -1, &behind);
            if (!(up && down)) value(g, &here);
            slope[a] = up && down ? ahead - behind
                       : up       ? 2 * (ahead - here)
                       : down     ? 2 * (here - behind)
                                  : 0;
        }
        return {slope[0], slope[1], slope[2]};
    }

    int32_t row_of(int x, int y, int z) {
        Kept &kept = kept_[(x & 1) * 4 + (y & 1) * 2 + (z & 1)];
        if (kept.x != x || kept.y != y || kept.z != z) kept = {x, y, z, b_.table.find(x, y, z)};
        return kept.row;
    }

  private:
    struct Kept {
        int x = std::numeric_limits<int>::min(), y = 0, z = 0, row = -1;
    };
    const Blocks &b_;
    Kept kept_[8];
};

struct View {
    Pinhole camera;
    const float *pose, *origin;
    float cell, truncation, near, far;
    int height, width;

    Vec turn(float x, float y, float z) const {  // camera direction to world
        return {pose[0] * x + pose[4] * y + pose[8] * z, pose[1] * x + pose[5] * y + pose[9] * z,
                pose[2] * x + pose[6] * y + pose[10] * z};
    }
    Vec center() const {  // camera centre in voxels
        const Vec c = turn(-pose[3], -pose[7], -pose[11]);
        const float s = 1 / cell;
        return {(c.x - origin[0]) * s - 0.5f, (c.y - origin[1]) * s - 0.5f,
                (c.z - origin[2]) * s - 0.5f};
    }
};

// Nearest and farthest depth of any block in each tile of the image.
struct Ranges {
    int across, down;
    std::vector<float> low, high;

    Ranges(const View &v, const Blocks &blocks)
        : across((v.width + kTile - 1) / kTile), down((v.height + kTile - 1) / kTile),
          low(size_t(across) * down, kFar), high(size_t(across) * down, 0.0f) {
        for (int64_t b = 0; b < blocks.count; ++b) add(v, blocks.coordinates + 3 * b);
    }

    void add(const View &v, const int32_t *c) {
        float zlow = kFar, zhigh = -kFar, box[4] = {kFar, kFar, -kFar, -kFar};
        for (int n = 0; n < 8; ++n) {
            float p[3];
            for (int a = 0; a < 3; ++a)
                p[a] = v.origin[a] + kSide * v.cell * float(c[a] + (n >> a & 1));
            const float *m = v.pose;
            const float z = m[8] * p[0] + m[9] * p[1] + m[10] * p[2] + m[11];
            const float x = m[0] * p[0] + m[1] * p[1] + m[2] * p[2] + m[3];
            const float y = m[4] * p[0] + m[5] * p[1] + m[6] * p[2] + m[7];
            zlow = std::min(zlow, z), zhigh = std::max(zhigh, z);
            const float depth = std::max(z, 1e-3f);
            const float u = v.camera.fx * x / depth + v.camera.cx;
            const float w = v.camera.fy * y / depth + v.camera.cy;
            box[0] = std::min(box[0], u), box[1] = std::min(box[1], w);
            box[2] = std::max(box[2], u), box[3] = std::max(box[3], w);
        }
        if (zhigh < v.near || zlow > v.far) return;
        if (zlow < 1e-2f) box[0] = box[1] = 0, box[2] = float(v.width), box[3] = float(v.height);
        if (box[2] < 0 || box[3] < 0 || box[0] > v.width || box[1] > v.height) return;
        const int x0 = int(std::max(box[0], 0.0f)) / kTile;
        const int y0 = int(std::max(box[1], 0.0f)) / kTile;
        const int x1 = std::min(int(std::min(box[2], float(v.width))) / kTile, across - 1);
        const int y1 = std::min(int(std::min(box[3], float(v.height))) / kTile, down - 1);
        for (int y = y0; y <= y1; ++y)
            for (int x = x0; x <= x1; ++x) {
                float &l = low[y * across + x], &h = high[y * across + x];
                l = std::min(l, zlow), h = std::max(h, zhigh);
            }
    }
};

struct Ray {
    Vec start, step;  // voxels, and voxels per metre of depth
    Vec at(float z) const { return start + step * z; }
};

// Depth at which the ray leaves the block that holds position g.
static float block_exit(const Ray &ray, Vec g, float z) {
    const float p[3] = {g.x, g.y, g.z}, d[3] = {ray.step.x, ray.step.y, ray.step.z};
    float exit = kFar;
    for (int a = 0; a < 3; ++a) {
        if (d[a] == 0) continue;
        const float low = std::floor((p[a] + 0.5f) / kSide) * kSide - 0.5f;
        exit = std::min(exit, ((d[a] > 0 ? low + kSide : low) - p[a]) / d[a]);
    }
    return z + std::max(exit, 0.0f);
}

struct Crossing {
    float z, value, before, value_before;
};

// Depth of the crossing by three steps of regula falsi.
static float refine(Probe &probe, const Ray &ray, Crossing c, float close) {
    float low = c.before, value_low = c.value_before, up = c.z, value_up = c.value, middle = up;
    float found;
    if (value_low >= close && probe.value(ray.at(low), &found) && found > 0) value_low = found;
    for (int i = 0; i < 3; ++i) {
        middle = low + (up - low) * value_low / (value_low - value_up);
        if (!probe.value(ray.at(middle), &found) || std::abs(found) < 1e-4f) break;
        if (found >= 0) low = middle, value_low = found;
        else up = middle, value_up = found;
    }
    return middle;
}

// The first crossing from outside to inside between depths near and far, or infinity; no block is
// seen in front of low or behind high. Unknown depths are multiples of least: whatever is skipped,
// the ray goes on where the body's would.
static float first_crossing(Probe &probe, const float *tsdf, const Ray &ray, const View &view,
                            float low, float high, float least) {
    constexpr float kNone = kFar;
    const float close = std::min(2 * view.cell / view.truncation, 1.0f);
    float z = view.near, before = kNone, value_before = 0;  // the last with a positive value
    bool behind = false;
    const float per = 1 / least;
    const auto skip = [&](float empty_until) {
        const float next = std::floor(z * per + 0.5f) + 1;
        z = std::max(next, std::floor(empty_until * per - 0.01f) + 1) * least;
    };
    if (low > z) skip(low);
    while (z < high) {
        const Vec g = ray.at(z);
        const int64_t at = probe.known(int(std::floor(g.x + 0.5f)), int(std::floor(g.y + 0.5f)),
                                       int(std::floor(g.z + 0.5f)));
        float value = at < 0 ? 0 : tsdf[at];  // the nearest voxel will do far from the surface
        if (at < 0 || (value < close && !probe.value(g, &value))) {
            before = kNone, behind = false;
            skip(at == -1 ? block_exit(ray, g, z) : z);
        } else if (value >= 0) {
            if (behind) return kFar;  // came out of the back of a surface
            before = z, value_before = value;
            z += std::max(0.7f * value * view.truncation, least);
        } else if (before == kNone) {
            behind = true;
            z += least;
        } else {
            return refine(probe, ray, {z, value, before, value_before}, close);
        }
    }
    return kFar;
}

using Images = std::tuple<Out<float>, Out<float>, Out<float>>;

Images march_blocks(In<float, 4> tsdf, In<float, 4> weight, Maybe<float, 5> color,
                    In<int32_t, 2> coordinates, In<float, 2> intrinsics, In<float, 2> pose,
                    In<float, 1> origin, double cell, double truncation, int64_t height,
                    int64_t width, double near, double far, double least, int threads) {
    const int64_t count = tsdf.shape(0);
    const Blocks blocks{tsdf.data(), weight.data(), color ? color->data() : nullptr,
                        coordinates.data(), count, float(least),
                        BlockTable(coordinates.data(), count)};
    const View view{Pinhole(intrinsics.data()), pose.data(), origin.data(), float(cell),
                    float(truncation), float(near), float(far), int(height), int(width)};
    const Ranges ranges(view, blocks);
    auto depth = make<float>({size_t(height), size_t(width)});
    auto normal = make<float>({size_t(height), size_t(width), 3});
    auto image = make<float>({color ? size_t(height) : 0, color ? size_t(width) : 0, 3});
    float *depths = depth.data(), *normals = normal.data(), *colors = image.data();
    const Vec center = view.center();
#pragma omp parallel for num_threads(threads) schedule(dynamic, 4)
    for (int tile = 0; tile < ranges.across * ranges.down; ++tile) {
        Probe probe(blocks);
        const int x0 = tile % ranges.across * kTile, y0 = tile / ranges.across * kTile;
        const float low = ranges.low[tile];
        const float high = std::min(ranges.high[tile] + view.cell, view.far);
        for (int y = y0; y < std::min(y0 + kTile, view.height); ++y)
            for (int x = x0; x < std::min(x0 + kTile, view.width); ++x) {
                const int64_t pixel = int64_t(y) * width + x;
                const float rx = (x + 0.5f - view.camera.cx) / view.camera.fx;
                const float ry = (y + 0.5f - view.camera.cy) / view.camera.fy;
                const Ray ray{center, view.turn(rx, ry, 1) * (1 / view.cell)};
                const float least = 0.7f * (view.cell / std::sqrt(rx * rx + ry * ry + 1));
                const float z =
                    first_crossing(probe, blocks.tsdf, ray, view, low, high, least);
                depths[pixel] = z;
                Vec n{0, 0, 0};
                float tint[3] = {0, 0, 0};
                if (z < kFar) {
                    const Vec g = ray.at(z);
                    n = probe.gradient(g);
                    const float size = std::sqrt(n.x * n.x + n.y * n.y + n.z * n.z);
                    n = n * (size > 0 ? 1 / size : 0);
                    const Vec f{std::floor(g.x), std::floor(g.y), std::floor(g.z)};
                    int64_t at[8];
                    if (colors && color && probe.corners(int(f.x), int(f.y), int(f.z), at)) {
                        for (int64_t &i : at) i += i / kVoxels * 2 * kVoxels;
                        for (int c = 0; c < 3; ++c)
                            tint[c] = Probe::blend(blocks.color + c * kVoxels, at,
                                                   {g.x - f.x, g.y - f.y, g.z - f.z});
                    }
                }
                const float parts[3] = {n.x, n.y, n.z};
                std::copy(parts, parts + 3, normals + 3 * pixel);
                if (color) std::copy(tint, tint + 3, colors + 3 * pixel);
            }
    }
    return {depth, normal, image};
}

}  // namespace geomdl

NB_MODULE(GEOMDL_MODULE, m) {
    const auto plain = nb::arg().noconvert();
    const auto maybe = nb::arg().noconvert().none();
    m.def("march_blocks", &geomdl::march_blocks, plain, plain, maybe, plain, plain, plain, plain,
          nb::arg(), nb::arg(), nb::arg(), nb::arg(), nb::arg(), nb::arg(), nb::arg(), nb::arg());
}
