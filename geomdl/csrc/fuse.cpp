// TSDF fusion: the weighted running mean of truncated distances, on blocks and on dense grids.
#include <algorithm>
#include <cmath>
#include <limits>

#include "blocks.h"

namespace geomdl {

template <typename T, int Rank>
using InOut = nb::ndarray<T, nb::ndim<Rank>, nb::c_contig, nb::device::cpu>;

// One depth (and colour) image as the update loops need it. Coloured pixels are packed as red,
// green, blue, depth, so that a voxel reads one cache line.
struct Frame {
    const float *depth, *packed, *weight;
    int height, width;
    Pinhole camera;
    float pose[12];
    float truncation, max_weight;
};

constexpr int kRun = 64;

// Camera offsets of a run of voxels from its first one.
struct Offsets {
    alignas(64) float x[kRun], y[kRun], z[kRun];
};

// Update n <= 64 voxels that lie at `base` + offsets in the camera; their arrays are contiguous,
// and the three colour planes lie `plane` apart.
template <bool Colored, bool Weighted>
void update_run(const Frame &f, const float *base, const Offsets &o, int n,
                float *__restrict tsdf, float *__restrict weight, float *__restrict color,
                int64_t plane) {
    alignas(64) int32_t pixel[kRun];
    alignas(64) float distance[kRun], gain[kRun], share[kRun], taken[4 * kRun];
    const float right = float(f.width), bottom = float(f.height), inverse = 1 / f.truncation;
    const float none = std::numeric_limits<float>::infinity();
    for (int i = 0; i < n; ++i) {
        const float z = base[2] + o.z[i];
        const float u = f.camera.fx * ((base[0] + o.x[i]) / z) + f.camera.cx;
        const float v = f.camera.fy * ((base[1] + o.y[i]) / z) + f.camera.cy;
        const bool inside = (z > 1e-4f) & (u >= 0) & (u < right) & (v >= 0) & (v < bottom);
        const int32_t at = int32_t(inside ? v : 0) * f.width + int32_t(inside ? u : 0);
        pixel[i] = at;
        distance[i] = inside ? z : none;
    }
    for (int i = 0; i < n; ++i) {
        if (Colored) std::memcpy(taken + 4 * i, f.packed + 4 * int64_t(pixel[i]), 16);
        else taken[i] = f.depth[pixel[i]];
        if (Weighted) gain[i] = f.weight[pixel[i]];
    }
    float any = 0;
#pragma omp simd reduction(+ : any)
    for (int i = 0; i < n; ++i) {
        const float d = taken[Colored ? 4 * i + 3 : i];
        const float gap = d - distance[i];
        const bool seen = (d > 0) & (gap >= -f.truncation);
        gain[i] = seen ? (Weighted ? gain[i] : 1.0f) : 0.0f;
        distance[i] = seen ? std::min(gap * inverse, 1.0f) : 0.0f;
        any += gain[i];
    }
    if (any == 0) return;
    for (int i = 0; i < n; ++i) {
        const float sum = weight[i] + gain[i];
        share[i] = gain[i] > 0 ? gain[i] / sum : 0.0f;
        weight[i] = std::min(sum, f.max_weight);
        tsdf[i] += (distance[i] - tsdf[i]) * share[i];
    }
    if (Colored)
        for (int c = 0; c < 3; ++c)
            for (int i = 0; i < n; ++i) {
                const float old = color[c * plane + i];
                color[c * plane + i] = old + (taken[4 * i + c] - old) * share[i];
            }
}

static std::vector<float> pack(const float *depth, const float *color, int64_t pixels,
                               int threads) {
    std::vector<float> packed(4 * pixels);
    float *out = packed.data();
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t i = 0; i < pixels; ++i) {
        for (int c = 0; c < 3; ++c) out[4 * i + c] = color[3 * i + c];
        out[4 * i + 3] = depth[i];
    }
    return packed;
}

using Update = void (*)(const Frame &, const float *, const Offsets &, int, float *, float *,
                        float *, int64_t);

static Update update_for(const Frame &f) {
    if (f.packed) return f.weight ? update_run<true, true> : update_run<true, false>;
    return f.weight ? update_run<false, true> : update_run<false, false>;
}

static Frame frame_of(const In<float, 2> &depth, const std::vector<float> &packed,
                      const Maybe<float, 2> &pixel_weight, const In<float, 2> &intrinsics,
                      const In<float, 2> &pose, double truncation, double max_weight) {
    Frame f{depth.data(), packed.empty() ? nullptr : packed.data(),
            pixel_weight ? pixel_weight->data() : nullptr, int(depth.shape(0)),
            int(depth.shape(1)), Pinhole(intrinsics.data()), {}, float(truncation),
            float(max_weight)};
    std::copy(pose.data(), pose.data() + 12, f.pose);
    return f;
}

