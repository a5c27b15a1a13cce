// Morton codes, a hash table from keys to rows, and sorted distinct keys.
#include <algorithm>
#include <array>

#include "kernel.h"
#include "morton.h"

namespace geomdl {

template <int Dims, typename T>
void encode(const T *in, int64_t n, int64_t *keys, int threads) {
#pragma omp parallel for num_threads(threads)
    for (int64_t i = 0; i < n; ++i) {
        uint64_t key = 0;
        for (int a = 0; a < Dims; ++a) key |= spread<Dims>(uint64_t(in[Dims * i + a])) << a;
        keys[i] = int64_t(key);
    }
}

template <int Dims>
void decode(const int64_t *keys, int64_t n, int64_t *cells, int threads) {
#pragma omp parallel for num_threads(threads)
    for (int64_t i = 0; i < n; ++i)
        for (int a = 0; a < Dims; ++a)
            cells[Dims * i + a] = int64_t(gather<Dims>(uint64_t(keys[i]) >> a));
}

template <typename T>
Out<int64_t> morton_keys(In<T, 2> cells, int threads) {
    const int64_t n = cells.shape(0), dims = cells.shape(1);
    auto out = make<int64_t>({size_t(n)});
    auto *run = dims == 1   ? encode<1, T>
                : dims == 2 ? encode<2, T>
                : dims == 3 ? encode<3, T>
                            : encode<4, T>;
    run(cells.data(), n, out.data(), threads);
    return out;
}

Out<int64_t> morton_cells(In<int64_t, 1> keys, int64_t dims, int threads) {
    const int64_t n = keys.shape(0);
    auto out = make<int64_t>({size_t(n), size_t(dims)});
    auto *run = dims == 1 ? decode<1> : dims == 2 ? decode<2> : dims == 3 ? decode<3> : decode<4>;
    run(keys.data(), n, out.data(), threads);
    return out;
}

struct Entry {
    int64_t key, row;
};

static size_t table_size(size_t count) {
    size_t size = 16;
    while (size < 2 * count) size *= 2;
    return size;
}

static size_t place_of(int64_t key, size_t size) {
    return size_t(uint64_t(key) * 0x9e3779b97f4a7c15ull >> 32) & (size - 1);
}

// Where `key` is, or the empty entry where it would go.
static size_t find(const Entry *table, size_t size, int64_t key) {
    size_t at = place_of(key, size);
    while (table[at].row >= 0 && table[at].key != key) at = (at + 1) & (size - 1);
    return at;
}

constexpr int64_t kAhead = 16;  // entries fetched before they are needed

Out<int64_t> build_table(In<int64_t, 1> keys, int) {
    const int64_t n = keys.shape(0);
    const size_t size = table_size(size_t(n));
    auto out = make<int64_t>({size, 2});
    Entry *table = reinterpret_cast<Entry *>(out.data());
    std::fill(table, table + size, Entry{0, -1});
    const int64_t *k = keys.data();
    for (int64_t i = 0; i < n; ++i) {
        if (i + kAhead < n) __builtin_prefetch(table + place_of(k[i + kAhead], size), 1);
        Entry &entry = table[find(table, size, k[i])];
        if (entry.row < 0) entry = {k[i], i};
    }
    return out;
}

Out<int64_t> look_up(In<int64_t, 2> table, In<int64_t, 1> keys, int threads) {
    const Entry *entries = reinterpret_cast<const Entry *>(table.data());
    const size_t size = table.shape(0);
    const int64_t n = keys.shape(0), *k = keys.data();
    auto out = make<int64_t>({size_t(n)});
    int64_t *rows = out.data();
#pragma omp parallel for num_threads(threads)
    for (int64_t i = 0; i < n; ++i) {
        if (i + kAhead < n) __builtin_prefetch(entries + place_of(k[i + kAhead], size));
        const Entry &entry = entries[find(entries, size, k[i])];
        rows[i] = entry.row;
    }
    return out;
}

// Sorts entries by key, least significant byte first; bytes that never change are skipped.
static void radix_sort(std::vector<Entry> &entries) {
    std::vector<Entry> other(entries.size());
    constexpr uint64_t kSign = 1ull << 63;
    uint64_t any = 0, all = ~0ull;
    for (const Entry &e : entries) any |= uint64_t(e.key), all &= uint64_t(e.key);
    for (int shift = 0; shift < 64; shift += 8) {
        if (((any ^ all) >> shift & 255) == 0) continue;
        std::array<size_t, 257> start{};
        auto digit = [&](const Entry &e) { return (uint64_t(e.key) ^ kSign) >> shift & 255; };
        for (const Entry &e : entries) ++start[digit(e) + 1];
        for (int d = 0; d < 256; ++d) start[d + 1] += start[d];
        for (const Entry &e : entries) other[start[digit(e)]++] = e;
        std::swap(entries, other);
    }
}

using Unique = std::tuple<Out<int64_t>, Out<int64_t>, Out<int64_t>, Out<int64_t>>;

Unique unique_keys(In<int64_t, 1> keys, int threads) {
    const int64_t n = keys.shape(0), *k = keys.data();
    auto place = make<int64_t>({size_t(n)});
    int64_t *at = place.data();
    // The table grows with the number of distinct keys, which is often far below n.
    std::vector<Entry> table(1 << 12, Entry{0, -1}), distinct;
    std::vector<int64_t> counts;
    for (int64_t i = 0; i < n; ++i) {
        if (i + kAhead < n) __builtin_prefetch(&table[place_of(k[i + kAhead], table.size())], 1);
        Entry &entry = table[find(table.data(), table.size(), k[i])];
        if (entry.row < 0) {
            entry = {k[i], int64_t(distinct.size())};
            at[i] = entry.row;
            distinct.push_back({k[i], i});
            counts.push_back(1);
            if (2 * distinct.size() < table.size()) continue;
            table.assign(4 * table.size(), Entry{0, -1});
            for (size_t d = 0; d < distinct.size(); ++d)
                table[find(table.data(), table.size(), distinct[d].key)] = {distinct[d].key,
                                                                            int64_t(d)};
        } else {
            at[i] = entry.row;
            ++counts[entry.row];
        }
    }
    const size_t count = distinct.size();
    std::vector<Entry> order(count);
    for (size_t d = 0; d < count; ++d) order[d] = {distinct[d].key, int64_t(d)};
    radix_sort(order);
    auto sorted = make<int64_t>({count}), first = make<int64_t>({count});
    auto total = make<int64_t>({count});
    std::vector<int64_t> rank(count);
    for (size_t s = 0; s < count; ++s) {
        const int64_t d = order[s].row;
        rank[d] = int64_t(s);
        sorted.data()[s] = order[s].key;
        first.data()[s] = distinct[d].row;
        total.data()[s] = counts[d];
    }
#pragma omp parallel for num_threads(threads)
    for (int64_t i = 0; i < n; ++i) at[i] = rank[at[i]];
    return {sorted, place, first, total};
}

}  // namespace geomdl

NB_MODULE(GEOMDL_MODULE, m) {
    using namespace geomdl;
    const auto plain = nb::arg().noconvert();
    m.def("morton_keys", &morton_keys<int32_t>, plain, nb::arg());
    m.def("morton_keys", &morton_keys<int64_t>, plain, nb::arg());
    m.def("morton_cells", &morton_cells, plain, nb::arg(), nb::arg());
    m.def("build_table", &build_table, plain, nb::arg());
    m.def("look_up", &look_up, plain, plain, nb::arg());
    m.def("unique_keys", &unique_keys, plain, nb::arg());
}
