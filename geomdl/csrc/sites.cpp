// Which sites meet under a kernel, and the sites of coarser, finer and wider grids.
#include <nanobind/stl/vector.h>

#include "cells.h"
#include "kernel.h"
#include "window.h"

namespace geomdl {

static int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0); }

// Where the window of a kernel begins on each axis.
static Ints starts(const Ints &kernel, const Ints &dilation, const std::optional<Ints> &padding) {
    Ints result;
    for (size_t a = 0; a < kernel.size(); ++a)
        result.push_back(padding                  ? -(*padding)[a]
                         : kernel[a] % 2 ? -dilation[a] * ((kernel[a] - 1) / 2)
                                                  : 0);
    return result;
}

// The blocks of sorted sites.
template <int Dims>
Blocks blocks_of(const int32_t *sites, const int64_t *offsets, int64_t items) {
    using C = Cells<Dims>;
    Blocks blocks;
    for (int64_t item = 0; item < items; ++item) {
        Block64 open{0, 0, int32_t(item), 0};
        for (int64_t i = offsets[item]; i < offsets[item + 1]; ++i) {
            int64_t cell[Dims];
            for (int a = 0; a < Dims; ++a) cell[a] = sites[Dims * i + a];
            const uint64_t key = C::key(cell), block = key / C::kCount;
            if (open.mask && block != open.key) {
                blocks.insert(open);
                open.mask = 0;
            }
            if (!open.mask) open.key = block, open.first = int32_t(i);
            open.mask |= 1ull << key % C::kCount;
        }
        if (open.mask) blocks.insert(open);
    }
    return blocks;
}

static int32_t item_of(const int64_t *offsets, int64_t items, int64_t row) {
    return int32_t(std::upper_bound(offsets, offsets + items + 1, row) - offsets - 1);
}

struct Sites {
    const int32_t *cells;
    const int64_t *offsets;
    int64_t items, count;

    Sites(const In<int32_t, 2> &sites, const In<int64_t, 1> &ends)
        : cells(sites.data()), offsets(ends.data()), items(int64_t(ends.shape(0)) - 1),
          count(int64_t(sites.shape(0))) {}
};

template <int Dims>
void map_rows(const Sites &fine, const Sites &coarse, const Window<Dims> &window,
              const Ints &stride, int32_t *table, int threads) {
    const Blocks blocks = blocks_of<Dims>(fine.cells, fine.offsets, fine.items);
#pragma omp parallel num_threads(threads)
    {
        Walk<Dims> walk(window, blocks);
        constexpr int64_t kRun = 1024;
#pragma omp for schedule(dynamic)
        for (int64_t begin = 0; begin < coarse.count; begin += kRun) {
            int32_t item = item_of(coarse.offsets, coarse.items, begin);
            for (int64_t m = begin; m < std::min(begin + kRun, coarse.count); ++m) {
                while (coarse.offsets[item + 1] <= m) ++item;
                int64_t cell[Dims];
                for (int a = 0; a < Dims; ++a) cell[a] = coarse.cells[Dims * m + a] * stride[a];
                walk.rows(cell, item, table + m * window.entries());
            }
        }
    }
}

// Calls run with the number of axes as a constant.
template <typename Run>
void with_axes(int64_t axes, Run run) {
    if (axes == 1) run(std::integral_constant<int, 1>());
    if (axes == 2) run(std::integral_constant<int, 2>());
    if (axes == 3) run(std::integral_constant<int, 3>());
    if (axes == 4) run(std::integral_constant<int, 4>());
}

Out<int32_t> kernel_map(In<int32_t, 2> fine, In<int64_t, 1> fine_offsets, In<int32_t, 2> coarse,
                        In<int64_t, 1> coarse_offsets, const Ints &kernel, const Ints &stride,
                        const Ints &dilation, const std::optional<Ints> &padding, int threads) {
    int64_t entries = 1;
    for (int64_t k : kernel) entries *= k;
    auto table = make<int32_t>({coarse.shape(0), size_t(entries)});
    with_axes(int64_t(fine.shape(1)), [&](auto axes) {
        const Window<axes> window(kernel, dilation, starts(kernel, dilation, padding));
        map_rows<axes>({fine, fine_offsets}, {coarse, coarse_offsets}, window, stride,
                       table.data(), threads);
    });
    return table;
}

