// Sphere tracing of a volume of blocks; see the torch body for the rules.
#include <algorithm>
#include <cmath>
#include <limits>

#include "blocks.h"

namespace geomdl {

// Trilinear values of a volume; remembers the block it read last.
class Sampler {
  public:
    Sampler(const BlockTable &table, const float *tsdf, const float *weight)
        : table_(table), tsdf_(tsdf), weight_(weight) {}

    int32_t row(int32_t x, int32_t y, int32_t z) {
        if (x != last_[0] || y != last_[1] || z != last_[2]) {
            row_ = table_.find(x, y, z);
            last_[0] = x, last_[1] = y, last_[2] = z;
        }
        return row_;
    }

    // Position in cells from the origin -> value, NaN where one of the eight voxels is unseen.
    float at(const float *p) {
        int32_t low[3];
        float f[3];
        for (int a = 0; a < 3; ++a) {
            const float q = p[a] - 0.5f, whole = std::floor(q);
            low[a] = int32_t(whole);
            f[a] = q - whole;
        }
        float v[8];
        const int32_t in[3] = {low[0] & 7, low[1] & 7, low[2] & 7};
        if (in[0] < 7 && in[1] < 7 && in[2] < 7) {
            const int32_t block = row(low[0] >> 3, low[1] >> 3, low[2] >> 3);
            if (block < 0) return kUnknown;
            const int64_t base = int64_t(block) * kVoxels + in[0] * 64 + in[1] * 8 + in[2];
            for (int c = 0; c < 8; ++c) {
                const int64_t i = base + (c >> 2) * 64 + ((c >> 1) & 1) * 8 + (c & 1);
                if (!(weight_[i] > 0)) return kUnknown;
                v[c] = tsdf_[i];
            }
        } else {
            for (int c = 0; c < 8; ++c)
                if (!voxel(low[0] + (c >> 2), low[1] + ((c >> 1) & 1), low[2] + (c & 1), v[c]))
                    return kUnknown;
        }
        for (int c = 0; c < 4; ++c) v[c] += f[0] * (v[4 + c] - v[c]);
        for (int c = 0; c < 2; ++c) v[c] += f[1] * (v[2 + c] - v[c]);
        return v[0] + f[2] * (v[1] - v[0]);
    }

    static constexpr float kUnknown = std::numeric_limits<float>::quiet_NaN();

  private:
    bool voxel(int32_t x, int32_t y, int32_t z, float &value) {
        const int32_t block = row(x >> 3, y >> 3, z >> 3);
        if (block < 0) return false;
        const int64_t i = int64_t(block) * kVoxels + (x & 7) * 64 + (y & 7) * 8 + (z & 7);
        value = tsdf_[i];
        return weight_[i] > 0;
    }

    const BlockTable &table_;
    const float *tsdf_, *weight_;
    int32_t last_[3] = {INT32_MAX, 0, 0};
    int32_t row_ = -1;
};

// One ray in cells: start + t * direction, t is the depth in metres.
struct Ray {
    float start[3], direction[3], length;

