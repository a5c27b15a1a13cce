// Reading a grid at points and its gradient, and the cells that a surface passes through.
#include <algorithm>
#include <atomic>
#include <cmath>

#include "kernel.h"

namespace geomdl {

// The 8 cells around a place, their weights, and the axes along which the place can move.
template <typename T>
struct Corners {
    int64_t at[8];
    T share[2][3];
    bool free[3];

    Corners(const T *place, const int64_t *size) {
        int64_t low[3], high[3];
        for (int a = 0; a < 3; ++a) {
            const T limit = T(size[a] - 1), p = std::min(std::max(place[a], T(0)), limit);
            low[a] = std::min(int64_t(p), std::max<int64_t>(size[a] - 2, 0));
            high[a] = std::min(low[a] + 1, size[a] - 1);
            share[1][a] = p - T(low[a]);
            share[0][a] = 1 - share[1][a];
            free[a] = place[a] > 0 && place[a] < limit;
        }
        for (int c = 0; c < 8; ++c) {
            const int64_t x = c & 4 ? high[0] : low[0], y = c & 2 ? high[1] : low[1];
            at[c] = (x * size[1] + y) * size[2] + (c & 1 ? high[2] : low[2]);
        }
    }
    T weight(int c) const {
        return share[c >> 2][0] * share[c >> 1 & 1][1] * share[c & 1][2];
    }
};

template <typename T>
Out<T> read_grid(In<T, 4> grid, In<T, 2> places, int threads) {
    const int64_t channels = grid.shape(0), n = places.shape(0);
    const int64_t size[3] = {int64_t(grid.shape(1)), int64_t(grid.shape(2)),
                             int64_t(grid.shape(3))};
    const int64_t plane = size[0] * size[1] * size[2];
    auto out = make<T>({size_t(n), size_t(channels)});
    const T *values = grid.data(), *place = places.data();
    T *result = out.data();
#pragma omp parallel for num_threads(threads)
    for (int64_t i = 0; i < n; ++i) {
        const Corners<T> corners(place + 3 * i, size);
        T weight[8];
        for (int c = 0; c < 8; ++c) weight[c] = corners.weight(c);
        for (int64_t ch = 0; ch < channels; ++ch) {
            T sum = 0;
            for (int c = 0; c < 8; ++c) sum += values[ch * plane + corners.at[c]] * weight[c];
            result[i * channels + ch] = sum;
        }
    }
    return out;
}

template <typename T>
std::tuple<Out<T>, Out<T>> read_grid_backward(In<T, 4> grid, In<T, 2> places, In<T, 2> grads,
                                              int threads) {
    const int64_t channels = grid.shape(0), n = places.shape(0);
    const int64_t size[3] = {int64_t(grid.shape(1)), int64_t(grid.shape(2)),
                             int64_t(grid.shape(3))};
    const int64_t plane = size[0] * size[1] * size[2];
    auto to_grid = make<T>({size_t(channels), size_t(size[0]), size_t(size[1]), size_t(size[2])});
    auto to_places = make<T>({size_t(n), 3});
    const T *values = grid.data(), *place = places.data(), *grad = grads.data();
    T *grid_out = to_grid.data(), *place_out = to_places.data();
#pragma omp parallel num_threads(threads)
    {
#pragma omp for
        for (int64_t i = 0; i < n; ++i) {
            const Corners<T> corners(place + 3 * i, size);
            T slope[3] = {0, 0, 0};
            for (int c = 0; c < 8; ++c) {
                T pull = 0;
                for (int64_t ch = 0; ch < channels; ++ch)
                    pull += values[ch * plane + corners.at[c]] * grad[i * channels + ch];
                const T x = corners.share[c >> 2][0], y = corners.share[c >> 1 & 1][1];
                const T z = corners.share[c & 1][2];
                slope[0] += c & 4 ? pull * y * z : -pull * y * z;
                slope[1] += c & 2 ? pull * x * z : -pull * x * z;
                slope[2] += c & 1 ? pull * x * y : -pull * x * y;
            }
            for (int a = 0; a < 3; ++a) place_out[3 * i + a] = corners.free[a] ? slope[a] : 0;
        }
        // Each part of the x axis belongs to one thread, so every cell adds its points in order.
#pragma omp for schedule(static, 1)
        for (int part = 0; part < threads; ++part) {
            const int64_t slab = size[1] * size[2];
            const int64_t begin = size[0] * part / threads, end = size[0] * (part + 1) / threads;
            for (int64_t ch = 0; ch < channels; ++ch)
                std::fill(grid_out + ch * plane + begin * slab, grid_out + ch * plane + end * slab,
                          T(0));
            for (int64_t i = 0; i < n; ++i) {
                const T x = std::min(std::max(place[3 * i], T(0)), T(size[0] - 1));
                const int64_t low = std::min(int64_t(x), std::max<int64_t>(size[0] - 2, 0));
                if (low + 1 < begin || low >= end) continue;
                const Corners<T> corners(place + 3 * i, size);
                for (int c = 0; c < 8; ++c) {
                    if (corners.at[c] < begin * slab || corners.at[c] >= end * slab) continue;
                    const T weight = corners.weight(c);
                    for (int64_t ch = 0; ch < channels; ++ch)
                        grid_out[ch * plane + corners.at[c]] += weight * grad[i * channels + ch];
                }
            }
        }
    }
    return {to_grid, to_places};
}

// Whether an axis keeps the triangle apart from the box of half-width 0.5 around the origin.
static bool apart(const double *axis, const double t[3][3]) {
    double low = 0, high = 0;
    for (int v = 0; v < 3; ++v) {
        const double along = axis[0] * t[v][0] + axis[1] * t[v][1] + axis[2] * t[v][2];
        low = v ? std::min(low, along) : along, high = v ? std::max(high, along) : along;
    }
    const double reach = 0.5 * (std::abs(axis[0]) + std::abs(axis[1]) + std::abs(axis[2]));
    const double wide = reach * (1 + 1e-12);
    return low > wide || high < -wide;
}

// The axes that do not depend on the cell: the normal and the crosses of edges with x, y, z.
struct Axes {
    double axis[10][3];

