// Small perceptrons: values of a batch, and the gradient of its temporal-difference loss.
// Every tile adds in the order of its depth, so no bit depends on the batch's other rows.
#include <algorithm>
#include <cmath>

#include "kernel.h"
#include "lanes.h"
#include "tile.h"

namespace geomdl {

#if defined(__AVX512F__)
constexpr int kSpan = 4;  // vectors of a tile of kHigh rows
#else
constexpr int kSpan = 2;
#endif
constexpr int kHigh = 4;

static void expect(bool fits, const char *what) {
    if (!fits) throw std::invalid_argument(what);
}

static int64_t padded(int64_t count) { return (count + kWidth - 1) / kWidth * kWidth; }

// A matrix whose element (r, c) is at r * row + c * column.
struct Strided {
    const float *at;
    int64_t row, column;
};

template <int Rows, int Vectors>
void product_tile(Strided a, const float *b, int64_t depth, int64_t step, float *out,
                  int64_t stride) {
    Wide sum[Rows][Vectors];
#pragma GCC unroll 4
    for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 4
        for (int v = 0; v < Vectors; ++v) sum[r][v] = read(out + r * stride + v * kWidth);
    for (int64_t k = 0; k < depth; ++k, b += step, a.at += a.column) {
        Wide line[Vectors];
#pragma GCC unroll 4
        for (int v = 0; v < Vectors; ++v) line[v] = read(b + v * kWidth);
#pragma GCC unroll 4
        for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 4
            for (int v = 0; v < Vectors; ++v) sum[r][v] += a.at[r * a.row] * line[v];
    }
#pragma GCC unroll 4
    for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 4
        for (int v = 0; v < Vectors; ++v) write(out + r * stride + v * kWidth, sum[r][v]);
}

template <int Vectors>
void product_columns(Strided a, const float *b, int64_t rows, int64_t depth, int64_t width,
                     float *out) {
    int64_t r = 0;
    for (; r + kHigh <= rows; r += kHigh)
        product_tile<kHigh, Vectors>({a.at + r * a.row, a.row, a.column}, b, depth, width,
                                     out + r * width, width);
    for (; r < rows; ++r)
        product_tile<1, Vectors>({a.at + r * a.row, a.row, a.column}, b, depth, width,
                                 out + r * width, width);
}

// out (rows, width) += a (rows, depth) b (depth, width); width is padded.
static void product(Strided a, const float *b, int64_t rows, int64_t depth, int64_t width,
                    float *out) {
    int64_t c = 0;
    for (; c + kSpan * kWidth <= width; c += kSpan * kWidth)
        product_columns<kSpan>(a, b + c, rows, depth, width, out + c);
    for (; c < width; c += kWidth) product_columns<1>(a, b + c, rows, depth, width, out + c);
}

struct Layer {
    int64_t inputs, outputs, weight, bias;  // the last two: where they begin in the parameters
    int64_t wide_in() const { return padded(inputs); }
    int64_t wide_out() const { return padded(outputs); }
};

using Layers = std::vector<Layer>;

static Layers layers_of(In<int64_t, 1> sizes, In<float, 1> values, In<float, 2> x) {
    Layers layers;
    int64_t at = 0;
    for (size_t i = 0; i + 1 < sizes.shape(0); ++i) {
        const int64_t n = sizes.data()[i], m = sizes.data()[i + 1];
        layers.push_back({n, m, at, at + n * m});
        at += (n + 1) * m;
    }
    expect(!layers.empty() && at == int64_t(values.shape(0)), "values: other layers");
    expect(layers[0].inputs == int64_t(x.shape(1)), "x: other features than the first layer's");
    return layers;
}

// What the layers give for a batch: rows of `padded` length, zero beyond the features.
struct Pass {
    const Layers &layers;
    int64_t batch;
    std::vector<Block<float>> outputs;  // the input of every layer, and the values

    Pass(const Layers &layers, int64_t batch) : layers(layers), batch(batch) {
        outputs.push_back(block<float>(batch * layers.front().wide_in()));
        for (const Layer &l : layers) outputs.push_back(block<float>(batch * l.wide_out()));
    }

    void run(const float *values, const float *x) {
        const int64_t n = layers.front().inputs, wide = layers.front().wide_in();
        for (int64_t i = 0; i < batch; ++i) {
            float *to = outputs[0].get() + i * wide;
            std::copy(x + i * n, x + (i + 1) * n, to);
            std::fill(to + n, to + wide, 0.0f);
        }
        for (size_t number = 0; number < layers.size(); ++number) apply(values, number);
    }

    const float *q(int64_t i) const {
        return outputs.back().get() + i * layers.back().wide_out();
    }

