// Marching cubes: two passes, one that counts the vertices and triangles of every row of cells and
// one that writes them where the prefix sums say, so the order never depends on the threads.
#include <algorithm>
#include <array>
#include <bit>

#include "blocks.h"

namespace geomdl {

using Mesh = std::tuple<Out<int64_t>, Out<int64_t>>;

// What the table says of a pattern of corners; `corner` is the lower end of each edge.
struct CubeTable {
    const int64_t *edges;  // (256, 16), -1 after the last
    std::array<uint8_t, 256> triangles;
    static constexpr int corner[12] = {0, 1, 4, 5, 0, 2, 4, 6, 0, 1, 2, 3};

    explicit CubeTable(const int64_t *table) : edges(table) {
        for (int code = 0; code < 256; ++code) {
            int n = 0;
            while (n < 15 && table[16 * code + n] >= 0) ++n;
            triangles[code] = uint8_t(n / 3);
        }
    }
};

static int64_t prefix(std::vector<int64_t> &counts) {
    int64_t sum = 0;
    for (int64_t &c : counts) {
        const int64_t n = c;
        c = sum;
        sum += n;
    }
    return sum;
}

static bool all_zero(const uint8_t *p) {
    uint64_t word;
    std::memcpy(&word, p, 8);
    return word == 0;
}

static int64_t count_bits(const uint8_t *p, int64_t n) {
    int64_t sum = 0;
    for (; n >= 8; p += 8, n -= 8) {
        uint64_t word;
        std::memcpy(&word, p, 8);
        sum += std::popcount(word);
    }
    for (; n > 0; ++p, --n) sum += std::popcount(*p);
    return sum;
}

// Four rows of states around a row of cells -> bits 0..3 inside, bit 4 all known.
static void merge_rows(const uint8_t *__restrict a, const uint8_t *__restrict b,
                       const uint8_t *__restrict c, const uint8_t *__restrict d,
                       uint8_t *__restrict out, int64_t n) {
    for (int64_t k = 0; k < n; ++k)
        out[k] = uint8_t((a[k] & 1) | (b[k] & 1) << 1 | (c[k] & 1) << 2 | (d[k] & 1) << 3 |
                         (a[k] & b[k] & c[k] & d[k] & 2) << 3);
}

// Codes of the n - 1 cells between merged points; full, empty and partly unknown cells are 0.
static void encode_cells(const uint8_t *__restrict merged, uint8_t *__restrict out, int64_t n) {
    for (int64_t k = 0; k + 1 < n; ++k) {
        const uint8_t whole = uint8_t((merged[k] & 15) | merged[k + 1] << 4);
        const uint8_t known = merged[k] & merged[k + 1] & 16;
        out[k] = known && whole != 255 ? whole : 0;
    }
}

// Dense grid (nx, ny, nz), z contiguous. `state` of a point: 1 inside, 2 known. `code` and
// `crossed` are padded at both ends; the last code of a row is always 0.
struct Grid {
    static constexpr int64_t kPad = 8;
    int64_t nx, ny, nz;
    std::vector<uint8_t> state, codes, crossings, nothing;

    Grid(int64_t x, int64_t y, int64_t z)
        : nx(x), ny(y), nz(z), state(x * y * z + kPad), codes(x * y * z + 2 * kPad),
          crossings(x * y * z + 2 * kPad), nothing(z + 2 * kPad) {}

    const uint8_t *code(int64_t row) const { return codes.data() + kPad + row * nz; }
    const uint8_t *crossed(int64_t row) const { return crossings.data() + kPad + row * nz; }

    void classify(const float *values, const bool *mask, float level, int64_t row) {
        const int64_t n = nz;
        uint8_t *__restrict s = state.data() + row * n;
        const float *__restrict v = values + row * n;
        for (int64_t k = 0; k < n; ++k) s[k] = v[k] < level ? 3 : 2;
        if (!mask) return;
        const bool *__restrict m = mask + row * n;
        for (int64_t k = 0; k < n; ++k) s[k] = m[k] ? s[k] : s[k] & 1;
    }

    // Codes of the cells over one row of points; returns their triangles.
    int64_t encode(const CubeTable &table, int64_t row, uint8_t *merged) {
        if (row / ny + 1 >= nx || row % ny + 1 >= ny || nz < 2) return 0;
        const uint8_t *a = state.data() + row * nz, *c = a + ny * nz;
        uint8_t *out = codes.data() + kPad + row * nz;
        merge_rows(a, a + nz, c, c + nz, merged, nz);
        encode_cells(merged, out, nz);
        int64_t triangles = 0;
        for (int64_t k = 0; k < nz; k += 8) {
            if (all_zero(out + k)) continue;
            for (int64_t i = k; i < std::min(k + 8, nz); ++i) triangles += table.triangles[out[i]];
        }
        return triangles;
    }

