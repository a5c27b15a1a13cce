// What the kernels of rigid alignment share: sums of normal equations in a fixed order.
#pragma once

#include <algorithm>
#include <cmath>

#include "kernel.h"

namespace geomdl {

// Sums run over fixed chunks of pairs that are added in order, so the bits do not depend on the
// number of threads.
constexpr int kUpper = 21, kSums = 30;
constexpr int64_t kChunk = 2048;

// Upper triangle of J^T W J, J^T W r, robust cost, squared pair distances, pairs.
struct Sums {
    double v[kSums] = {};

    void add(const Sums &other) {
        for (int i = 0; i < kSums; ++i) v[i] += other.v[i];
    }
    void row(const double *j, double residual, double weight) {
        int at = 0;
        for (int a = 0; a < 6; ++a) {
            const double wj = weight * j[a];
            for (int b = a; b < 6; ++b) v[at++] += wj * j[b];
            v[kUpper + a] += wj * residual;
        }
    }
    void pair(double cost, double square) {
        v[27] += cost;
        v[28] += square;
        v[29] += 1;
    }
};

struct Robust {
    int64_t kernel;
    double scale;

    double weight(double size2, double &cost) const {
        if (kernel == 0) return cost = size2, 1.0;
        if (kernel == 1) {
            const double size = std::sqrt(size2);
            if (size <= scale) return cost = size2, 1.0;
            cost = 2 * scale * size - scale * scale;
            return scale / size;
        }
        const double inside = std::max(0.0, 1 - size2 / (scale * scale));
        cost = scale * scale / 3 * (1 - inside * inside * inside);
        return inside * inside;
    }
};

struct Rigid {
    double m[12];

    explicit Rigid(const double *pose) { std::copy(pose, pose + 12, m); }
    template <typename T>
    void apply(const T *p, double *out) const {
        for (int a = 0; a < 3; ++a)
            out[a] = m[4 * a] * p[0] + m[4 * a + 1] * p[1] + m[4 * a + 2] * p[2] + m[4 * a + 3];
    }
    template <typename T>
    void turn(const T *p, double *out) const {
        for (int a = 0; a < 3; ++a)
            out[a] = m[4 * a] * p[0] + m[4 * a + 1] * p[1] + m[4 * a + 2] * p[2];
    }
};

template <typename Body>
Out<double> reduce(int64_t count, int threads, const Body &body) {
    const int64_t chunks = (count + kChunk - 1) / kChunk;
    std::vector<Sums> parts(chunks);
    {
        nb::gil_scoped_release free;
#pragma omp parallel for num_threads(threads) schedule(static)
        for (int64_t c = 0; c < chunks; ++c) {
            Sums local;
            for (int64_t i = c * kChunk, end = std::min(count, i + kChunk); i < end; ++i)
                body(i, local);
            parts[c] = local;
        }
    }
    Sums total;
    for (const Sums &part : parts) total.add(part);
    auto out = make<double>({size_t(kSums)});
    std::copy(total.v, total.v + kSums, out.data());
    return out;
}

template <typename T>
void plane_row(const double *p, const T *normal, const double *offset, double square,
                      const Robust &robust, Sums &sums) {
    const double n[3] = {double(normal[0]), double(normal[1]), double(normal[2])};
    const double j[6] = {p[1] * n[2] - p[2] * n[1], p[2] * n[0] - p[0] * n[2],
                         p[0] * n[1] - p[1] * n[0], n[0], n[1], n[2]};
    const double residual = offset[0] * n[0] + offset[1] * n[1] + offset[2] * n[2];
    double cost;
    const double weight = robust.weight(residual * residual, cost);
    sums.row(j, residual, weight);
    sums.pair(cost, square);
}

inline void point_rows(const double *p, const double *offset, double square,
                       const Robust &robust, Sums &sums) {
    double cost;
    const double weight = robust.weight(square, cost);
    const double j[3][6] = {{0, p[2], -p[1], 1, 0, 0},
                            {-p[2], 0, p[0], 0, 1, 0},
                            {p[1], -p[0], 0, 0, 0, 1}};
    for (int a = 0; a < 3; ++a) sums.row(j[a], offset[a], weight);
    sums.pair(cost, square);
}

}  // namespace geomdl
