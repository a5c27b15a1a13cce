// Which blocks a depth image touches, and the rows in which blocks are stored.
#include <algorithm>
#include <array>
#include <cmath>

#include "blocks.h"

namespace geomdl {

// Keys already seen by one thread; its table doubles when half full.
class KeySet {
  public:
    KeySet() : slots_(1 << 14, kNone) {}

    void insert(int64_t key) {
        size_t at = place(key);
        if (slots_[at] == key) return;
        slots_[at] = key;
        keys.push_back(key);
        if (2 * keys.size() < slots_.size()) return;
        slots_.assign(2 * slots_.size(), kNone);
        for (int64_t k : keys) slots_[place(k)] = k;
    }

    std::vector<int64_t> keys;

  private:
    static constexpr int64_t kNone = -1;
    size_t place(int64_t key) const {
        size_t at = size_t(uint64_t(key) * 0x9e3779b97f4a7c15ull >> 24);
        for (at &= slots_.size() - 1; slots_[at] != kNone && slots_[at] != key;)
            at = (at + 1) & (slots_.size() - 1);
        return at;
    }
    std::vector<int64_t> slots_;
};

// The blocks within `truncation` of one row of depth samples; see the torch body.
struct BandMarch {
    Pinhole camera;
    const float *pose;
    const float *origin;
    float cell, truncation;
    int stride, steps;

    void row(const float *depth, int y, int width, KeySet &seen) const {
        const float block = kSide * cell, t = truncation;
        std::vector<std::array<int32_t, 6>> last(steps, {0, 0, 0, -1, -1, -1});
        for (int x = stride / 2; x < width; x += stride) {
            const float d = depth[x];
            if (!(d > 0)) continue;
            const float rx = (x + 0.5f - camera.cx) / camera.fx;
            const float ry = (y + 0.5f - camera.cy) / camera.fy;
            const float reach = std::max(0.5f * stride * d / std::min(camera.fx, camera.fy), cell);
            for (int s = 0; s < steps; ++s) {
                const float z = d + t * (2.0f * s / (steps - 1) - 1);
                const float p[3] = {rx * z - pose[3], ry * z - pose[7], z - pose[11]};
                std::array<int32_t, 6> box;
                for (int a = 0; a < 3; ++a) {
                    const float w = pose[a] * p[0] + pose[4 + a] * p[1] + pose[8 + a] * p[2];
                    box[a] = int32_t(std::floor((w - origin[a] - reach) / block));
                    box[3 + a] = int32_t(std::floor((w - origin[a] + reach) / block));
                }
                if (box == last[s]) continue;  // as for the pixel before
                last[s] = box;
                for (int32_t i = box[0]; i <= box[3]; ++i)
                    for (int32_t j = box[1]; j <= box[4]; ++j)
                        for (int32_t k = box[2]; k <= box[5]; ++k)
                            seen.insert(block_key(i, j, k));
            }
        }
    }
};

Out<int32_t> touched_blocks(In<float, 2> depth, In<float, 2> intrinsics, In<float, 2> pose,
                            In<float, 1> origin, double cell, double truncation, int64_t stride,
                            int threads) {
    const int height = int(depth.shape(0)), width = int(depth.shape(1));
    const int steps = int(std::ceil(2 * truncation / (kSide / 2 * cell))) + 1;
    const BandMarch march{Pinhole(intrinsics.data()), pose.data(), origin.data(), float(cell),
                          float(truncation), int(stride), std::max(steps, 2)};
    const int rows = (height - int(stride) / 2 + int(stride) - 1) / int(stride);
    std::vector<KeySet> seen(threads);
    const float *in = depth.data();
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int part = 0; part < threads; ++part)
        for (int r = part; r < rows; r += threads) {
            const int y = r * int(stride) + int(stride) / 2;
            march.row(in + int64_t(y) * width, y, width, seen[part]);
        }
    std::vector<int64_t> keys;
    for (const KeySet &set : seen) keys.insert(keys.end(), set.keys.begin(), set.keys.end());
    std::sort(keys.begin(), keys.end());
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
    auto out = make<int32_t>({keys.size(), 3});
    for (size_t i = 0; i < keys.size(); ++i) block_of_key(keys[i], out.data() + 3 * i);
    return out;
}

Out<int64_t> locate_blocks(In<int32_t, 2> coordinates, In<int32_t, 2> queries, int threads) {
    const BlockTable table(coordinates.data(), coordinates.shape(0));
    const int64_t n = queries.shape(0);
    auto out = make<int64_t>({size_t(n)});
    const int32_t *q = queries.data();
    int64_t *rows = out.data();
#pragma omp parallel for num_threads(threads)
    for (int64_t i = 0; i < n; ++i) rows[i] = table.find(q[3 * i], q[3 * i + 1], q[3 * i + 2]);
    return out;
}

}  // namespace geomdl

NB_MODULE(GEOMDL_MODULE, m) {
    using namespace geomdl;
    const auto plain = nb::arg().noconvert();
    m.def("touched_blocks", &touched_blocks, plain, plain, plain, plain, nb::arg(), nb::arg(),
          nb::arg(), nb::arg());
    m.def("locate_blocks", &locate_blocks, plain, plain, nb::arg());
}