    void at(float t, float *p) const {
        for (int a = 0; a < 3; ++a) p[a] = start[a] + t * direction[a];
    }
    // The depth at which the ray leaves the block that holds p.
    float leave(const float *p, const int32_t *block) const {
        float out = std::numeric_limits<float>::infinity();
        for (int a = 0; a < 3; ++a) {
            if (direction[a] == 0) continue;
            const float wall = float(kSide * (block[a] + (direction[a] > 0 ? 1 : 0)));
            out = std::min(out, (wall - p[a]) / direction[a]);
        }
        return std::max(out, 0.0f);
    }
};

// Depth of the first crossing from positive to negative, or 0.
static float trace(const Ray &ray, Sampler &volume, float near, float far, float band) {
    float before = Sampler::kUnknown, t_before = near, p[3];
    const float one = 1 / ray.length;
    for (float t = near; t < far;) {
        ray.at(t, p);
        int32_t block[3];
        for (int a = 0; a < 3; ++a) block[a] = int32_t(std::floor(p[a] / kSide));
        if (volume.row(block[0], block[1], block[2]) < 0) {
            before = Sampler::kUnknown;
            t += ray.leave(p, block) + 0.05f * one;
            continue;
        }
        const float value = volume.at(p);
        if (value <= 0) {
            if (!(before > 0)) return 0;
            return t_before + (t - t_before) * before / (before - value);
        }
        before = value;
        t_before = t;
        t += std::max(value > 0 ? 0.8f * band * value : 0.0f, 1.0f) * one;
    }
    return 0;
}

static bool gradient(Sampler &volume, const float *p, float *out) {
    float length = 0;
    for (int a = 0; a < 3; ++a) {
        float q[3] = {p[0], p[1], p[2]};
        q[a] = p[a] + 0.5f;
        const float above = volume.at(q);
        q[a] = p[a] - 0.5f;
        out[a] = above - volume.at(q);
        length += out[a] * out[a];
    }
    if (!(length > 0)) return false;
    length = std::sqrt(length);
    for (int a = 0; a < 3; ++a) out[a] /= length;
    return true;
}

std::tuple<Out<float>, Out<float>> cast_blocks(In<float, 4> tsdf, In<float, 4> weight,
                                               In<int32_t, 2> coordinates, In<float, 1> origin,
                                               In<float, 2> intrinsics, In<float, 2> pose,
                                               double cell, double truncation, int64_t height,
                                               int64_t width, double near, double far,
                                               int threads) {
    auto points = make<float>({size_t(height), size_t(width), 3});
    auto normals = make<float>({size_t(height), size_t(width), 3});
    float *points_out = points.data(), *normals_out = normals.data();
    std::fill(points_out, points_out + 3 * height * width, 0.0f);
    std::fill(normals_out, normals_out + 3 * height * width, 0.0f);
    const float *k = intrinsics.data(), *m = pose.data(), *o = origin.data();
    nb::gil_scoped_release free;
    const BlockTable table(coordinates.data(), coordinates.shape(0));
    const float scale = float(1 / cell), band = float(truncation / cell);
#pragma omp parallel for num_threads(threads) schedule(dynamic, 4)
    for (int64_t y = 0; y < height; ++y) {
        Sampler volume(table, tsdf.data(), weight.data());
        for (int64_t x = 0; x < width; ++x) {
            const float lens[3] = {(float(x) + 0.5f - k[2]) / k[0],
                                   (float(y) + 0.5f - k[5]) / k[4], 1.0f};
            Ray ray;
            float square = 0;
            for (int a = 0; a < 3; ++a) {
                const float eye = -(m[a] * m[3] + m[4 + a] * m[7] + m[8 + a] * m[11]);
                const float d = m[a] * lens[0] + m[4 + a] * lens[1] + m[8 + a] * lens[2];
                ray.start[a] = (eye - o[a]) * scale;
                ray.direction[a] = d * scale;
                square += ray.direction[a] * ray.direction[a];
            }
            ray.length = std::sqrt(square);
            const float t = trace(ray, volume, float(near), float(far), band);
            if (!(t > 0)) continue;
            const int64_t at = 3 * (y * width + x);
            float p[3], g[3];
            ray.at(t, p);
            for (int a = 0; a < 3; ++a) points_out[at + a] = lens[a] * t;
            if (!gradient(volume, p, g)) continue;
            for (int a = 0; a < 3; ++a)
                normals_out[at + a] = m[4 * a] * g[0] + m[4 * a + 1] * g[1] + m[4 * a + 2] * g[2];
        }
    }
    return {points, normals};
}

}  // namespace geomdl

NB_MODULE(GEOMDL_MODULE, m) {
    const auto plain = nb::arg().noconvert();
    m.def("cast_blocks", &geomdl::cast_blocks, plain, plain, plain, plain, plain, plain, nb::arg(),
          nb::arg(), nb::arg(), nb::arg(), nb::arg(), nb::arg(), nb::arg());
}
