#include "kernel.h"

#include <algorithm>

#include "boundary.h"
#include "bvh.h"
#include "bvh_build.h"
#include "closest.h"
#include "triangle.h"
#include "winding.h"

namespace geomdl {

static uint64_t fingerprint(const In<float, 2> &vertices, const In<int64_t, 2> &faces) {
    const int64_t v = 3 * int64_t(vertices.shape(0)), f = 3 * int64_t(faces.shape(0));
    uint64_t hash = 14695981039346656037ull;
    for (int64_t i = 0; i < v; i += std::max<int64_t>(1, v / 192))
        hash = (hash ^ std::bit_cast<uint32_t>(vertices.data()[i])) * 1099511628211ull;
    for (int64_t i = 0; i < f; i += std::max<int64_t>(1, f / 192))
        hash = (hash ^ uint64_t(faces.data()[i])) * 1099511628211ull;
    return hash;
}

static uint8_t *allocate(size_t bytes) {
    return static_cast<uint8_t *>(::operator new[](bytes, std::align_val_t(64)));
}

struct Free {
    void operator()(uint8_t *p) const { ::operator delete[](p, std::align_val_t(64)); }
};
using Bytes = std::unique_ptr<uint8_t[], Free>;

static Bytes build(const In<float, 2> &vertices, const In<int64_t, 2> &faces, int threads) {
    const int64_t v = vertices.shape(0), f = faces.shape(0);
    if (v > INT32_MAX || f > INT32_MAX / 4) throw std::invalid_argument("mesh too large");
    Header header;
    header.vertices = v;
    header.faces = f;
    header.print = fingerprint(vertices, faces);
    if (f == 0) {
        Bytes bytes(allocate(sizeof header));
        std::memcpy(bytes.get(), &header, sizeof header);
        return bytes;
    }
    Builder builder(vertices.data(), faces.data(), f);
    builder.build(threads);
    measure_boundary(vertices.data(), v, faces.data(), f, header);
    for (int k = 0; k < 3; ++k) {
        header.box[k] = builder.box().lo[k];
        header.box[3 + k] = builder.box().hi[k];
    }
    header.nodes = builder.nodes();
    header.leaves = builder.leaves();
    header.bytes = int64_t(Tree::size(header.nodes, header.leaves));
    Bytes bytes(allocate(header.bytes));
    std::memcpy(bytes.get(), &header, sizeof header);
    const Tree tree(bytes.get());
    builder.lay(const_cast<Node *>(tree.nodes), const_cast<Leaf *>(tree.leaves));
    fill_moments(tree.nodes, header.nodes, tree.leaves, const_cast<Moments *>(tree.moments),
                 threads);
    return bytes;
}

// The hierarchy that was given, or one made here when none was or it is only a label.
class Opened {
public:
    Opened(const In<float, 2> &vertices, const In<int64_t, 2> &faces,
           const Maybe<uint8_t, 1> &bvh, int threads) {
        const uint8_t *bytes = bvh ? bvh->data() : nullptr;
        if (bvh) {
            if (bvh->shape(0) < sizeof(Header)) throw std::invalid_argument("bvh: too short");
            Header header;
            std::memcpy(&header, bytes, sizeof header);
            const size_t size = Tree::size(header.nodes, header.leaves);
            if (header.magic != kMagic || size != bvh->shape(0))
                throw std::invalid_argument("bvh: not the result of build_bvh");
            const bool label = header.nodes == 0 && header.faces > 0;
            if (!label && header.print != fingerprint(vertices, faces))
                throw std::invalid_argument("bvh: built for another mesh; build it again");
            if (label) {
                bytes = nullptr;
            } else if (reinterpret_cast<uintptr_t>(bytes) % 64) {
                owned_.reset(allocate(size));
                std::memcpy(owned_.get(), bytes, size);
                bytes = owned_.get();
            }
        }
        if (!bytes) {
            owned_ = build(vertices, faces, threads);
            bytes = owned_.get();
        }
        bytes_ = bytes;
    }
    Tree tree() const { return Tree(bytes_); }

private:
    Bytes owned_;
    const uint8_t *bytes_;
};

static Out<uint8_t> build_bvh(In<float, 2> vertices, In<int64_t, 2> faces, int threads) {
    Bytes bytes;
    {
        nb::gil_scoped_release free;
        bytes = build(vertices, faces, threads);
    }
    const size_t size = Tree(bytes.get()).header->bytes;
    uint8_t *data = bytes.release();
    nb::capsule owner(data, [](void *p) noexcept { Free()(static_cast<uint8_t *>(p)); });
    return Out<uint8_t>(data, {size}, owner);
}

struct Hit {
    float at;  // in units of the scaled direction
    int32_t leaf = -1, lane = 0, face = -1;
};

template <bool First>
static Hit walk(const Tree &tree, const Ray &ray, float limit) {
    Hit hit{limit};
    if (!ray.valid || tree.header->nodes == 0) return hit;
    Stack stack;
    stack.entry[stack.top++] = 0;
    while (stack.top) {
        --stack.top;
        if (stack.key() > hit.at * 1.000001f) continue;
        const int32_t child = stack.child();
        Float8 at;
        if (child >= 0) {
            const Node &node = tree.nodes[child];
            const uint64_t met = meet_boxes(node, ray, hit.at, at);
            stack.push(at, met, node.child);
            continue;
        }
        const Leaf &leaf = tree.leaves[~child];
        uint64_t met = meet_triangles(leaf, ray, hit.at, at);
        while (met) {
            const int lane = next_lane(met);
            if (!First) return {at[lane], ~child, lane, leaf.face[lane]};
            const bool tie = at[lane] == hit.at && hit.leaf >= 0;
            if (tie ? leaf.face[lane] < hit.face : at[lane] <= hit.at)
                hit = {at[lane], ~child, lane, leaf.face[lane]};
        }
    }
    return hit;
}

static std::tuple<Out<float>, Out<int64_t>, Out<float>> hit_faces(
    In<float, 2> vertices, In<int64_t, 2> faces, In<float, 2> origins, In<float, 2> directions,
    Maybe<uint8_t, 1> bvh, int threads) {
    const int64_t n = origins.shape(0);
    auto distance = make<float>({size_t(n)});
    auto face = make<int64_t>({size_t(n)});
    auto where = make<float>({size_t(n), 3});
    {
        nb::gil_scoped_release free;
        const Opened opened(vertices, faces, bvh, threads);
        const Tree tree = opened.tree();
        const float inf = std::numeric_limits<float>::infinity();
#pragma omp parallel for num_threads(threads) schedule(dynamic, 256)
        for (int64_t i = 0; i < n; ++i) {
            const float *direction = directions.data() + 3 * i;
            const Ray ray(origins.data() + 3 * i, direction, tree.header->box);
            const Hit hit = walk<true>(tree, ray, inf);
            double barycentric[3] = {};
            double at = inf;
            if (hit.leaf >= 0)
                at = Triangle(tree.leaves[hit.leaf], hit.lane).hit(ray, direction, barycentric);
            distance.data()[i] = float(at);
            face.data()[i] = hit.face;
            for (int k = 0; k < 3; ++k) where.data()[3 * i + k] = float(barycentric[k]);
        }
    }
    return {distance, face, where};
}

static Out<bool> occluded(In<float, 2> vertices, In<int64_t, 2> faces, In<float, 2> origins,
                          In<float, 2> directions, double max_distance, Maybe<uint8_t, 1> bvh,
                          int threads) {
    const int64_t n = origins.shape(0);
    auto out = make<bool>({size_t(n)});
    {
        nb::gil_scoped_release free;
        const Opened opened(vertices, faces, bvh, threads);
        const Tree tree = opened.tree();
#pragma omp parallel for num_threads(threads) schedule(dynamic, 256)
        for (int64_t i = 0; i < n; ++i) {
            const Ray ray(origins.data() + 3 * i, directions.data() + 3 * i, tree.header->box);
            const float limit = ray.valid ? float(max_distance * ray.longest) : 0.0f;
            out.data()[i] = walk<false>(tree, ray, limit).leaf >= 0;
        }
    }
    return out;
}

static std::tuple<Out<float>, Out<int64_t>, Out<float>> closest_faces(
    In<float, 2> vertices, In<int64_t, 2> faces, In<float, 2> queries, Maybe<uint8_t, 1> bvh,
    int threads) {
    const int64_t n = queries.shape(0);
    auto points = make<float>({size_t(n), 3});
    auto face = make<int64_t>({size_t(n)});
    auto where = make<float>({size_t(n), 3});
    if (n == 0) return {points, face, where};
    {
        nb::gil_scoped_release free;
        const Opened opened(vertices, faces, bvh, threads);
        each_closest(
            opened.tree(), queries.data(), n, threads, [] { return 0; },
            [&](int, int64_t i, int32_t f, const double *barycentric, const double *point) {
                face.data()[i] = f;
                for (int k = 0; k < 3; ++k) {
                    points.data()[3 * i + k] = float(point[k]);
                    where.data()[3 * i + k] = float(barycentric[k]);
                }
            });
    }
    return {points, face, where};
}

static std::tuple<Out<float>, Out<int64_t>> signed_distance_faces(
    In<float, 2> vertices, In<int64_t, 2> faces, In<float, 2> queries, double beta,
    Maybe<uint8_t, 1> bvh, int threads) {
    const int64_t n = queries.shape(0);
    auto distance = make<float>({size_t(n)});
    auto face = make<int64_t>({size_t(n)});
    if (n == 0) return {distance, face};
    {
        nb::gil_scoped_release free;
        const Opened opened(vertices, faces, bvh, threads);
        const Tree tree = opened.tree();
        each_closest(
            tree, queries.data(), n, threads, [&] { return Memory(*tree.header); },
            [&](Memory &memory, int64_t i, int32_t f, const double *, const double *point) {
                const float *q = queries.data() + 3 * i;
                const float d = float(std::sqrt(squared_distance(q, point)));
                int inside = memory.recall(q, d);
                if (inside < 0) {
                    const float w = winding_at(tree, q, float(beta * beta));
                    memory.learn(q, d, w);
                    inside = w > 0.5f;
                }
                distance.data()[i] = inside ? -d : d;
                face.data()[i] = f;
            });
    }
    return {distance, face};
}

static Out<float> winding_number(In<float, 2> vertices, In<int64_t, 2> faces,
                                 In<float, 2> queries, double beta, Maybe<uint8_t, 1> bvh,
                                 int threads) {
    const int64_t n = queries.shape(0);
    auto out = make<float>({size_t(n)});
    {
        nb::gil_scoped_release free;
        const Opened opened(vertices, faces, bvh, threads);
        const Tree tree = opened.tree();
        const bool any = tree.header->nodes > 0;
#pragma omp parallel for num_threads(threads) schedule(dynamic, 256)
        for (int64_t i = 0; i < n; ++i)
            out.data()[i] =
                any ? winding_at(tree, queries.data() + 3 * i, float(beta * beta)) : 0.0f;
    }
    return out;
}

}  // namespace geomdl

NB_MODULE(GEOMDL_MODULE, m) {
    using namespace geomdl;
    const auto strict = [] { return nb::arg().noconvert(); };
    const auto any_integer = [] { return nb::arg(); };
    const auto maybe = [] { return nb::arg().none(); };
    m.def("build_bvh", &build_bvh, strict(), any_integer(), nb::arg());
    m.def("hit_faces", &hit_faces, strict(), any_integer(), strict(), strict(), maybe(), nb::arg());
    m.def("occluded", &occluded, strict(), any_integer(), strict(), strict(), nb::arg(), maybe(),
          nb::arg());
    m.def("closest_faces", &closest_faces, strict(), any_integer(), strict(), maybe(), nb::arg());
    m.def("winding_number", &winding_number, strict(), any_integer(), strict(), nb::arg(), maybe(),
          nb::arg());
    m.def("signed_distance_faces", &signed_distance_faces, strict(), any_integer(), strict(),
          nb::arg(), maybe(), nb::arg());
}