    explicit Axes(const double t[3][3]) {
        double e[3][3];
        for (int v = 0; v < 3; ++v)
            for (int a = 0; a < 3; ++a) e[v][a] = t[(v + 1) % 3][a] - t[v][a];
        for (int a = 0; a < 3; ++a) {
            const int b = (a + 1) % 3, c = (a + 2) % 3;
            axis[0][a] = e[0][b] * e[1][c] - e[0][c] * e[1][b];
        }
        for (int v = 0; v < 3; ++v)
            for (int u = 0; u < 3; ++u) {
                double *out = axis[1 + 3 * v + u];
                const int b = (u + 1) % 3, c = (u + 2) % 3;  // e x unit(u)
                out[u] = 0, out[b] = e[v][c], out[c] = -e[v][b];
            }
    }
};

Out<bool> surface_cells(In<float, 2> vertices, In<int64_t, 2> faces, In<float, 1> origin,
                        double cell, int64_t nx, int64_t ny, int64_t nz, int threads) {
    auto out = make<bool>({size_t(nx), size_t(ny), size_t(nz)});
    uint8_t *grid = reinterpret_cast<uint8_t *>(out.data());
    std::memset(grid, 0, size_t(nx * ny * nz));
    const float *v = vertices.data(), *o = origin.data();
    const int64_t *f = faces.data(), count = faces.shape(0), size[3] = {nx, ny, nz};
#pragma omp parallel for num_threads(threads) schedule(dynamic, 256)
    for (int64_t i = 0; i < count; ++i) {
        double t[3][3], moved[3][3];
        int64_t low[3], high[3];
        for (int a = 0; a < 3; ++a) {
            for (int c = 0; c < 3; ++c)
                t[c][a] = (double(v[3 * f[3 * i + c] + a]) - double(o[a])) / cell;
            const double least = std::min({t[0][a], t[1][a], t[2][a]});
            const double most = std::max({t[0][a], t[1][a], t[2][a]});
            low[a] = int64_t(std::max(std::ceil(least) - 1, 0.0));
            high[a] = int64_t(std::min(std::floor(most), double(size[a] - 1)));
        }
        const Axes axes(t);
        for (int64_t x = low[0]; x <= high[0]; ++x)
            for (int64_t y = low[1]; y <= high[1]; ++y)
                for (int64_t z = low[2]; z <= high[2]; ++z) {
                    std::atomic_ref<uint8_t> mark(grid[(x * ny + y) * nz + z]);
                    if (mark.load(std::memory_order_relaxed)) continue;
                    const double center[3] = {x + 0.5, y + 0.5, z + 0.5};
                    for (int c = 0; c < 3; ++c)
                        for (int a = 0; a < 3; ++a) moved[c][a] = t[c][a] - center[a];
                    bool separate = false;
                    for (int n = 0; n < 10 && !separate; ++n) separate = apart(axes.axis[n], moved);
                    if (!separate) mark.store(1, std::memory_order_relaxed);
                }
    }
    return out;
}

}  // namespace geomdl

NB_MODULE(GEOMDL_MODULE, m) {
    using namespace geomdl;
    const auto plain = nb::arg().noconvert();
    m.def("read_grid", &read_grid<float>, plain, plain, nb::arg());
    m.def("read_grid", &read_grid<double>, plain, plain, nb::arg());
    m.def("read_grid_backward", &read_grid_backward<float>, plain, plain, plain, nb::arg());
    m.def("read_grid_backward", &read_grid_backward<double>, plain, plain, plain, nb::arg());
    m.def("surface_cells", &surface_cells, plain, plain, plain, nb::arg(), nb::arg(), nb::arg(),
          nb::arg(), nb::arg());
}
