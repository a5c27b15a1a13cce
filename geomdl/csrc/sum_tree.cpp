// A tree of sums, eight to a group: a group fills a line of the cache.
#include <algorithm>
#include <cmath>
#include <limits>

#include "kernel.h"

namespace geomdl {

using Tree = nb::ndarray<double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

constexpr int64_t kWide = 8;

// Groups that stand above those of the values.
static int64_t groups_above(int64_t size) {
    int64_t above = 0;
    while (kWide * (kWide * above + 1) < size) above = kWide * above + 1;
    return above;
}

static double sum_of(const double *s) {
    return ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]));
}

// All groups of one level before the next: their misses of the cache overlap.
static void set_values(double *sums, int64_t above, const int64_t *index, const double *value,
                       int64_t count) {
    std::vector<int64_t> groups(index, index + count);
    for (int64_t i = 0; i < count; ++i) {
        sums[kWide * above + groups[i]] = value[i];
        groups[i] = above + groups[i] / kWide;
    }
    for (int64_t level = above; level > 0; level = (level - 1) / kWide)
        for (int64_t &group : groups) {
            sums[group - 1] = sum_of(sums + kWide * group);
            group = (group - 1) / kWide;
        }
}

static void find_places(const double *sums, int64_t above, std::vector<double> &left,
                        int64_t *place) {
    const int64_t count = int64_t(left.size());
    std::fill(place, place + count, -1);
    for (int64_t first = 0;; first = kWide * first + 1) {  // the first group of each level
        for (int64_t i = 0; i < count; ++i) {
            const int64_t group = place[i] + 1;
            const double *s = sums + kWide * group;
            double rest = left[i];
            int64_t k = 0;
            bool on = true;
            for (int64_t j = 0; j < kWide; ++j) {  // all eight: a guess of where it ends fails
                on &= rest >= s[j];
                rest -= on ? s[j] : 0.0;
                k += on;
            }
            if (k == kWide) {  // rounding left more than there is: the last value of all
                for (k = kWide - 1; k > 0 && s[k] <= 0; --k) {}
                rest = s[k];
            }
            left[i] = rest;
            place[i] = kWide * group + k;
            if (first < above) __builtin_prefetch(sums + kWide * (place[i] + 1));
        }
        if (first >= above) break;
    }
    for (int64_t i = 0; i < count; ++i) place[i] -= kWide * above;
}

void sum_tree_update(Tree tree, In<int64_t, 1> index, In<double, 1> value, int) {
    set_values(tree.data(), groups_above(int64_t(tree.shape(0))), index.data(), value.data(),
               int64_t(index.shape(0)));
}

Out<int64_t> sum_tree_sample(In<double, 1> tree, In<double, 1> mass, int) {
    auto out = make<int64_t>({mass.shape(0)});
    std::vector<double> left(mass.data(), mass.data() + mass.shape(0));
    find_places(tree.data(), groups_above(int64_t(tree.shape(0))), left, out.data());
    return out;
}

Out<double> sum_tree_prioritise(Tree tree, In<int64_t, 1> index, In<float, 1> priority,
                                double epsilon, double exponent, int) {
    const int64_t count = int64_t(index.shape(0));
    auto out = make<double>({1});
    double &highest = out.data()[0] = 0;
    std::vector<double> values(count);
    bool wrong = false;
    for (int64_t i = 0; i < count; ++i) {
        const double raw = priority.data()[i];
        values[i] = std::pow(raw + epsilon, exponent);
        highest = std::max(highest, values[i]);
        wrong |= !(raw >= 0 && values[i] <= std::numeric_limits<double>::max());
    }
    if (wrong)
        highest = std::numeric_limits<double>::quiet_NaN();
    else
        set_values(tree.data(), groups_above(int64_t(tree.shape(0))), index.data(), values.data(),
                   count);
    return out;
}

std::tuple<Out<int64_t>, Out<float>> sum_tree_draw(In<double, 1> tree, In<double, 1> dice,
                                                   int64_t live, double correction, int) {
    const int64_t count = int64_t(dice.shape(0)), above = groups_above(int64_t(tree.shape(0)));
    const double total = sum_of(tree.data()), part = total / double(count);
    auto index = make<int64_t>({size_t(count)});
    auto weight = make<float>({size_t(count)});
    std::vector<double> left(count);
    for (int64_t i = 0; i < count; ++i) left[i] = (double(i) + dice.data()[i]) * part;
    find_places(tree.data(), above, left, index.data());
    double highest = 0;
    for (int64_t i = 0; i < count; ++i) {
        const double value = tree.data()[kWide * above + index.data()[i]];
        left[i] = std::pow(value * (double(live) / total), -correction);
        highest = std::max(highest, left[i]);
    }
    for (int64_t i = 0; i < count; ++i) weight.data()[i] = float(left[i] / highest);
    return {index, weight};
}

}  // namespace geomdl

NB_MODULE(GEOMDL_MODULE, m) {
    using namespace geomdl;
    const auto plain = nb::arg().noconvert();
    m.def("sum_tree_update", &sum_tree_update, plain, plain, plain, nb::arg());
    m.def("sum_tree_sample", &sum_tree_sample, plain, plain, nb::arg());
    m.def("sum_tree_prioritise", &sum_tree_prioritise, plain, plain, plain, nb::arg(), nb::arg(),
          nb::arg());
    m.def("sum_tree_draw", &sum_tree_draw, plain, plain, nb::arg(), nb::arg(), nb::arg());
}