Out<int32_t> transposed_map(In<int32_t, 2> table, int64_t count, int threads) {
    const int64_t rows = table.shape(0), entries = table.shape(1);
    auto result = make<int32_t>({size_t(count), size_t(entries)});
    int32_t *to = result.data();
    const int32_t *from = table.data();
#pragma omp parallel num_threads(threads)
    {
#pragma omp for schedule(static)
        for (int64_t i = 0; i < count; ++i) std::fill(to + i * entries, to + (i + 1) * entries, -1);
#pragma omp for schedule(static)
        for (int64_t m = 0; m < rows; ++m)
            for (int64_t k = 0; k < entries; ++k)
                if (const int64_t row = from[m * entries + k]; row >= 0)
                    to[row * entries + k] = int32_t(m);
    }
    return result;
}

// Cells gathered in any order, with repeats, that become sorted sites.
template <int Dims>
class Gathered {
    using C = Cells<Dims>;

   public:
    void add(uint64_t key, int32_t item) {
        const uint64_t block = key / C::kCount;
        if (last_ < 0 || blocks_[last_].key != block || blocks_[last_].item != item)
            last_ = blocks_.find_or_insert(block, item);
        blocks_[last_].mask |= 1ull << key % C::kCount;
    }

    void number() {
        count_ = blocks_.number();
        last_ = -1;
    }

    // The row of a cell that was added, after number().
    int64_t row(uint64_t key, int32_t item) {
        const uint64_t block = key / C::kCount;
        if (last_ < 0 || blocks_[last_].key != block || blocks_[last_].item != item)
            last_ = blocks_.find(block, item);
        return blocks_[last_].row(int(key % C::kCount));
    }

    Out<int32_t> sites() const {
        auto result = make<int32_t>({size_t(count_), size_t(Dims)});
        int32_t *to = result.data();
        for (int64_t b = 0; b < blocks_.size(); ++b)
            for (uint64_t left = blocks_[b].mask; left; left &= left - 1, to += Dims)
                C::cell(blocks_[b].key * C::kCount + uint64_t(std::countr_zero(left)), to);
        return result;
    }

    Out<int64_t> offsets(int64_t items) const {
        auto result = make<int64_t>({size_t(items + 1)});
        std::fill(result.data(), result.data() + items + 1, 0);
        for (int64_t b = 0; b < blocks_.size(); ++b)
            result.data()[blocks_[b].item + 1] += std::popcount(blocks_[b].mask);
        for (int64_t i = 0; i < items; ++i) result.data()[i + 1] += result.data()[i];
        return result;
    }

   private:
    Blocks blocks_;
    int64_t last_ = -1, count_ = 0;
};

// visit(row, item, cell) for all sites, in order.
template <int Dims, typename Visit>
void each_site(const Sites &sites, Visit visit) {
    for (int64_t item = 0; item < sites.items; ++item)
        for (int64_t i = sites.offsets[item]; i < sites.offsets[item + 1]; ++i)
            visit(i, int32_t(item), sites.cells + Dims * i);
}

// Coordinates on each axis, as their part of a key; visit(key) for every cell of the product.
template <int Dims>
struct Product {
    std::vector<uint64_t> parts[Dims];

    void clear() {
        for (auto &part : parts) part.clear();
    }
    void add(int axis, int64_t at) { parts[axis].push_back(spread<Dims>(uint64_t(at)) << axis); }

    template <int Axis = 0, typename Visit>
    void each(const Visit &visit, uint64_t key = 0) const {
        if constexpr (Axis == Dims)
            visit(key);
        else
            for (uint64_t part : parts[Axis]) each<Axis + 1>(visit, key | part);
    }
};

using Rows = std::tuple<Out<int32_t>, Out<int64_t>, Out<int64_t>>;

