// A KD-tree over points (N, 3) as bytes that a tensor can hold. How many leaves and boxes there
// are follows from the number of points, so bytes that were changed can find wrong neighbours but
// never lead outside.
#pragma once

#include <stdexcept>

#include "kernel.h"
#include "nearest.h"

namespace geomdl {

constexpr uint64_t TREE_MAGIC = 0x313045455254444Bull;  // "KDTREE01", little endian
constexpr int64_t TREE_HEADER = 64, TREE_SAMPLE = 256;  // bytes; points in the fingerprint

// As tree_header in neighbors.py: magic, bytes, points, bytes of a coordinate, fingerprint.
struct TreeHeader {
    uint64_t magic, bytes, count, width, print, unused[3];
};
static_assert(sizeof(TreeHeader) == TREE_HEADER);

template <typename T>
uint64_t fingerprint(const T *points, int64_t count) {
    typedef std::conditional_t<sizeof(T) == 4, int32_t, int64_t> Bits;
    const int64_t step = std::max<int64_t>(1, count / TREE_SAMPLE);
    uint64_t sum = 0, place = 0;
    for (int64_t i = 0; i < count; i += step)
        for (int d = 0; d < 3; ++d)
            sum += ++place * uint64_t(int64_t(std::bit_cast<Bits>(points[3 * i + d])));
    return sum;
}

template <typename T>
class TreeBytes {
    typedef Tree<T, 3> Kind;

    // Visit every array of the tree in turn: its start and its size in bytes.
    template <typename Visit>
    static void arrays(Kind &tree, Visit visit) {
        const auto each = [&](auto &array, int64_t count) {
            visit(array, count, int64_t(count * sizeof(array[0])));
        };
        each(tree.lanes, tree.leaves * tree.leaf * 3);
        each(tree.index, tree.leaves * tree.leaf);
        for (auto &level : tree.levels) {
            const int64_t padded = (level.count + LANES - 1) / LANES * LANES;
            each(level.boxes, padded * 6);
            each(level.least, padded);
        }
    }

    // A tree of `count` points without its arrays.
    static Kind frame(int64_t count) {
        Kind tree;
        tree.dim = 3;
        tree.count = count;
        tree.leaves = (count + LANES - 1) / LANES;
        for (int64_t n = tree.leaves; count; n = (n + LANES - 1) / LANES) {
            tree.levels.emplace_back();
            tree.levels.back().count = n;
            if (n <= ROOT) break;
        }
        return tree;
    }

  public:
    static int64_t size(int64_t count) {
        Kind tree = frame(count);
        int64_t bytes = TREE_HEADER;
        arrays(tree, [&](auto &, int64_t, int64_t more) { bytes += more; });
        return bytes;
    }

    static void save(Kind &tree, const T *points, uint8_t *out) {
        const TreeHeader header{TREE_MAGIC, uint64_t(size(tree.count)), uint64_t(tree.count),
                                sizeof(T), fingerprint(points, tree.count), {}};
        std::memcpy(out, &header, sizeof header);
        int64_t at = TREE_HEADER;
        arrays(tree, [&](auto &array, int64_t, int64_t bytes) {
            if (bytes) std::memcpy(out + at, array.get(), bytes);
            at += bytes;
        });
    }

    // Whether the bytes are a tree over these points; false where they are the torch body's label.
    static bool holds(const uint8_t *bytes, int64_t given, const T *points, int64_t count) {
        TreeHeader header;
        if (given < TREE_HEADER) throw std::invalid_argument("tree: not the result of build_tree");
        std::memcpy(&header, bytes, sizeof header);
        const bool sized = given == TREE_HEADER || given == size(count);
        const bool same = header.count == uint64_t(count) && header.width == sizeof(T) &&
                          header.print == fingerprint(points, count);
        if (header.magic != TREE_MAGIC || !sized || !same)
            throw std::invalid_argument("tree: built for other points; build it again");
        return given == size(count);
    }

    // A copy costs a fraction of what one search does, and is aligned.
    static Kind open(const uint8_t *bytes, const T *points, int64_t count) {
        Kind tree = frame(count);
        tree.points = points;
        int64_t at = TREE_HEADER;
        arrays(tree, [&](auto &array, int64_t n, int64_t size) {
            array = block<std::remove_reference_t<decltype(array[0])>>(n);
            if (size) std::memcpy(array.get(), bytes + at, size);
            at += size;
        });
        return tree;
    }
};

}  // namespace geomdl