    // Edges that leave one row of points upwards and bound a cell with a surface; their count.
    // `triangles` says which rows of cells have any.
    int64_t cross(int64_t row, const std::vector<int64_t> &triangles) {
        const int64_t i = row / ny, j = row % ny, n = nz;
        auto cells = [&](bool there, int64_t r) {
            return there && triangles[r] ? code(r) : nothing.data() + kPad;
        };
        const uint8_t *h = cells(true, row), *l = cells(j > 0, row - 1);
        const uint8_t *b = cells(i > 0, row - ny), *both = cells(i && j, row - ny - 1);
        const uint8_t *none = nothing.data() + kPad;
        if (h == none && l == none && b == none && both == none) return 0;
        const uint8_t *s = state.data() + row * n;
        const uint8_t *sx = i + 1 < nx ? s + ny * n : s, *sy = j + 1 < ny ? s + n : s;
        uint8_t *__restrict out = crossings.data() + kPad + row * n;
#pragma omp simd
        for (int64_t k = 0; k < n; ++k) {
            const uint8_t x = (h[k] | h[k - 1] | l[k] | l[k - 1]) ? 1 : 0;
            const uint8_t y = (h[k] | h[k - 1] | b[k] | b[k - 1]) ? 1 : 0;
            const uint8_t z = (h[k] | l[k] | b[k] | both[k]) ? 1 : 0;
            out[k] = uint8_t(((s[k] ^ sx[k]) & x) | ((s[k] ^ sy[k]) & y) << 1 |
                             ((s[k] ^ s[k + 1]) & z) << 2);
        }
        return count_bits(out, n);
    }
};

// Numbers the vertices of the slab of points i into `first`, starting at the rows' prefix sums.
static void number_slab(const Grid &g, int64_t i, const std::vector<int64_t> &row_start,
                        int64_t *first, int64_t *ends) {
    const int64_t up[3] = {g.ny * g.nz, g.nz, 1};
    for (int64_t j = 0; j < g.ny; ++j) {
        const int64_t row = i * g.ny + j;
        int64_t id = row_start[row];
        for (int64_t k = 0; k < g.nz; ++k) {
            const uint8_t *bits = g.crossed(row) + k;
            if (k % 8 == 0 && all_zero(bits)) {
                k += 7;
                continue;
            }
            if (!*bits) continue;
            first[j * g.nz + k] = id;
            for (int axis = 0; axis < 3; ++axis) {
                if (!(*bits >> axis & 1)) continue;
                if (ends) {
                    ends[2 * id] = row * g.nz + k;
                    ends[2 * id + 1] = row * g.nz + k + up[axis];
                }
                ++id;
            }
        }
    }
}

// The vertex on the edge of `axis` at a point whose first vertex is `first`.
static int64_t vertex_of(int64_t first, uint8_t bits, int axis) {
    const uint8_t below = bits & ((1 << axis) - 1);
    return first + (below & 1) + (below >> 1);
}

static void write_faces(const Grid &g, const CubeTable &table, int64_t row, const int64_t *slab,
                        const int64_t *next, int64_t *out) {
    const int64_t j = row % g.ny;
    const uint8_t *code = g.code(row);
    for (int64_t k = 0; k + 1 < g.nz; ++k) {
        if (k % 8 == 0 && all_zero(code + k)) {
            k += 7;
            continue;
        }
        const int64_t *edges = table.edges + 16 * code[k];
        for (int n = 3 * table.triangles[code[k]]; n > 0; --n) {
            const int e = int(*edges++), c = CubeTable::corner[e];
            const int64_t in_slab = (j + (c & 1)) * g.nz + k + (c >> 2);
            const bool ahead = c >> 1 & 1;
            const uint8_t bits = g.crossed((row / g.ny + ahead) * g.ny)[in_slab];
            *out++ = vertex_of((ahead ? next : slab)[in_slab], bits, e / 4);
        }
    }
}

Mesh grid_triangles(In<float, 3> values, Maybe<bool, 3> mask, double level, In<int64_t, 2> cubes,
                    int threads) {
    Grid g(values.shape(0), values.shape(1), values.shape(2));
    const CubeTable table(cubes.data());
    const int64_t rows = g.nx * g.ny;
    std::vector<int64_t> vertices(rows), triangles(rows);
    const bool *known = mask ? mask->data() : nullptr;
#pragma omp parallel num_threads(threads)
    {
#pragma omp for schedule(static)
        for (int64_t r = 0; r < rows; ++r) g.classify(values.data(), known, float(level), r);
        std::vector<uint8_t> merged(g.nz);
#pragma omp for schedule(static)
        for (int64_t r = 0; r < rows; ++r) triangles[r] = g.encode(table, r, merged.data());
#pragma omp for schedule(static)
        for (int64_t r = 0; r < rows; ++r) vertices[r] = g.cross(r, triangles);
    }
    const int64_t vertex_count = prefix(vertices), triangle_count = prefix(triangles);
    auto ends = make<int64_t>({size_t(vertex_count), 2});
    auto faces = make<int64_t>({size_t(triangle_count), 3});
    int64_t *end = ends.data(), *face = faces.data();
    auto has_triangles = [&](int64_t r) {
        return triangles[r] < (r + 1 < rows ? triangles[r + 1] : triangle_count);
    };
#pragma omp parallel for num_threads(threads) schedule(static, 1)
    for (int part = 0; part < threads; ++part) {
        std::vector<int64_t> slab(g.ny * g.nz), next(g.ny * g.nz);
        const int64_t low = g.nx * part / threads, high = g.nx * (part + 1) / threads;
        if (low < high) number_slab(g, low, vertices, slab.data(), end);
        for (int64_t i = low; i < high; ++i) {
            if (i + 1 < g.nx)
                number_slab(g, i + 1, vertices, next.data(), i + 1 < high ? end : nullptr);
            for (int64_t r = i * g.ny; r < (i + 1) * g.ny; ++r)
                if (has_triangles(r))
                    write_faces(g, table, r, slab.data(), next.data(), face + 3 * triangles[r]);
            std::swap(slab, next);
        }
    }
    return {ends, faces};
}

// The 10^3 points around a block: its own 8^3 and one layer of its 26 neighbours.
struct Halo {
    static constexpr int kWide = kSide + 2, kPoints = kWide * kWide * kWide;
    static int at(int x, int y, int z) { return ((x + 1) * kWide + y + 1) * kWide + z + 1; }
    int32_t rows[27];
    uint8_t state[kPoints], code[kPoints];  // codes of the cells (-1..7)^3, at their lower point