Rows parents(In<int32_t, 2> coordinates, In<int64_t, 1> offsets, const Ints &stride, int) {
    const Sites sites(coordinates, offsets);
    auto row = make<int64_t>({size_t(sites.count)});
    Out<int32_t> coarse;
    Out<int64_t> ends;
    with_axes(int64_t(coordinates.shape(1)), [&](auto axes) {
        auto parent = [&](const int32_t *cell) {
            int64_t at[axes];
            for (int a = 0; a < axes; ++a) at[a] = uint32_t(cell[a]) / uint32_t(stride[a]);
            return Cells<axes>::key(at);
        };
        Gathered<axes> gathered;
        each_site<axes>(sites, [&](int64_t, int32_t item, const int32_t *cell) {
            gathered.add(parent(cell), item);
        });
        gathered.number();
        each_site<axes>(sites, [&](int64_t i, int32_t item, const int32_t *cell) {
            row.data()[i] = gathered.row(parent(cell), item);
        });
        coarse = gathered.sites();
        ends = gathered.offsets(sites.items);
    });
    return {coarse, ends, row};
}

Rows children(In<int32_t, 2> coordinates, In<int64_t, 1> offsets, const Ints &stride, int) {
    const Sites sites(coordinates, offsets);
    int64_t factor = 1;
    for (int64_t s : stride) factor *= s;
    auto row = make<int64_t>({size_t(sites.count * factor)});
    Out<int32_t> fine;
    Out<int64_t> ends;
    with_axes(int64_t(coordinates.shape(1)), [&](auto axes) {
        Gathered<axes> gathered;
        Product<axes> product;
        auto each = [&](auto visit) {
            each_site<axes>(sites, [&](int64_t i, int32_t item, const int32_t *cell) {
                product.clear();
                for (int a = 0; a < axes; ++a)
                    for (int64_t s = 0; s < stride[a]; ++s) product.add(a, cell[a] * stride[a] + s);
                product.each([&](uint64_t key) { visit(i, item, key); });
            });
        };
        each([&](int64_t, int32_t item, uint64_t key) { gathered.add(key, item); });
        gathered.number();
        each([&](int64_t i, int32_t item, uint64_t key) {
            row.data()[gathered.row(key, item)] = i;
        });
        fine = gathered.sites();
        ends = gathered.offsets(sites.items);
    });
    return {fine, ends, row};
}

std::tuple<Out<int32_t>, Out<int64_t>> reached(In<int32_t, 2> coordinates,
                                               In<int64_t, 1> offsets, const Ints &kernel,
                                               const Ints &stride, const Ints &dilation,
                                               const Ints &padding,
                                               const std::optional<Ints> &extent, int) {
    const Sites sites(coordinates, offsets);
    Out<int32_t> result;
    Out<int64_t> ends;
    with_axes(int64_t(coordinates.shape(1)), [&](auto axes) {
        int64_t most[axes];
        for (int a = 0; a < axes; ++a) {
            most[a] = (int64_t(1) << Cells<axes>::kCoordinate) - 1;
            if (!extent) continue;
            const int64_t last = (*extent)[a] + 2 * padding[a] - dilation[a] * (kernel[a] - 1) - 1;
            most[a] = std::min(most[a], floor_div(last, stride[a]));
        }
        Gathered<axes> gathered;
        Product<axes> product;
        each_site<axes>(sites, [&](int64_t, int32_t item, const int32_t *cell) {
            product.clear();
            for (int a = 0; a < axes; ++a)
                for (int64_t k = 0; k < kernel[a]; ++k) {
                    const int64_t from = cell[a] + padding[a] - k * dilation[a];
                    const int64_t at = from / stride[a];
                    if (from >= 0 && at * stride[a] == from && at <= most[a]) product.add(a, at);
                }
            product.each([&](uint64_t key) { gathered.add(key, item); });
        });
        gathered.number();
        result = gathered.sites();
        ends = gathered.offsets(sites.items);
    });
    return {result, ends};
}

}  // namespace geomdl

NB_MODULE(GEOMDL_MODULE, m) {
    using namespace geomdl;
    const auto plain = nb::arg().noconvert();
    const auto maybe = nb::arg().none();
    m.def("kernel_map", &kernel_map, plain, plain, plain, plain, nb::arg(), nb::arg(), nb::arg(),
          maybe, nb::arg());
    m.def("transposed_map", &transposed_map, plain, nb::arg(), nb::arg());
    m.def("parents", &parents, plain, plain, nb::arg(), nb::arg());
    m.def("children", &children, plain, plain, nb::arg(), nb::arg());
    m.def("reached", &reached, plain, plain, nb::arg(), nb::arg(), nb::arg(), nb::arg(), maybe,
          nb::arg());
}
