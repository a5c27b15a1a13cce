// A tree of sums, eight to a group: a group fills a line of the cache.
#include "kernel.h"

namespace geomdl {

constexpr int64_t kWide = 8;

// Groups that stand above those of the values.
static int64_t groups_above(int64_t size) {
    int64_t above = 0;
    while (kWide * (kWide * above + 1) < size) above = kWide * above + 1;
    return above;
}

// All groups of one level before the next: their misses of the cache overlap.
void sum_tree_update(nb::ndarray<double, nb::ndim<1>, nb::c_contig, nb::device::cpu> tree,
                     In<int64_t, 1> index, In<double, 1> value, int) {
    const int64_t count = index.shape(0), above = groups_above(int64_t(tree.shape(0)));
    double *sums = tree.data();
    std::vector<int64_t> groups(index.data(), index.data() + count);
    for (int64_t i = 0; i < count; ++i) {
        sums[kWide * above + groups[i]] = value.data()[i];
        groups[i] = above + groups[i] / kWide;
    }
    for (int64_t level = above; level > 0; level = (level - 1) / kWide)
        for (int64_t &group : groups) {
            const double *s = sums + kWide * group;
            sums[group - 1] = ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]));
            group = (group - 1) / kWide;
        }
}

Out<int64_t> sum_tree_sample(In<double, 1> tree, In<double, 1> mass, int) {
    const int64_t count = mass.shape(0), above = groups_above(int64_t(tree.shape(0)));
    const double *sums = tree.data();
    auto out = make<int64_t>({size_t(count)});
    int64_t *place = out.data();
    std::vector<double> left(mass.data(), mass.data() + count);
    std::fill(place, place + count, -1);
    for (int64_t first = 0;; first = kWide * first + 1) {  // the first group of each level
        for (int64_t i = 0; i < count; ++i) {
            const int64_t group = place[i] + 1;
            const double *s = sums + kWide * group;
            double rest = left[i];
            int64_t k = 0;
            for (; k < kWide && rest >= s[k]; ++k) rest -= s[k];
            if (k == kWide) {  // rounding left more than there is: the last value of all
                for (k = kWide - 1; k > 0 && s[k] <= 0; --k) {}
                rest = s[k];
            }
            left[i] = rest;
            place[i] = kWide * group + k;
        }
        if (first >= above) break;
    }
    for (int64_t i = 0; i < count; ++i) place[i] -= kWide * above;
    return out;
}

}  // namespace geomdl

NB_MODULE(GEOMDL_MODULE, m) {
    using namespace geomdl;
    const auto plain = nb::arg().noconvert();
    m.def("sum_tree_update", &sum_tree_update, plain, plain, plain, nb::arg());
    m.def("sum_tree_sample", &sum_tree_sample, plain, plain, nb::arg());
}
