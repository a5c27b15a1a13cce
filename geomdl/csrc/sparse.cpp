// Convolution by a table of rows. A block of output rows keeps its sums in the cache; for each
// entry of the kernel the rows that have a partner are gathered and multiplied without gaps.
#include <algorithm>

#include "depthwise.h"
#include "kernel.h"
#include "tile.h"

namespace geomdl {

template <typename T>
void copy_row(const T *from, int64_t count, float *to) {
    for (int64_t i = 0; i < count; ++i) to[i] = widen(from[i]);
}
static void copy_row(const Bfloat *from, int64_t count, uint16_t *to) {
    std::memcpy(to, from, count * sizeof(Bfloat));
}

static int64_t rounded(int64_t count, int64_t step) { return (count + step - 1) / step * step; }

// For each entry k of the kernel, the rows of a block that have a partner, and the partners.
class Pairs {
   public:
    Pairs(int64_t entries, int64_t most)
        : entries_(entries), most_(most), row_(entries * most), from_(entries * most),
          count_(entries) {}

    // Entries first .. first + entries of `width` in rows begin .. end of the table.
    void read(const int32_t *table, int64_t width, int64_t first, int64_t begin, int64_t end) {
        std::fill(count_.begin(), count_.end(), 0);
        for (int64_t m = begin; m < end; ++m) {
            const int32_t *entry = table + m * width + first;
            for (int64_t k = 0; k < entries_; ++k) {
                const int64_t at = k * most_ + count_[k];
                row_[at] = uint16_t(m - begin);
                from_[at] = entry[k];
                count_[k] += entry[k] >= 0;
            }
        }
    }
    int64_t count(int64_t k) const { return count_[k]; }
    const uint16_t *row(int64_t k) const { return row_.data() + k * most_; }
    const int32_t *from(int64_t k) const { return from_.data() + k * most_; }

   private:
    int64_t entries_, most_;
    std::vector<uint16_t> row_;
    std::vector<int32_t> from_;
    std::vector<int32_t> count_;
};

// Outputs `first` .. `first` + width of a group, whose weights start at `at` in packed memory.
struct Panel {
    int64_t group, first, width, vectors, at;
};

struct Shape {
    int64_t entries, channels, outputs, groups;  // channels and outputs of one group

    // Weights of an entry are padded to `channels` a column, and `at` is the size of them all.
    std::vector<Panel> panels(int64_t channels, int64_t &at) const {
        std::vector<Panel> result;
        at = 0;
        for (int64_t g = 0; g < groups; ++g)
            for (int64_t o = 0; o < outputs; o += kPanel) {
                const int64_t width = std::min<int64_t>(outputs - o, kPanel);
                const int64_t vectors = width > kWidth ? 2 : 1;
                result.push_back({g, o, width, vectors, at});
                at += channels * vectors * kWidth;
            }
        return result;
    }
};

// Weights as floats, (C, span) of a panel, or as pairs of channels of bfloat16, (C / 2, span, 2).
static void place(float *to, int64_t span, int64_t c, int64_t o, float value) {
    to[c * span + o] = value;
}
static void place(float *to, int64_t span, int64_t c, int64_t o, Bfloat value) {
    to[c * span + o] = widen(value);
}
static void place(uint16_t *to, int64_t span, int64_t c, int64_t o, Bfloat value) {
    to[(c / 2 * span + o) * 2 + c % 2] = value.bits;
}

// Weight (K, C/G, O), or (K, O/G, C) when turned, of entry k -> its panels, zero padded.
template <typename T, typename S>
void pack(const T *weight, const Shape &s, bool turn, const std::vector<Panel> &panels,
          S *packed) {
    for (const Panel &p : panels) {
        const int64_t span = p.vectors * kWidth;
        S *to = packed + p.at;
        if (turn)
            for (int64_t o = 0; o < p.width; ++o) {
                const T *from =
                    weight + (p.first + o) * s.channels * s.groups + p.group * s.channels;
                for (int64_t c = 0; c < s.channels; ++c) place(to, span, c, o, from[c]);
            }
        else
            for (int64_t c = 0; c < s.channels; ++c) {
                const T *from = weight + (c * s.groups + p.group) * s.outputs + p.first;
                for (int64_t o = 0; o < p.width; ++o) place(to, span, c, o, from[o]);
            }
    }
}

constexpr int64_t kBlock = 512;  // rows whose sums a thread holds

// S is what is multiplied: float, or pairs of bfloat16 as uint16_t.
template <typename T, typename S>
struct Multiply {
    const T *features, *weight;
    const int32_t *table;
    const float *bias;
    int64_t rows;
    Shape shape;
    bool turn;
    float *out;

