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

// Layers, and where they end the streams of the value and of the advantages; none: the layers end
// in the values of the actions.
struct Plan {
    Layers trunk, value, advantage;
    int64_t inputs, actions;
    bool duel() const { return !value.empty(); }
};

static Plan plan_of(In<int64_t, 1> sizes, int64_t shared, In<float, 1> values, In<float, 2> x) {
    const int64_t *size = sizes.data(), count = int64_t(sizes.shape(0)) - 1;
    expect(count > 0 && shared >= -1 && shared < count, "sizes, shared: too few layers");
    int64_t at = 0;
    const auto chain = [&](int64_t begin, int64_t end, int64_t last) {
        Layers layers;
        for (int64_t i = begin; i < end; ++i) {
            const int64_t n = size[i], m = i + 1 < count ? size[i + 1] : last;
            layers.push_back({n, m, at, at + n * m});
            at += (n + 1) * m;
        }
        return layers;
    };
    Plan plan{{}, {}, {}, size[0], size[count]};
    plan.trunk = chain(0, shared < 0 ? count : shared, plan.actions);
    if (shared >= 0) {
        plan.value = chain(shared, count, 1);
        plan.advantage = chain(shared, count, plan.actions);
    }
    expect(at == int64_t(values.shape(0)), "values: other layers");
    expect(plan.inputs == int64_t(x.shape(1)), "x: other features than the first layer's");
    return plan;
}

// What layers give for a batch: rows of `padded` length, zero beyond the features.
struct Pass {
    const Layers &layers;
    int64_t batch, inputs;
    bool rectified;  // the last layer, too
    std::vector<Block<float>> outputs;  // the input of every layer, and what the last one gives

    Pass(const Layers &layers, int64_t batch, int64_t inputs, bool rectified)
        : layers(layers), batch(batch), inputs(inputs), rectified(rectified) {
        outputs.push_back(block<float>(batch * padded(inputs)));
        for (const Layer &l : layers) outputs.push_back(block<float>(batch * l.wide_out()));
    }

    // x: rows `stride` apart.
    void run(const float *values, const float *x, int64_t stride) {
        const int64_t wide = padded(inputs);
        for (int64_t i = 0; i < batch; ++i) {
            float *to = outputs[0].get() + i * wide;
            std::copy(x + i * stride, x + i * stride + inputs, to);
            std::fill(to + inputs, to + wide, 0.0f);
        }
        for (size_t number = 0; number < layers.size(); ++number) apply(values, number);
    }

    int64_t features() const { return layers.empty() ? inputs : layers.back().outputs; }
    int64_t stride() const { return padded(features()); }
    float *last(int64_t i = 0) const { return outputs.back().get() + i * stride(); }

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
        if (rectified || number + 1 < layers.size())
            for (int64_t i = 0; i < batch * wide; ++i) out[i] = out[i] < 0 ? 0.0f : out[i];
    }
};

// The gradient of all parameters of some layers from that of what they give, `above` (batch,
// wide_out); and of what went in, where that is `wanted`.
static Block<float> backward(const Pass &pass, const float *values, Block<float> above,
                             float *gradient, bool wanted) {
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
        if (number == 0 && !wanted) break;
        Block<float> weight = block<float>(l.outputs * wide);
        for (int64_t o = 0; o < l.outputs; ++o) {
            const float *row = values + l.weight + o * l.inputs;
            std::copy(row, row + l.inputs, &weight[o * wide]);
            std::fill(&weight[o * wide] + l.inputs, &weight[o * wide] + wide, 0.0f);
        }
        Block<float> next = block<float>(batch * wide);
        std::fill(next.get(), next.get() + batch * wide, 0.0f);
        product({above.get(), high, 1}, weight.get(), batch, l.outputs, wide, next.get());
        if (number > 0)
            for (int64_t i = 0; i < batch * wide; ++i) next[i] = below[i] > 0 ? next[i] : 0.0f;
        above = std::move(next);
    }
    return above;
}

// The values of a batch's actions, V + A - mean A where value and advantages are apart.
struct Values {
    const Plan &plan;
    int64_t batch;
    Pass trunk, value, advantage;

    Values(const Plan &plan, int64_t batch)
        : plan(plan), batch(batch), trunk(plan.trunk, batch, plan.inputs, plan.duel()),
          value(plan.value, plan.duel() ? batch : 0, trunk.features(), false),
          advantage(plan.advantage, plan.duel() ? batch : 0, trunk.features(), false) {}

    // The values take the place of what the last layer gave: its gradient does not need that.
    void run(const float *values, const float *x) {
        trunk.run(values, x, plan.inputs);
        if (!plan.duel()) return;
        value.run(values, trunk.last(), trunk.stride());
        advantage.run(values, trunk.last(), trunk.stride());
        for (int64_t i = 0; i < batch; ++i) {
            float *q = advantage.last(i), mean = 0;
            for (int64_t a = 0; a < plan.actions; ++a) mean += q[a];
            mean /= float(plan.actions);
            for (int64_t a = 0; a < plan.actions; ++a) q[a] = *value.last(i) + q[a] - mean;
        }
    }