// Camera position of the voxel (x, y, z), counted in cells from the origin.
static void voxel_in_camera(const Frame &f, const float *origin, double cell, double x, double y,
                            double z, float *out) {
    const double p[3] = {origin[0] + (x + 0.5) * cell, origin[1] + (y + 0.5) * cell,
                         origin[2] + (z + 0.5) * cell};
    for (int a = 0; a < 3; ++a) {
        const float *row = f.pose + 4 * a;
        out[a] = float(row[0] * p[0] + row[1] * p[1] + row[2] * p[2] + row[3]);
    }
}

static Offsets offsets_of(const Frame &f, double cell, int n, int y_shift, int z_mask) {
    Offsets o;
    for (int i = 0; i < n; ++i) {
        const double y = (i >> y_shift) * cell, z = (i & z_mask) * cell;
        o.x[i] = float(f.pose[1] * y + f.pose[2] * z);
        o.y[i] = float(f.pose[5] * y + f.pose[6] * z);
        o.z[i] = float(f.pose[9] * y + f.pose[10] * z);
    }
    return o;
}

Out<int64_t> integrate_blocks(InOut<float, 4> tsdf, InOut<float, 4> weight,
                              std::optional<InOut<float, 5>> color, In<int32_t, 2> coordinates,
                              In<int64_t, 1> rows, In<float, 2> depth, Maybe<float, 3> image,
                              Maybe<float, 2> pixel_weight, In<float, 2> intrinsics,
                              In<float, 2> pose, In<float, 1> origin, double cell,
                              double truncation, double max_weight, int threads) {
    std::vector<float> packed;
    if (color && image)
        packed = pack(depth.data(), image->data(), int64_t(depth.size()), threads);
    const Frame f = frame_of(depth, packed, pixel_weight, intrinsics, pose, truncation, max_weight);
    const Update update = update_for(f);
    const Offsets o = offsets_of(f, cell, kRun, 3, 7);
    float *values = tsdf.data(), *weights = weight.data();
    float *colors = color ? color->data() : nullptr;
    const int32_t *c = coordinates.data();
    const int64_t *row = rows.data(), n = rows.shape(0);
#pragma omp parallel for num_threads(threads) schedule(dynamic, 32)
    for (int64_t b = 0; b < n; ++b)
        for (int x = 0; x < kSide; ++x) {
            float base[3];
            voxel_in_camera(f, origin.data(), cell, kSide * double(c[3 * b]) + x,
                            kSide * double(c[3 * b + 1]), kSide * double(c[3 * b + 2]), base);
            const int64_t at = row[b] * kVoxels + x * kRun;
            float *tint = colors ? colors + 3 * row[b] * kVoxels + x * kRun : nullptr;
            update(f, base, o, kRun, values + at, weights + at, tint, kVoxels);
        }
    auto out = make<int64_t>({1});
    out.data()[0] = n;
    return out;
}

Out<int64_t> integrate_grid(InOut<float, 3> tsdf, InOut<float, 3> weight,
                            std::optional<InOut<float, 4>> color, In<float, 2> depth,
                            Maybe<float, 3> image, Maybe<float, 2> pixel_weight,
                            In<float, 2> intrinsics, In<float, 2> pose, In<float, 1> origin,
                            double cell, double truncation, double max_weight, int threads) {
    std::vector<float> packed;
    if (color && image)
        packed = pack(depth.data(), image->data(), int64_t(depth.size()), threads);
    const Frame f = frame_of(depth, packed, pixel_weight, intrinsics, pose, truncation, max_weight);
    const Update update = update_for(f);
    const Offsets o = offsets_of(f, cell, kRun, 6, 63);
    const int64_t nx = tsdf.shape(0), ny = tsdf.shape(1), nz = tsdf.shape(2);
    float *values = tsdf.data(), *weights = weight.data();
    float *colors = color ? color->data() : nullptr;
#pragma omp parallel for num_threads(threads) schedule(dynamic, 64)
    for (int64_t line = 0; line < nx * ny; ++line)
        for (int64_t z = 0; z < nz; z += kRun) {
            float base[3];
            voxel_in_camera(f, origin.data(), cell, double(line / ny), double(line % ny),
                            double(z), base);
            const int64_t at = line * nz + z;
            update(f, base, o, int(std::min<int64_t>(kRun, nz - z)), values + at, weights + at,
                   colors ? colors + at : nullptr, nx * ny * nz);
        }
    auto out = make<int64_t>({1});
    out.data()[0] = nx * ny * nz;
    return out;
}

}  // namespace geomdl

NB_MODULE(GEOMDL_MODULE, m) {
    using namespace geomdl;
    const auto plain = nb::arg().noconvert();
    const auto maybe = nb::arg().noconvert().none();
    m.def("integrate_blocks", &integrate_blocks, plain, plain, maybe, plain, plain, plain, maybe,
          maybe, plain, plain, plain, nb::arg(), nb::arg(), nb::arg(), nb::arg());
    m.def("integrate_grid", &integrate_grid, plain, plain, maybe, plain, maybe, maybe, plain,
          plain, plain, nb::arg(), nb::arg(), nb::arg(), nb::arg());
}