    void run(int threads) const {
        int64_t size;
        const int64_t deep = rounded(shape.channels, 4 / sizeof(S));
        const std::vector<Panel> panels = shape.panels(deep, size);
        const int64_t entries = shape.entries;
        Block<S> packed = block<S>(std::max<int64_t>(size * entries, 1));
        // As few blocks as give every thread the same share: weights are read once for each.
        const int64_t blocks = rounded((rows + kBlock - 1) / kBlock, threads);
        const int64_t step = rounded((rows + blocks - 1) / blocks, kRows);
#pragma omp parallel num_threads(threads)
        {
            Pairs pairs(entries, step + 1);
            Block<float> sums = block<float>((step + 1) * kPanel);
            Block<S> gathered = block<S>(kRows * kDepth);
            std::fill(gathered.get(), gathered.get() + kRows * kDepth, S(0));
#pragma omp for schedule(static)
            for (int64_t k = 0; k < entries; ++k) {
                S *to = packed.get() + k * size;
                std::fill(to, to + size, S(0));
                pack(weight + k * shape.channels * shape.outputs * shape.groups, shape, turn,
                     panels, to);
            }
#pragma omp for schedule(dynamic)
            for (int64_t begin = 0; begin < rows; begin += step) {
                const int64_t end = std::min(rows, begin + step);
                pairs.read(table, entries, 0, begin, end);
                for (const Panel &p : panels) {
                    start(p, end - begin, sums.get());
                    for (int64_t k = 0; k < entries; ++k) {
                        const S *w = packed.get() + k * size + p.at;
                        if (p.vectors == 2)
                            add<2>(p, pairs, k, w, gathered.get(), sums.get(), step);
                        else
                            add<1>(p, pairs, k, w, gathered.get(), sums.get(), step);
                    }
                    finish(p, begin, end, sums.get());
                }
            }
        }
    }

   private:
    int64_t column(const Panel &p) const { return p.group * shape.outputs + p.first; }

    void start(const Panel &p, int64_t count, float *sums) const {
        const int64_t span = p.vectors * kWidth;
        std::fill(sums, sums + count * span, 0.0f);
        if (bias)
            for (int64_t m = 0; m < count; ++m)
                std::memcpy(sums + m * span, bias + column(p), p.width * sizeof(float));
    }

    void finish(const Panel &p, int64_t begin, int64_t end, const float *sums) const {
        const int64_t width = shape.outputs * shape.groups;
        for (int64_t m = begin; m < end; ++m)
            std::memcpy(out + m * width + column(p), sums + (m - begin) * p.vectors * kWidth,
                        p.width * sizeof(float));
    }

