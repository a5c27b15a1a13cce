// The passes of a batch norm over rows that may stand for several equal ones.
#include <algorithm>
#include <vector>

#include "kernel.h"

namespace geomdl {

constexpr int64_t kRows = 256;  // summed in the type of the values, then in double

template <typename T>
struct Table {
    const T *data;
    int64_t rows, channels;
    explicit Table(const In<T, 2> &t)
        : data(t.data()), rows(int64_t(t.shape(0))), channels(int64_t(t.shape(1))) {}
    int threads(int most) const { return rows * channels > 1 << 14 ? most : 1; }
    int64_t blocks() const { return (rows + kRows - 1) / kRows; }
};

template <typename T>
const T *given(const Maybe<T, 1> &weight) {
    return weight ? weight->data() : nullptr;
}

// add(row, first, second) for all rows of a block; the blocks are summed in their order.
template <typename T, typename Add>
std::vector<double> two_sums(const Table<T> &table, int most, Add add) {
    const int64_t channels = table.channels, blocks = table.blocks();
    std::vector<T> partial(2 * channels * blocks, T(0));
#pragma omp parallel for schedule(static) num_threads(table.threads(most))
    for (int64_t b = 0; b < blocks; ++b) {
        T *first = partial.data() + 2 * channels * b;
        const int64_t end = std::min(table.rows, (b + 1) * kRows);
        for (int64_t i = b * kRows; i < end; ++i) add(i, first, first + channels);
    }
    std::vector<double> total(2 * channels, 0.0);
    for (int64_t b = 0; b < blocks; ++b)
        for (int64_t c = 0; c < 2 * channels; ++c) total[c] += partial[2 * channels * b + c];
    return total;
}

template <typename T>
Out<T> row_moments(In<T, 2> values, Maybe<T, 1> weight, int threads) {
    const Table<T> x(values);
    const int64_t channels = x.channels;
    auto out = make<T>({2, size_t(channels)});
    const T *w = given(weight);
    T *to = out.data();
    nb::gil_scoped_release release;
    double count = double(x.rows);
    if (w) {
        count = 0;
        for (int64_t i = 0; i < x.rows; ++i) count += w[i];
    }
    // About the mean of some rows, so that little is lost where the mean is large.
    std::vector<T> about(channels, T(0));
    const int64_t some = std::min<int64_t>(x.rows, 16), step = some ? x.rows / some : 1;
    for (int64_t i = 0; i < some; ++i)
        for (int64_t c = 0; c < channels; ++c)
            about[c] += x.data[i * step * channels + c] / T(some);
    const auto total = two_sums(x, threads, [&](int64_t i, T *first, T *second) {
        const T *row = x.data + i * channels, *center = about.data();
        const T share = w ? w[i] : T(1);
#pragma omp simd
        for (int64_t c = 0; c < channels; ++c) {
            const T d = row[c] - center[c], wd = share * d;
            first[c] += wd;
            second[c] += wd * d;
        }
    });
    for (int64_t c = 0; c < channels; ++c) {
        const double d = total[c] / count;
        to[c] = T(about[c] + d);
        to[channels + c] = T(std::max(0.0, total[channels + c] / count - d * d));
    }
    return out;
}

template <typename T>
Out<T> row_activate(In<T, 2> values, In<T, 1> scale, In<T, 1> shift, double slope, int threads) {
    const Table<T> x(values);
    auto out = make<T>({size_t(x.rows), size_t(x.channels)});
    const T *a = scale.data(), *b = shift.data();
    const T low = T(slope);
    T *to = out.data();
    nb::gil_scoped_release release;
#pragma omp parallel for schedule(static) num_threads(x.threads(threads))
    for (int64_t i = 0; i < x.rows; ++i) {
        const T *row = x.data + i * x.channels;
        T *y = to + i * x.channels;
#pragma omp simd
        for (int64_t c = 0; c < x.channels; ++c) {
            const T v = row[c] * a[c] + b[c];
            y[c] = v > 0 ? v : v * low;
        }
    }
    return out;
}

template <typename T>
Out<T> row_sums(In<T, 2> gradient, In<T, 2> values, In<T, 1> scale, In<T, 1> shift, In<T, 1> mean,
                double slope, int threads) {
    const Table<T> x(values);
    auto out = make<T>({2, size_t(x.channels)});
    const T *a = scale.data(), *b = shift.data(), *m = mean.data(), *g = gradient.data();
    const T low = T(slope);
    T *to = out.data();
    nb::gil_scoped_release release;
    const auto total = two_sums(x, threads, [&](int64_t i, T *first, T *second) {
        const T *row = x.data + i * x.channels, *from = g + i * x.channels;
        const T below = low;  // `first` might be `low` for all the compiler knows
#pragma omp simd
        for (int64_t c = 0; c < x.channels; ++c) {
            const T v = row[c] * a[c] + b[c] > 0 ? from[c] : from[c] * below;
            first[c] += v;
            second[c] += v * (row[c] - m[c]);
        }
    });
    std::copy(total.begin(), total.end(), to);
    return out;
}

template <typename T>
Out<T> row_back(In<T, 2> gradient, In<T, 2> values, Maybe<T, 1> weight, In<T, 1> scale,
                In<T, 1> shift, In<T, 1> mean, In<T, 1> constant, In<T, 1> linear, double slope,
                int threads) {
    const Table<T> x(values);
    auto out = make<T>({size_t(x.rows), size_t(x.channels)});
    const T *a = scale.data(), *b = shift.data(), *m = mean.data(), *g = gradient.data();
    const T *k0 = constant.data(), *k1 = linear.data(), *w = given(weight);
    const T low = T(slope);
    T *to = out.data();
    nb::gil_scoped_release release;
#pragma omp parallel for schedule(static) num_threads(x.threads(threads))
    for (int64_t i = 0; i < x.rows; ++i) {
        const T *row = x.data + i * x.channels, *from = g + i * x.channels;
        const T share = w ? w[i] : T(1);
        T *y = to + i * x.channels;
#pragma omp simd
        for (int64_t c = 0; c < x.channels; ++c) {
            const T v = row[c] * a[c] + b[c] > 0 ? from[c] : from[c] * low;
            y[c] = a[c] * v - share * (k0[c] + k1[c] * (row[c] - m[c]));
        }
    }
    return out;
}

template <typename T>
Out<T> picked_back(In<T, 2> gradient, In<T, 2> values, In<int64_t, 2> row, In<int64_t, 1> offsets,
                   Maybe<T, 1> weight, In<T, 1> mean, In<T, 1> constant, In<T, 1> linear,
                   int threads) {
    const Table<T> x(values);
    const int64_t segments = int64_t(offsets.shape(0)) - 1, channels = x.channels;
    auto out = make<T>({size_t(x.rows), size_t(channels)});
    const T *m = mean.data(), *g = gradient.data(), *w = given(weight);
    const T *k0 = constant.data(), *k1 = linear.data();
    const int64_t *bounds = offsets.data(), *picked = row.data();
    T *to = out.data();
    nb::gil_scoped_release release;
#pragma omp parallel for schedule(static) num_threads(x.threads(threads))
    for (int64_t s = 0; s < segments; ++s) {
        for (int64_t i = bounds[s]; i < bounds[s + 1]; ++i) {
            const T *from = x.data + i * channels;
            const T share = w ? w[i] : T(1);
            T *y = to + i * channels;
#pragma omp simd
            for (int64_t c = 0; c < channels; ++c)
                y[c] = -share * (k0[c] + k1[c] * (from[c] - m[c]));
        }
        if (bounds[s] == bounds[s + 1]) continue;
        for (int64_t c = 0; c < channels; ++c)
            to[picked[s * channels + c] * channels + c] += g[s * channels + c];
    }
    return out;
}

template <typename T>
void add_row(T *to, const T *from, T factor, int64_t count) {
#pragma omp simd
    for (int64_t i = 0; i < count; ++i) to[i] += factor * from[i];
}

// Segments share no rows, so each thread has rows of its own.
template <typename T>
Out<T> picked_product(In<T, 2> base, In<T, 2> gradient, In<int64_t, 2> row, In<T, 2> matrix,
                      int threads) {
    const Table<T> x(base), g(gradient);
    const int64_t width = x.channels;
    auto out = make<T>({size_t(x.rows), size_t(width)});
    const int64_t *picked = row.data();
    T *to = out.data();
    nb::gil_scoped_release release;
    std::copy(x.data, x.data + x.rows * width, to);
#pragma omp parallel for schedule(static) num_threads(g.threads(threads))
    for (int64_t s = 0; s < g.rows; ++s)
        for (int64_t c = 0; c < g.channels; ++c) {
            const T factor = g.data[s * g.channels + c];
            const int64_t at = picked[s * g.channels + c];
            if (factor != 0) add_row(to + at * width, matrix.data() + c * width, factor, width);
        }
    return out;
}

template <typename T>
Out<T> picked_outer(In<T, 2> gradient, In<int64_t, 2> row, In<T, 2> values, int threads) {
    const Table<T> x(values), g(gradient);
    const int64_t width = x.channels, channels = g.channels;
    auto out = make<T>({size_t(channels), size_t(width)});
    const int64_t *picked = row.data();
    T *to = out.data();
    nb::gil_scoped_release release;
    std::fill(to, to + channels * width, T(0));
    const int64_t strips = std::min<int64_t>(channels, 16);
#pragma omp parallel for schedule(static) num_threads(g.threads(threads))
    for (int64_t strip = 0; strip < strips; ++strip)
        for (int64_t s = 0; s < g.rows; ++s)
            for (int64_t c = strip * channels / strips; c < (strip + 1) * channels / strips; ++c) {
                const T factor = g.data[s * channels + c];
                const int64_t at = picked[s * channels + c];
                if (factor != 0) add_row(to + c * width, x.data + at * width, factor, width);
            }
    return out;
}

template <typename T>
void define(nb::module_ &m) {
    const auto tensor = nb::arg().noconvert();
    const auto plain = nb::arg();
    const auto maybe = nb::arg().none();
    m.def("row_moments", &row_moments<T>, tensor, maybe, plain);
    m.def("row_activate", &row_activate<T>, tensor, tensor, tensor, plain, plain);
    m.def("row_sums", &row_sums<T>, tensor, tensor, tensor, tensor, tensor, plain, plain);
    m.def("row_back", &row_back<T>, tensor, tensor, maybe, tensor, tensor, tensor, tensor, tensor,
          plain, plain);
    m.def("picked_back", &picked_back<T>, tensor, tensor, tensor, tensor, maybe, tensor, tensor,
          tensor, plain);
    m.def("picked_product", &picked_product<T>, tensor, tensor, tensor, tensor, plain);
    m.def("picked_outer", &picked_outer<T>, tensor, tensor, tensor, plain);
}

}  // namespace geomdl

NB_MODULE(GEOMDL_MODULE, m) {
    geomdl::define<float>(m);
    geomdl::define<double>(m);
}