   private:
    void apply(const float *values, size_t number) {
        const Layer &l = layers[number];
        const int64_t wide = l.wide_out();
        Block<float> across = block<float>(l.inputs * wide);  // the weight's transpose
        for (int64_t k = 0; k < l.inputs; ++k) {
            for (int64_t o = 0; o < l.outputs; ++o)
                across[k * wide + o] = values[l.weight + o * l.inputs + k];
            std::fill(&across[k * wide] + l.outputs, &across[k * wide] + wide, 0.0f);
        }
        float *out = outputs[number + 1].get();
        for (int64_t i = 0; i < batch; ++i) {
            std::copy(values + l.bias, values + l.bias + l.outputs, out + i * wide);
            std::fill(out + i * wide + l.outputs, out + (i + 1) * wide, 0.0f);
        }
        product({outputs[number].get(), l.wide_in(), 1}, across.get(), batch, l.inputs, wide, out);
        if (number + 1 < layers.size())
            for (int64_t i = 0; i < batch * wide; ++i) out[i] = out[i] < 0 ? 0.0f : out[i];
    }
};

// The gradient of all parameters from that of the values, `above` (batch, wide_out).
static void backward(const Pass &pass, const float *values, Block<float> above, float *gradient) {
    const int64_t batch = pass.batch;
    for (size_t number = pass.layers.size(); number-- > 0;) {
        const Layer &l = pass.layers[number];
        const int64_t wide = l.wide_in(), high = l.wide_out();
        const float *below = pass.outputs[number].get();
        Block<float> sums = block<float>(l.outputs * wide);
        std::fill(sums.get(), sums.get() + l.outputs * wide, 0.0f);
        product({above.get(), 1, high}, below, l.outputs, batch, wide, sums.get());
        for (int64_t o = 0; o < l.outputs; ++o)
            std::copy(&sums[o * wide], &sums[o * wide] + l.inputs,
                      gradient + l.weight + o * l.inputs);
        std::fill(gradient + l.bias, gradient + l.bias + l.outputs, 0.0f);
        for (int64_t i = 0; i < batch; ++i)
            for (int64_t o = 0; o < l.outputs; ++o) gradient[l.bias + o] += above[i * high + o];
        if (number == 0) break;
        Block<float> weight = block<float>(l.outputs * wide);
        for (int64_t o = 0; o < l.outputs; ++o) {
            const float *row = values + l.weight + o * l.inputs;
            std::copy(row, row + l.inputs, &weight[o * wide]);
            std::fill(&weight[o * wide] + l.inputs, &weight[o * wide] + wide, 0.0f);
        }
        Block<float> next = block<float>(batch * wide);
        std::fill(next.get(), next.get() + batch * wide, 0.0f);
        product({above.get(), high, 1}, weight.get(), batch, l.outputs, wide, next.get());
        for (int64_t i = 0; i < batch * wide; ++i) next[i] = below[i] > 0 ? next[i] : 0.0f;
        above = std::move(next);
    }
}

// The first of the largest; no number counts as larger than any.
static int64_t best(const float *q, int64_t actions) {
    int64_t chosen = 0;
    for (int64_t a = 1; a < actions; ++a)
        if (q[a] > q[chosen] || (q[a] != q[a] && q[chosen] == q[chosen])) chosen = a;
    return chosen;
}

Out<float> perceptron_values(In<float, 1> values, In<int64_t, 1> sizes, In<float, 2> x, int) {
    const Layers layers = layers_of(sizes, values, x);
    const int64_t batch = int64_t(x.shape(0)), actions = layers.back().outputs;
    Pass pass(layers, batch);
    pass.run(values.data(), x.data());
    auto out = make<float>({size_t(batch), size_t(actions)});
    for (int64_t i = 0; i < batch; ++i)
        std::copy(pass.q(i), pass.q(i) + actions, out.data() + i * actions);
    return out;
}

using Learned = std::tuple<Out<float>, Out<float>, Out<float>>;

Learned perceptron_td(In<float, 1> values, In<int64_t, 1> sizes, In<float, 1> older,
                      In<float, 2> x, In<float, 2> following, In<int64_t, 1> action,
                      In<float, 1> reward, In<float, 1> discount, In<float, 1> weight, float huber,
                      bool twice, int) {
    const Layers layers = layers_of(sizes, values, x);
    const int64_t batch = int64_t(x.shape(0)), actions = layers.back().outputs;
    expect(older.shape(0) == values.shape(0), "older: other layers");
    expect(following.shape(0) == x.shape(0) && following.shape(1) == x.shape(1), "following: size");
    for (size_t count : {action.shape(0), reward.shape(0), discount.shape(0), weight.shape(0)})
        expect(count == x.shape(0), "action, reward, discount, weight: one for each of x");
    const int64_t wide = layers.back().wide_out();
    Pass next(layers, batch), pass(layers, batch);
    std::vector<int64_t> chosen(batch);
    if (twice) {
        pass.run(values.data(), following.data());
        for (int64_t i = 0; i < batch; ++i) chosen[i] = best(pass.q(i), actions);
    }
    next.run(older.data(), following.data());
    pass.run(values.data(), x.data());

    auto gradient = make<float>({size_t(values.shape(0))}), means = make<float>({2});
    auto error = make<float>({size_t(batch)});
    Block<float> above = block<float>(batch * wide);
    std::fill(above.get(), above.get() + batch * wide, 0.0f);
    float losses = 0, taken = 0;
    for (int64_t i = 0; i < batch; ++i) {
        const int64_t a = action.data()[i];
        if (a < 0 || a >= actions) throw std::out_of_range("action: more than there are");
        const float *q = next.q(i);
        const float worth = q[twice ? chosen[i] : best(q, actions)];
        const float value = pass.q(i)[a], share = weight.data()[i];
        const float gap = value - (reward.data()[i] + discount.data()[i] * worth);
        float slope = gap;
        if (huber > 0) slope = slope < -huber ? -huber : slope > huber ? huber : slope;
        losses += slope * (gap - slope / 2) * share;
        taken += value;
        error.data()[i] = std::abs(gap);
        above[i * wide + a] = slope * share / float(batch);
    }
    means.data()[0] = losses / float(batch);
    means.data()[1] = taken / float(batch);
    backward(pass, values.data(), std::move(above), gradient.data());
    return {gradient, means, error};
}

}  // namespace geomdl

NB_MODULE(GEOMDL_MODULE, m) {
    using namespace geomdl;
    const auto plain = nb::arg().noconvert();
    m.def("perceptron_values", &perceptron_values, plain, plain, plain, nb::arg());
    m.def("perceptron_td", &perceptron_td, plain, plain, plain, plain, plain, plain, plain, plain,
          plain, nb::arg(), nb::arg(), nb::arg());
}