    // Row `spare` of the sums takes what fills the last tile.
    template <int Vectors>
    void add(const Panel &p, const Pairs &pairs, int64_t k, const S *w, S *gathered, float *sums,
             int64_t spare) const {
        const int64_t count = pairs.count(k), width = shape.channels * shape.groups;
        const uint16_t *row = pairs.row(k);
        const int32_t *from = pairs.from(k);
        for (int64_t c = 0; c < shape.channels; c += kDepth) {
            const int64_t depth = std::min<int64_t>(kDepth, shape.channels - c);
            const int64_t even = rounded(depth, 4 / sizeof(S));
            for (int64_t r = 0; r < kRows && even > depth; ++r) gathered[r * kDepth + depth] = S(0);
            const T *base = features + p.group * shape.channels + c;
            for (int64_t i = 0; i < count; i += kRows) {
                float *to[kRows];
                for (int64_t r = 0; r < kRows; ++r) {
                    const bool real = i + r < count;
                    to[r] = sums + (real ? row[i + r] : spare) * Vectors * kWidth;
                    if (real) copy_row(base + from[i + r] * width, depth, gathered + r * kDepth);
                }
                multiply_tile<Vectors>(gathered, w + c * Vectors * kWidth, int(even), to);
            }
        }
    }
};

template <typename T>
Out<float> gather_multiply(In<T, 2> features, In<T, 3> weight, In<int32_t, 2> table,
                           Maybe<T, 1> bias, int64_t groups, bool turn, int threads) {
    const int64_t rows = table.shape(0), channels = features.shape(1);
    const int64_t inner = weight.shape(1), outer = weight.shape(2);
    const int64_t outputs = turn ? inner * groups : outer;
    auto out = make<float>({size_t(rows), size_t(outputs)});
    std::vector<float> added;
    if (bias) {
        added.resize(outputs);
        copy_row(bias->data(), outputs, added.data());
    }
    const Shape shape{int64_t(table.shape(1)), channels / groups, outputs / groups, groups};
    if (rows == 0 || outputs == 0) return out;
    if (shape.channels == 1 && shape.outputs == 1) {
        depthwise_multiply(features.data(), weight.data(), table.data(),
                           bias ? added.data() : nullptr, rows, shape.entries, groups, out.data(),
                           threads);
        return out;
    }
    auto run = [&]<typename S>(S) {
        Multiply<T, S>{features.data(), weight.data(), table.data(),
                       bias ? added.data() : nullptr, rows, shape, turn, out.data()}
            .run(threads);
    };
    if constexpr (std::is_same_v<T, Bfloat>) {
        has_dot() ? run(uint16_t(0)) : run(0.0f);
    } else {
        run(0.0f);
    }
    return out;
}

constexpr int64_t kChunk = 64;          // pairs gathered at a time
constexpr int64_t kPartial = 16 << 20;  // bytes of partial sums

// The rows are cut into segments whose number depends on the shapes alone; each has its own sums
// (K, C/G, span), and they are added in order, so that threads do not change a bit.
template <typename T>
struct Outer {
    const T *features, *gradient;
    const int32_t *table;
    int64_t rows;
    Shape shape;
    float *out;

    void run(int threads) const {
        const int64_t deep = rounded(shape.channels, kDeep), span = rounded(shape.outputs, kWidth);
        const int64_t each = deep * span, entries = shape.entries;
        const int64_t fits = kPartial / (each * entries * int64_t(sizeof(float)));
        const int64_t segments = std::clamp<int64_t>(std::min(rows / 2048, fits), 1, 16);
        const int64_t parts = std::min(entries, (32 + segments - 1) / segments);
        Block<float> sums = block<float>(segments * entries * each);
        for (int64_t g = 0; g < shape.groups; ++g) {
#pragma omp parallel for num_threads(threads) schedule(dynamic) collapse(2)
            for (int64_t s = 0; s < segments; ++s)
                for (int64_t part = 0; part < parts; ++part) {
                    const int64_t low = part * entries / parts, high = (part + 1) * entries / parts;
                    float *to = sums.get() + (s * entries + low) * each;
                    std::fill(to, to + (high - low) * each, 0.0f);
                    segment(g, rows * s / segments, rows * (s + 1) / segments, low, high, to);
                }
#pragma omp parallel for num_threads(threads)
            for (int64_t k = 0; k < entries; ++k) collect(g, k, segments, sums.get());
        }
    }

   private:
    void collect(int64_t g, int64_t k, int64_t segments, const float *sums) const {
        const int64_t deep = rounded(shape.channels, kDeep), span = rounded(shape.outputs, kWidth);
        for (int64_t c = 0; c < shape.channels; ++c) {
            float *to = out + ((k * shape.channels + c) * shape.groups + g) * shape.outputs;
            std::fill(to, to + shape.outputs, 0.0f);
            for (int64_t s = 0; s < segments; ++s) {
                const float *from = sums + ((s * shape.entries + k) * deep + c) * span;
                for (int64_t o = 0; o < shape.outputs; ++o) to[o] += from[o];
            }
        }
    }

