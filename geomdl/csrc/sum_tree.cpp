// A tree of sums: node j holds the sum of nodes 2 j and 2 j + 1, the leaves are the last half.
#include "kernel.h"

namespace geomdl {

// All nodes of one level before the next: their misses of the cache overlap.
void sum_tree_update(nb::ndarray<double, nb::ndim<1>, nb::c_contig, nb::device::cpu> tree,
                     In<int64_t, 1> index, In<double, 1> value, int) {
    const int64_t count = index.shape(0), capacity = tree.shape(0) / 2;
    double *sum = tree.data();
    std::vector<int64_t> nodes(index.data(), index.data() + count);
    for (int64_t i = 0; i < count; ++i) sum[nodes[i] += capacity] = value.data()[i];
    // Leaves differ in depth by one level at most; a node that is done early is done again.
    while (!nodes.empty()) {
        size_t kept = 0;
        for (size_t i = 0; i < nodes.size(); ++i) {
            const int64_t node = nodes[i] >> 1;
            if (node == 0 || (kept > 0 && nodes[kept - 1] == node)) continue;
            sum[node] = sum[2 * node] + sum[2 * node + 1];
            nodes[kept++] = node;
        }
        nodes.resize(kept);
    }
}

Out<int64_t> sum_tree_sample(In<double, 1> tree, In<double, 1> mass, int) {
    const int64_t count = mass.shape(0), capacity = tree.shape(0) / 2;
    const double *sum = tree.data();
    auto out = make<int64_t>({size_t(count)});
    int64_t *node = out.data();
    std::vector<double> left(mass.data(), mass.data() + count);
    std::fill(node, node + count, 1);
    for (int64_t level = 1; level < capacity; level *= 2)
        for (int64_t i = 0; i < count; ++i) {
            if (node[i] >= capacity) continue;
            const int64_t child = 2 * node[i];
            // A branch on purpose: where it is guessed right, the next level is fetched early.
            const bool right = left[i] >= sum[child] && sum[child + 1] > 0;
            if (right) left[i] -= sum[child];
            node[i] = child + right;
        }
    for (int64_t i = 0; i < count; ++i) node[i] -= capacity;
    return out;
}

}  // namespace geomdl

NB_MODULE(GEOMDL_MODULE, m) {
    using namespace geomdl;
    const auto plain = nb::arg().noconvert();
    m.def("sum_tree_update", &sum_tree_update, plain, plain, plain, nb::arg());
    m.def("sum_tree_sample", &sum_tree_sample, plain, plain, nb::arg());
}