    bool gather(const BlockTable &table, const int32_t *c, const uint8_t *states,
                const uint8_t *kinds) {
        uint8_t kind = 0;
        for (int n = 0; n < 27; ++n) {
            rows[n] = table.find(c[0] + n / 9 - 1, c[1] + n / 3 % 3 - 1, c[2] + n % 3 - 1);
            if (rows[n] >= 0) kind |= kinds[rows[n]];
        }
        if (kind != 3) return false;
        std::memset(state, 0, kPoints);
        for (int x = -1; x <= kSide; ++x)
            for (int y = -1; y <= kSide; ++y)
                for (int dz = -1; dz <= 1; ++dz) {
                    const int n = ((x + 8) / 8 * 3 + (y + 8) / 8) * 3 + dz + 1;
                    if (rows[n] < 0) continue;
                    const uint8_t *from = states + int64_t(rows[n]) * kVoxels +
                                          ((x & 7) * kSide + (y & 7)) * kSide;
                    if (dz == 0) std::memcpy(state + at(x, y, 0), from, kSide);
                    if (dz < 0) state[at(x, y, -1)] = from[7];
                    if (dz > 0) state[at(x, y, 8)] = from[0];
                }
        return true;
    }

    void encode() {
        for (int x = -1; x < kSide; ++x)
            for (int y = -1; y < kSide; ++y) {
                const uint8_t *a = state + at(x, y, -1), *c = a + kWide * kWide;
                uint8_t merged[kWide];
                merge_rows(a, a + kWide, c, c + kWide, merged, kWide);
                encode_cells(merged, code + at(x, y, -1), kWide);
            }
    }