    void segment(int64_t g, int64_t begin, int64_t end, int64_t low, int64_t high,
                 float *sums) const {
        const int64_t deep = rounded(shape.channels, kDeep), span = rounded(shape.outputs, kWidth);
        Pairs pairs(high - low, kBlock + 1);
        Block<float> taken = block<float>(kBlock * span), gathered = block<float>(kChunk * deep);
        std::fill(taken.get(), taken.get() + kBlock * span, 0.0f);
        std::fill(gathered.get(), gathered.get() + kChunk * deep, 0.0f);
        for (int64_t first = begin; first < end; first += kBlock) {
            const int64_t last = std::min(end, first + kBlock);
            pairs.read(table, shape.entries, low, first, last);
            for (int64_t m = first; m < last; ++m)
                copy_row(gradient + (m * shape.groups + g) * shape.outputs, shape.outputs,
                         taken.get() + (m - first) * span);
            for (int64_t k = 0; k < high - low; ++k)
                for (int64_t i = 0; i < pairs.count(k); i += kChunk) {
                    const int64_t count = std::min(kChunk, pairs.count(k) - i);
                    const int32_t *from = pairs.from(k) + i;
                    for (int64_t p = 0; p < count; ++p)
                        copy_row(features + (from[p] * shape.groups + g) * shape.channels,
                                 shape.channels, gathered.get() + p * deep);
                    add(gathered.get(), taken.get(), pairs.row(k) + i, int(count),
                        sums + k * deep * span);
                }
        }
    }

    void add(const float *gathered, const float *taken, const uint16_t *row, int count,
             float *sums) const {
        const int64_t deep = rounded(shape.channels, kDeep), span = rounded(shape.outputs, kWidth);
        for (int64_t o = 0; o < span; o += kPanel)
            for (int64_t c = 0; c < deep; c += kDeep) {
                float *to = sums + c * span + o;
                if (span - o > kWidth)
                    outer_tile<2>(gathered + c, int(deep), taken + o, row, count, int(span), to);
                else
                    outer_tile<1>(gathered + c, int(deep), taken + o, row, count, int(span), to);
            }
    }
};

template <typename T>
Out<float> gather_outer(In<T, 2> features, In<T, 2> gradient, In<int32_t, 2> table, int64_t groups,
                        int threads) {
    const Shape shape{int64_t(table.shape(1)), int64_t(features.shape(1)) / groups,
                      int64_t(gradient.shape(1)) / groups, groups};
    auto out = make<float>({size_t(shape.entries), size_t(shape.channels),
                            size_t(shape.outputs * groups)});
    if (out.size() == 0) return out;
    if (shape.channels == 1 && shape.outputs == 1) {
        depthwise_outer(features.data(), gradient.data(), table.data(), int64_t(table.shape(0)),
                        shape.entries, groups, out.data(), threads);
        return out;
    }
    Outer<T>{features.data(), gradient.data(), table.data(), int64_t(table.shape(0)), shape,
             out.data()}
        .run(threads);
    return out;
}

}  // namespace geomdl

NB_MODULE(GEOMDL_MODULE, m) {
    using namespace geomdl;
    const auto plain = nb::arg().noconvert();
    m.def("gather_multiply", &gather_multiply<float>, plain, plain, plain, plain.none(), nb::arg(),
          nb::arg(), nb::arg());
    m.def("gather_multiply", &gather_multiply<Bfloat>, plain, plain, plain, plain.none(),
          nb::arg(), nb::arg(), nb::arg());
    m.def("gather_outer", &gather_outer<float>, plain, plain, plain, nb::arg(), nb::arg());
    m.def("gather_outer", &gather_outer<Bfloat>, plain, plain, plain, nb::arg(), nb::arg());
}