    const Pass &end() const { return plan.duel() ? advantage : trunk; }
    const float *q(int64_t i) const { return end().last(i); }

    // From that of the values, each of one action.
    void backward(const float *values, const int64_t *action, const float *slope,
                  float *gradient) const {
        const int64_t wide = end().stride(), ones = value.stride();
        Block<float> above = block<float>(batch * wide);
        std::fill(above.get(), above.get() + batch * wide, 0.0f);
        for (int64_t i = 0; i < batch; ++i) above[i * wide + action[i]] = slope[i];
        if (!plan.duel()) {
            geomdl::backward(trunk, values, std::move(above), gradient, false);
            return;
        }
        Block<float> state = block<float>(batch * ones);
        std::fill(state.get(), state.get() + batch * ones, 0.0f);
        for (int64_t i = 0; i < batch; ++i) {
            state[i * ones] = slope[i];
            for (int64_t a = 0; a < plan.actions; ++a)
                above[i * wide + a] -= slope[i] / float(plan.actions);
        }
        const bool wanted = !plan.trunk.empty();
        Block<float> one = geomdl::backward(value, values, std::move(state), gradient, wanted);
        Block<float> two = geomdl::backward(advantage, values, std::move(above), gradient, wanted);
        if (!wanted) return;
        // Two streams send a gradient: both count 1/sqrt(2) (Wang et al. 2016, section 4.2).
        const float *features = trunk.last();
        for (int64_t i = 0; i < batch * trunk.stride(); ++i)
            one[i] = features[i] > 0 ? (one[i] + two[i]) * float(M_SQRT1_2) : 0.0f;
        geomdl::backward(trunk, values, std::move(one), gradient, false);
    }
};

// The first of the largest; no number counts as larger than any.
static int64_t best(const float *q, int64_t actions) {
    int64_t chosen = 0;
    for (int64_t a = 1; a < actions; ++a)
        if (q[a] > q[chosen] || (q[a] != q[a] && q[chosen] == q[chosen])) chosen = a;
    return chosen;
}

Out<float> perceptron_values(In<float, 1> values, In<int64_t, 1> sizes, int64_t shared,
                             In<float, 2> x, int) {
    const Plan plan = plan_of(sizes, shared, values, x);
    const int64_t batch = int64_t(x.shape(0));
    Values pass(plan, batch);
    pass.run(values.data(), x.data());
    auto out = make<float>({size_t(batch), size_t(plan.actions)});
    for (int64_t i = 0; i < batch; ++i)
        std::copy(pass.q(i), pass.q(i) + plan.actions, out.data() + i * plan.actions);
    return out;
}

using Learned = std::tuple<Out<float>, Out<float>, Out<float>>;

Learned perceptron_td(In<float, 1> values, In<int64_t, 1> sizes, int64_t shared,
                      In<float, 1> older, In<float, 2> x, In<float, 2> following,
                      In<int64_t, 1> action, In<float, 1> reward, In<float, 1> discount,
                      In<float, 1> weight, float huber, bool twice, int) {
    const Plan plan = plan_of(sizes, shared, values, x);
    const int64_t batch = int64_t(x.shape(0)), actions = plan.actions;
    expect(older.shape(0) == values.shape(0), "older: other layers");
    expect(following.shape(0) == x.shape(0) && following.shape(1) == x.shape(1), "following: size");
    for (size_t count : {action.shape(0), reward.shape(0), discount.shape(0), weight.shape(0)})
        expect(count == x.shape(0), "action, reward, discount, weight: one for each of x");
    Values next(plan, batch), pass(plan, batch);
    std::vector<int64_t> chosen(batch);
    if (twice) {
        pass.run(values.data(), following.data());
        for (int64_t i = 0; i < batch; ++i) chosen[i] = best(pass.q(i), actions);
    }
    next.run(older.data(), following.data());
    pass.run(values.data(), x.data());

    auto gradient = make<float>({size_t(values.shape(0))}), means = make<float>({2});
    auto error = make<float>({size_t(batch)});
    Block<float> slopes = block<float>(batch);
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
        slopes[i] = slope * share / float(batch);
    }
    means.data()[0] = losses / float(batch);
    means.data()[1] = taken / float(batch);
    pass.backward(values.data(), action.data(), slopes.get(), gradient.data());
    return {gradient, means, error};
}

}  // namespace geomdl

NB_MODULE(GEOMDL_MODULE, m) {
    using namespace geomdl;
    const auto plain = nb::arg().noconvert();
    m.def("perceptron_values", &perceptron_values, plain, plain, nb::arg(), plain, nb::arg());
    m.def("perceptron_td", &perceptron_td, plain, plain, nb::arg(), plain, plain, plain, plain,
          plain, plain, plain, nb::arg(), nb::arg(), nb::arg());
}
