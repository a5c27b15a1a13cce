// The first K points within a radius, in order of their indices.
#include "exact.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "forest.h"
#include "kernel.h"
#include "lanes.h"

namespace geomdl {

constexpr int64_t kScan = 4096;  // items of more points are sorted into cells first
constexpr int64_t kCells = 1 << 21;

// The points of an item, axis by axis, padded with points that are far from everything.
template <typename T>
struct Columns {
    int64_t count;
    Block<T> x, y, z;

    Columns(const T *points, int64_t count)
        : count(count), x(block<T>(count + LANES)), y(block<T>(count + LANES)),
          z(block<T>(count + LANES)) {
        for (int64_t i = 0; i < count + LANES; ++i) {
            const bool real = i < count;
            x[i] = real ? points[3 * i] : std::numeric_limits<T>::infinity();
            y[i] = real ? points[3 * i + 1] : 0;
            z[i] = real ? points[3 * i + 2] : 0;
        }
    }
};

// All points in order, until enough are found.
template <typename T>
void scan(const Columns<T> &c, const T *q, T reach, int64_t first, int64_t count, int64_t *out) {
    int64_t found = 0;
    for (int64_t i = 0; i < c.count && found < count; i += LANES) {
        const auto dx = load(&c.x[i]) - q[0], dy = load(&c.y[i]) - q[1], dz = load(&c.z[i]) - q[2];
        const Hits hits((dx * dx + dy * dy) + dz * dz <= reach);
        if (hits.any()) hits.each([&](int lane) {
            if (found < count) out[found++] = first + i + lane;
        });
    }
    std::fill(out + found, out + count, -1);
}

// Points by cells at least a radius wide, so that a ball touches 27 of them.
template <typename T>
struct Cells {
    T low[3], width;
    int64_t extent[3];
    std::vector<int32_t> start, member;
    const T *points;

    Cells(const T *points, int64_t count, T radius) : points(points) {
        T high[3];
        for (int a = 0; a < 3; ++a) {
            low[a] = high[a] = points[a];
            for (int64_t i = 1; i < count; ++i) {
                low[a] = std::min(low[a], points[3 * i + a]);
                high[a] = std::max(high[a], points[3 * i + a]);
            }
        }
        T longest = 0;
        for (int a = 0; a < 3; ++a) longest = std::max(longest, high[a] - low[a]);
        width = std::max(radius * T(1.001), longest / 1000);
        if (!(width > 0)) width = 1;
        for (;; width *= 2) {
            double cells = 1;
            for (int a = 0; a < 3; ++a) {
                extent[a] = int64_t((high[a] - low[a]) / width) + 1;
                cells *= double(extent[a]);
            }
            if (cells <= kCells) break;
        }
        std::vector<int32_t> cell(count);
        start.assign(extent[0] * extent[1] * extent[2] + 1, 0);
        for (int64_t i = 0; i < count; ++i) {
            int64_t at[3];
            for (int a = 0; a < 3; ++a) at[a] = place(points[3 * i + a], a);
            cell[i] = int32_t((at[0] * extent[1] + at[1]) * extent[2] + at[2]);
            ++start[cell[i] + 1];
        }
        for (size_t c = 1; c < start.size(); ++c) start[c] += start[c - 1];
        std::vector<int32_t> next(start.begin(), start.end() - 1);
        member.resize(count);
        for (int64_t i = 0; i < count; ++i) member[next[cell[i]]++] = int32_t(i);
    }

    // The cell along an axis, at most one outside the box.
    int64_t place(T value, int axis) const {
        const T step = std::floor((value - low[axis]) / width);
        return int64_t(std::clamp<T>(step, -2, T(extent[axis] + 1)));
    }

    void find(const T *q, T reach, int64_t first, int64_t count, int64_t *out,
              std::vector<int32_t> &inside) const {
        int64_t from[3], to[3];
        for (int a = 0; a < 3; ++a) {
            const int64_t at = place(q[a], a);
            from[a] = std::max<int64_t>(at - 1, 0);
            to[a] = std::min<int64_t>(at + 1, extent[a] - 1);
        }
        inside.clear();
        for (int64_t i = from[0]; i <= to[0]; ++i)
            for (int64_t j = from[1]; j <= to[1] && from[2] <= to[2]; ++j) {
                const int64_t row = (i * extent[1] + j) * extent[2];
                for (int32_t m = start[row + from[2]]; m < start[row + to[2] + 1]; ++m) {
                    const T *p = points + 3 * int64_t(member[m]);
                    const T dx = p[0] - q[0], dy = p[1] - q[1], dz = p[2] - q[2];
                    if ((dx * dx + dy * dy) + dz * dz <= reach) inside.push_back(member[m]);
                }
            }
        const int64_t found = std::min<int64_t>(count, inside.size());
        std::partial_sort(inside.begin(), inside.begin() + found, inside.end());
        for (int64_t i = 0; i < found; ++i) out[i] = first + inside[i];
        std::fill(out + found, out + count, -1);
    }
};

template <typename T>
Out<int64_t> ball_index(In<T, 2> points, In<T, 2> queries, double radius, int64_t count,
                        Maybe<int64_t, 1> offsets, Maybe<int64_t, 1> query_offsets, int threads) {
    auto out = make<int64_t>({queries.shape(0), size_t(count)});
    const auto first = items(offsets, points.shape(0));
    const auto second = items(query_offsets, queries.shape(0));
    const T reach = T(radius) * T(radius);
    int64_t *to = out.data();
    nb::gil_scoped_release release;
    for (size_t b = 0; b < first.size(); ++b) {
        const auto [low, high] = first[b];
        const auto [begin, end] = second[b];
        const T *cloud = points.data() + 3 * low;
        if (low == high) {
            std::fill(to + begin * count, to + end * count, -1);
            continue;
        }
        if (high - low <= kScan || end - begin < 64) {
            const Columns<T> columns(cloud, high - low);
#pragma omp parallel for num_threads(worthwhile(16 * (end - begin), threads))
            for (int64_t q = begin; q < end; ++q)
                scan(columns, queries.data() + 3 * q, reach, low, count, to + q * count);
            continue;
        }
        const Cells<T> cells(cloud, high - low, T(radius));
#pragma omp parallel num_threads(threads)
        {
            std::vector<int32_t> inside;
#pragma omp for schedule(static, 64)
            for (int64_t q = begin; q < end; ++q)
                cells.find(queries.data() + 3 * q, reach, low, count, to + q * count, inside);
        }
    }
    return out;
}

}  // namespace geomdl

NB_MODULE(GEOMDL_MODULE, m) {
    const auto cloud = nb::arg().noconvert();
    const auto offsets = nb::arg().none();
    m.def("ball_index", &geomdl::ball_index<float>, cloud, cloud, nb::arg(), nb::arg(), offsets,
          offsets, nb::arg());
    m.def("ball_index", &geomdl::ball_index<double>, cloud, cloud, nb::arg(), nb::arg(), offsets,
          offsets, nb::arg());
}
