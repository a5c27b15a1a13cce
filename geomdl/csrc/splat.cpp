#include "kernel.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace geomdl {
namespace {

constexpr int kMostPixels = 32;
constexpr uint64_t kNothing = std::numeric_limits<uint64_t>::max();

struct Lens {
    float fx, skew, cx, fy, cy;
};

struct Disc {
    int32_t index;
    float u, v, size;
};

// Depth bits above the index: one minimum settles depth, then index.
uint64_t key_of(float depth, int32_t index) {
    uint32_t bits;
    std::memcpy(&bits, &depth, sizeof bits);
    return uint64_t(bits) << 32 | uint32_t(index);
}

struct Cloud {
    const float *points, *normals;
    Lens lens;
    int height, width;
    float radius;

    bool disc_of(int64_t i, Disc &disc) const {
        const float *p = points + 3 * i;
        if (!(p[2] > 1e-6f)) return false;
        disc.index = int32_t(i);
        disc.u = (lens.fx * p[0] + lens.skew * p[1]) / p[2] + lens.cx;
        disc.v = lens.fy * p[1] / p[2] + lens.cy;
        disc.size = std::min(radius * lens.fx / p[2], float(kMostPixels));
        return disc.u > -disc.size && disc.u < width + disc.size && disc.v > -disc.size &&
               disc.v < height + disc.size;
    }

    // Depth where the pixel's ray meets the disc, or a negative number.
    float meet(const float *p, const float *n, int column, int row) const {
        const float y = (row + 0.5f - lens.cy) / lens.fy;
        const float x = (column + 0.5f - lens.cx - lens.skew * y) / lens.fx;
        float depth = p[2];
        if (n) {
            const float along = n[0] * x + n[1] * y + n[2];
            depth = (n[0] * p[0] + n[1] * p[1] + n[2] * p[2]) / along;
        }
        const float dx = depth * x - p[0], dy = depth * y - p[1], dz = depth - p[2];
        return dx * dx + dy * dy + dz * dz <= radius * radius ? depth : -1;
    }

    void draw(const Disc &disc, int top, int bottom, uint64_t *best) const {
        const float *p = points + 3 * int64_t(disc.index);
        const float *n = normals ? normals + 3 * int64_t(disc.index) : nullptr;
        const int column = int(std::floor(disc.u)), row = int(std::floor(disc.v));
        const int reach = std::min(int(disc.size) + 1, kMostPixels);
        const int left = std::max(column - reach, 0), right = std::min(column + reach, width - 1);
        for (int y = std::max(row - reach, top); y <= std::min(row + reach, bottom - 1); ++y)
            for (int x = left; x <= right; ++x) {
                float depth = meet(p, n, x, y);
                if (!(depth > 0)) {
                    if (x != column || y != row) continue;
                    depth = p[2];
                }
                uint64_t &held = best[int64_t(y) * width + x];
                held = std::min(held, key_of(depth, disc.index));
            }
    }
};

void draw_all(const Cloud &cloud, int64_t count, std::vector<uint64_t> &best, int threads) {
    std::vector<std::vector<Disc>> shares(threads);
#pragma omp parallel num_threads(threads)
    {
#pragma omp for schedule(static, 1)
        for (int t = 0; t < threads; ++t) {
            Disc disc;
            for (int64_t i = count * t / threads; i < count * (t + 1) / threads; ++i)
                if (cloud.disc_of(i, disc)) shares[t].push_back(disc);
        }
#pragma omp for schedule(static, 1)
        for (int t = 0; t < threads; ++t) {
            const int top = int(int64_t(cloud.height) * t / threads);
            const int bottom = int(int64_t(cloud.height) * (t + 1) / threads);
            for (const auto &share : shares)
                for (const Disc &disc : share)
                    if (disc.v + disc.size + 2 >= top && disc.v - disc.size - 2 <= bottom)
                        cloud.draw(disc, top, bottom, best.data());
        }
    }
}

}  // namespace

std::tuple<Out<int64_t>, Out<float>> splat(In<float, 2> points, Maybe<float, 2> normals,
                                           In<float, 2> intrinsics, int height, int width,
                                           double radius, int threads) {
    const float *K = intrinsics.data();
    const Cloud cloud{points.data(), normals ? normals->data() : nullptr,
                      {K[0], K[1], K[2], K[4], K[5]}, height, width, float(radius)};
    const int64_t count = int64_t(points.shape(0)), pixels = int64_t(height) * width;
    auto index = make<int64_t>({size_t(height), size_t(width)});
    auto depth = make<float>({size_t(height), size_t(width)});
    int64_t *found = index.data();
    float *z = depth.data();
    {
        nb::gil_scoped_release released;
        std::vector<uint64_t> best(pixels, kNothing);
        draw_all(cloud, count, best, std::max(threads, 1));
        for (int64_t i = 0; i < pixels; ++i) {
            const uint32_t bits = uint32_t(best[i] >> 32);
            found[i] = best[i] == kNothing ? -1 : int64_t(best[i] & 0xffffffffu);
            std::memcpy(z + i, &bits, sizeof bits);
            if (best[i] == kNothing) z[i] = std::numeric_limits<float>::infinity();
        }
    }
    return {index, depth};
}

}  // namespace geomdl

NB_MODULE(GEOMDL_MODULE, m) {
    m.def("splat", &geomdl::splat, nb::arg().noconvert(), nb::arg().none(),
          nb::arg().noconvert(), nb::arg(), nb::arg(), nb::arg(), nb::arg());
}