    // Which of the three edges that leave point (x, y, z) upwards carry a vertex.
    uint8_t crossed(int x, int y, int z) const {
        const int p = at(x, y, z), ux = kWide * kWide, uy = kWide;
        uint8_t bits = 0;
        if (code[p] | code[p - uy] | code[p - 1] | code[p - uy - 1])
            bits |= (state[p] ^ state[p + ux]) & 1;
        if (code[p] | code[p - ux] | code[p - 1] | code[p - ux - 1])
            bits |= ((state[p] ^ state[p + uy]) & 1) << 1;
        if (code[p] | code[p - ux] | code[p - uy] | code[p - ux - uy])
            bits |= ((state[p] ^ state[p + 1]) & 1) << 2;
        return bits;
    }
};

// Row and voxel of the point (x, y, z), 0..8, seen from the halo's block.
static int64_t point_of(const Halo &halo, int x, int y, int z) {
    const int64_t row = halo.rows[((x / 8 + 1) * 3 + y / 8 + 1) * 3 + z / 8 + 1];
    return row * kVoxels + ((x & 7) * kSide + (y & 7)) * kSide + (z & 7);
}

static void classify_block(const float *v, const float *w, float level, float least, uint8_t *state,
                           uint8_t *kind) {
    uint8_t inside = 0, outside = 0;
    for (int i = 0; i < kVoxels; ++i) {
        const uint8_t known = w[i] > least, in = v[i] < level;
        state[i] = uint8_t(in | known << 1);
        inside |= in & known;
        outside |= uint8_t(in ^ 1) & known;
    }
    *kind = uint8_t(inside | outside << 1);
}

Mesh block_triangles(In<float, 4> values, In<float, 4> weights, In<int32_t, 2> coordinates,
                     double level, double least, In<int64_t, 2> cubes, int threads) {
    const int64_t blocks = values.shape(0);
    const CubeTable table(cubes.data());
    const BlockTable where(coordinates.data(), blocks);
    std::vector<uint8_t> state(blocks * kVoxels), kind(blocks);
    std::vector<uint16_t> local(blocks * kVoxels);  // number within the block << 3 | edges
    std::vector<int64_t> vertices(blocks), triangles(blocks);
    const int32_t *c = coordinates.data();
#pragma omp parallel num_threads(threads)
    {
#pragma omp for schedule(static)
        for (int64_t b = 0; b < blocks; ++b)
            classify_block(values.data() + b * kVoxels, weights.data() + b * kVoxels,
                           float(level), float(least), state.data() + b * kVoxels, &kind[b]);
        Halo halo;
#pragma omp for schedule(dynamic, 64)
        for (int64_t b = 0; b < blocks; ++b) {
            if (!halo.gather(where, c + 3 * b, state.data(), kind.data())) continue;
            halo.encode();
            int used = 0;
            for (int i = 0; i < kVoxels; ++i) {
                const int x = i >> 6, y = i >> 3 & 7, z = i & 7;
                const uint8_t bits = halo.crossed(x, y, z);
                local[b * kVoxels + i] = uint16_t(used << 3 | bits);
                used += (bits & 1) + (bits >> 1 & 1) + (bits >> 2);
                triangles[b] += table.triangles[halo.code[Halo::at(x, y, z)]];
            }
            vertices[b] = used;
        }
    }
    const int64_t vertex_count = prefix(vertices), triangle_count = prefix(triangles);
    auto ends = make<int64_t>({size_t(vertex_count), 2});
    auto faces = make<int64_t>({size_t(triangle_count), 3});
    int64_t *end = ends.data(), *face = faces.data();
#pragma omp parallel num_threads(threads)
    {
        Halo halo;
#pragma omp for schedule(dynamic, 64)
        for (int64_t b = 0; b < blocks; ++b) {
            if (!halo.gather(where, c + 3 * b, state.data(), kind.data())) continue;
            halo.encode();
            int64_t *e = end + 2 * vertices[b], *f = face + 3 * triangles[b];
            for (int i = 0; i < kVoxels; ++i) {
                const int x = i >> 6, y = i >> 3 & 7, z = i & 7;
                const uint16_t bits = local[b * kVoxels + i] & 7;
                for (int axis = 0; axis < 3; ++axis) {
                    if (!(bits >> axis & 1)) continue;
                    *e++ = b * kVoxels + i;
                    *e++ = point_of(halo, x + (axis == 0), y + (axis == 1), z + (axis == 2));
                }
                const uint8_t code = halo.code[Halo::at(x, y, z)];
                for (int n = 0; n < 3 * table.triangles[code]; ++n) {
                    const int edge = int(table.edges[16 * code + n]);
                    const int corner = CubeTable::corner[edge];
                    const int64_t p = point_of(halo, x + (corner >> 1 & 1), y + (corner & 1),
                                               z + (corner >> 2));
                    const int64_t first = vertices[p / kVoxels] + (local[p] >> 3);
                    *f++ = vertex_of(first, local[p] & 7, edge / 4);
                }
            }
        }
    }
    return {ends, faces};
}

}  // namespace geomdl

NB_MODULE(GEOMDL_MODULE, m) {
    using namespace geomdl;
    const auto plain = nb::arg().noconvert();
    const auto maybe = nb::arg().noconvert().none();
    m.def("grid_triangles", &grid_triangles, plain, maybe, nb::arg(), plain, nb::arg());
    m.def("block_triangles", &block_triangles, plain, plain, plain, nb::arg(), nb::arg(), plain,
          nb::arg());
}
