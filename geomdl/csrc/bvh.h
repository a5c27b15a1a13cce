// The hierarchy as it lies in the tensor of build_bvh: header, nodes, moments, leaves.
#pragma once

#include <cstddef>
#include <limits>

#include "wide.h"

namespace geomdl {

constexpr int64_t kMagic = 0x31304856424F4547;  // "GEOBVH01"
constexpr int kStack = 320;                     // 7 children wait per level, at most 40 levels

struct alignas(64) Header {
    int64_t magic = kMagic, bytes = sizeof(Header), vertices = 0, faces = 0;
    int64_t nodes = 0, leaves = 0;
    uint64_t print = 0;      // of a sample of the mesh, to notice a hierarchy of another one
    float open_length = 0;   // of the boundary of the surface: 0 for a closed mesh
    float open_box[6] = {};  // of that boundary: lo x, y, z, hi x, y, z
    float box[6] = {};       // of the mesh
    char rest[148] = {};
};
static_assert(sizeof(Header) == 256);

// Eight children: rows are lo x, y, z and hi x, y, z. child >= 0 is a node, ~child a leaf.
struct alignas(64) Node {
    float box[6][8];
    int32_t child[8];
    int32_t count;
    int32_t rest[7];
};
static_assert(sizeof(Node) == 256);

// Up to eight triangles: rows are corner 0 x, y, z, corner 1, corner 2. The lanes behind the last
// triangle repeat its number with all corners in one point, which no test notices. `over` saves
// the divisions of the closest point: 1 over the squares of the edges 01, 02, 12 and of the height
// over edge 01, and where along edge 01 that height stands; 0 for what has no length.
struct alignas(64) Leaf {
    float corner[9][8];
    int32_t face[8];
    float over[5][8];
    float rest[8];
};
static_assert(sizeof(Leaf) == 512);

// What eight children look like from afar: see winding.h.
struct alignas(64) Moments {
    float centre[3][8];
    float radius2[8];
    float dipole[3][8];
    float quadrupole[5][8];
    float octupole[7][8];
};
static_assert(sizeof(Moments) == 640);

struct Tree {
    const Header *header;
    const Node *nodes;
    const Moments *moments;
    const Leaf *leaves;

    explicit Tree(const void *bytes)
        : header(static_cast<const Header *>(bytes)),
          nodes(reinterpret_cast<const Node *>(header + 1)),
          moments(reinterpret_cast<const Moments *>(nodes + header->nodes)),
          leaves(reinterpret_cast<const Leaf *>(moments + header->nodes)) {}

    static size_t size(int64_t nodes, int64_t leaves) {
        return sizeof(Header) + nodes * (sizeof(Node) + sizeof(Moments)) + leaves * sizeof(Leaf);
    }
};

// Children that wait for their turn, the most urgent on top. A key is a non-negative float, whose
// bits sort like integers, above the number of the child.
struct Stack {
    uint64_t entry[kStack];
    int top = 0;

    GEOMDL_INLINE void push(Float8 keys, uint64_t bits, const int32_t *child) {
        const int first = top;
        while (bits) {
            const int lane = next_lane(bits);
            const uint64_t fresh =
                uint64_t(std::bit_cast<uint32_t>(keys[lane])) << 32 | uint32_t(child[lane]);
            int at = top++;
            for (; at > first && entry[at - 1] < fresh; --at) entry[at] = entry[at - 1];
            entry[at] = fresh;
        }
    }
    GEOMDL_INLINE float key() const { return std::bit_cast<float>(uint32_t(entry[top] >> 32)); }
    GEOMDL_INLINE int32_t child() const { return int32_t(uint32_t(entry[top])); }
};

}  // namespace geomdl
