// Transitions of a replay: the frames, rewards and discounts that belong together.
#include <algorithm>

#include "kernel.h"

namespace geomdl {

struct Record {
    int64_t action, frame;
    float reward;
    int16_t age;
    uint8_t flag, nothing;
};
static_assert(sizeof(Record) == 24);

constexpr uint8_t kTerminated = 1;  // the only flag of an episode whose last frame was not kept

// Where the transitions of all lanes lie, and how the frames of one are found.
struct Rings {
    const Record *records;
    const int64_t *first, *ready, *taken;
    const float *powers;
    int64_t lanes, ring, steps, slots, stack;

    Rings(const In<uint8_t, 2> &record, const In<int64_t, 2> &numbers, const In<float, 1> &powers,
          int64_t slots, int64_t stack)
        : records(reinterpret_cast<const Record *>(record.data())), first(numbers.data()),
          ready(first + numbers.shape(1)), taken(ready + numbers.shape(1)),
          powers(powers.data()), lanes(int64_t(numbers.shape(1))),
          ring(int64_t(record.shape(0)) / lanes), steps(int64_t(powers.shape(0)) - 1),
          slots(slots), stack(stack) {}

    int64_t width() const { return steps == 1 ? stack + 1 : 2 * stack; }
};

struct Place {
    int64_t lane, number;
};

// The transitions of `pick`; their records come into the cache meanwhile.
static std::vector<Place> places(const Rings &r, const In<int64_t, 1> &pick, bool ranked) {
    std::vector<int64_t> until(ranked ? size_t(r.lanes) : 0);
    for (int64_t l = 0, sum = 0; l < int64_t(until.size()); ++l)
        until[l] = sum += r.ready[l] - r.first[l];
    std::vector<Place> found(pick.shape(0));
    for (size_t i = 0; i < found.size(); ++i) {
        const int64_t wanted = pick.data()[i];
        if (wanted < 0) throw std::out_of_range("pick: expected numbers from 0");
        int64_t lane = wanted / r.ring;
        if (ranked) lane = std::upper_bound(until.begin(), until.end(), wanted) - until.begin();
        if (lane >= r.lanes) throw std::out_of_range("pick: more than there is");
        int64_t number = 0;
        if (ranked) {
            number = r.ready[lane] + wanted - until[lane];
        } else {
            const int64_t newest = r.taken[lane] - 1, behind = (newest - wanted) % r.ring;
            number = newest - (behind < 0 ? behind + r.ring : behind);
        }
        __builtin_prefetch(r.records + lane * r.ring + number % r.ring);
        found[i] = {lane, number};
    }
    return found;
}

using Steps = std::tuple<Out<int64_t>, Out<float>, Out<float>, Out<int64_t>>;

// Action, reward, discount and index of each, and the slots (B, width) of their frames.
static Steps steps_of(const Rings &r, const std::vector<Place> &found, int64_t *slot) {
    const size_t count = found.size();
    auto action = make<int64_t>({count}), index = make<int64_t>({count});
    auto reward = make<float>({count}), discount = make<float>({count});
    for (size_t i = 0; i < count; ++i) {
        const auto [lane, number] = found[i];
        const Record *records = r.records + lane * r.ring;
        const Record &start = records[number % r.ring];
        float sum = start.reward;
        uint8_t last = start.flag;
        int64_t length = 1;
        for (; last == 0 && length < r.steps; ++length) {
            const Record &next = records[(number + length) % r.ring];
            sum += r.powers[length] * next.reward;
            last = next.flag;
        }
        action.data()[i] = start.action;
        reward.data()[i] = sum;
        discount.data()[i] = last & kTerminated ? 0.0f : r.powers[length];
        index.data()[i] = number * r.lanes + lane;

        const int64_t after = start.frame + length, low = start.frame - start.age;
        const int64_t high = after - (last == kTerminated), base = lane * r.slots;
        const auto stacked = [&](int64_t newest, int64_t size) {
            for (int64_t back = size - 1; back >= 0; --back)
                *slot++ = base + std::min(std::max(newest - back, low), high) % r.slots;
        };
        if (r.steps > 1) stacked(start.frame, r.stack);
        stacked(after, r.steps > 1 ? r.stack : r.stack + 1);
    }
    return {action, reward, discount, index};
}

using Windows = std::tuple<Out<int64_t>, Out<int64_t>, Out<float>, Out<float>, Out<int64_t>>;

Windows replay_windows(In<uint8_t, 2> record, In<int64_t, 2> numbers, In<float, 1> powers,
                       In<int64_t, 1> pick, bool ranked, int64_t slots, int64_t stack, int) {
    const Rings rings(record, numbers, powers, slots, stack);
    auto frames = make<int64_t>({pick.shape(0), size_t(rings.width())});
    const auto found = places(rings, pick, ranked);
    return std::tuple_cat(std::tuple(frames), steps_of(rings, found, frames.data()));
}

constexpr int64_t kShared = 1 << 18;  // bytes from which a second thread pays

// Entries begin..end of `slots`, neighbours in one piece.
static void copy_some(const uint8_t *source, int64_t bytes, const int64_t *slots, int64_t begin,
                      int64_t end, uint8_t *to) {
    for (int64_t i = begin; i < end;) {
        int64_t last = i + 1;
        while (last < end && slots[last] == slots[last - 1] + 1) ++last;
        std::memcpy(to + i * bytes, source + slots[i] * bytes, (last - i) * bytes);
        i = last;
    }
}

// All `count` entries, after a look at whether they are there.
static void copy_frames(const In<uint8_t, 2> &source, const int64_t *slots, int64_t count,
                        uint8_t *to, int threads) {
    const int64_t held = source.shape(0), bytes = source.shape(1);
    const uint8_t *from = source.data();
    for (int64_t i = 0; i < count; ++i)
        if (slots[i] < 0 || slots[i] >= held) throw std::out_of_range("slots: more than there are");
    if (bytes == 0) return;
    const int64_t parts = count * bytes >= kShared ? threads : 1;
    if (parts == 1) return copy_some(from, bytes, slots, 0, count, to);
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t part = 0; part < parts; ++part)
        copy_some(from, bytes, slots, count * part / parts, count * (part + 1) / parts, to);
}

Out<uint8_t> replay_frames(In<uint8_t, 2> source, In<int64_t, 2> slots, int threads) {
    auto out = make<uint8_t>({slots.shape(0), slots.shape(1), source.shape(1)});
    copy_frames(source, slots.data(), int64_t(slots.size()), out.data(), threads);
    return out;
}

// Memory of batches that were dropped, for the next ones: a batch is as large as a cache, and what
// was read lately is still in it. Only used with the interpreter's lock held.
class Dropped {
    struct Block {
        uint8_t *data;
        size_t bytes;
    };
    static constexpr size_t kMost = 4;
    std::vector<Block> blocks;  // the newest last

    static Dropped &all() {
        static auto *only = new Dropped;  // results may outlive what ends with the module
        return *only;
    }

    static void drop(void *p) noexcept {
        auto *block = static_cast<Block *>(p);
        auto &blocks = all().blocks;
        blocks.push_back(*block);
        delete block;
        if (blocks.size() <= kMost) return;
        ::operator delete[](blocks.front().data, std::align_val_t(64));
        blocks.erase(blocks.begin());
    }

    static uint8_t *find(size_t bytes) {
        auto &blocks = all().blocks;
        for (auto at = blocks.rbegin(); at != blocks.rend(); ++at)
            if (at->bytes == bytes) {
                uint8_t *data = at->data;
                blocks.erase(std::next(at).base());
                return data;
            }
        return static_cast<uint8_t *>(::operator new[](bytes, std::align_val_t(64)));
    }

  public:
    static Out<uint8_t> make(std::initializer_list<size_t> shape) {
        size_t bytes = 1;
        for (size_t n : shape) bytes *= n;
        if (int64_t(bytes) < kShared) return geomdl::make<uint8_t>(shape);
        auto *block = new Block{find(bytes), bytes};
        return Out<uint8_t>(block->data, shape, nb::capsule(block, drop));
    }
};

using Batch = std::tuple<Out<uint8_t>, Out<int64_t>, Out<float>, Out<float>, Out<int64_t>>;

Batch replay_batch(In<uint8_t, 2> record, In<int64_t, 2> numbers, In<float, 1> powers,
                   In<uint8_t, 2> source, In<int64_t, 1> pick, bool ranked, int64_t slots,
                   int64_t stack, int threads) {
    const Rings rings(record, numbers, powers, slots, stack);
    const size_t width = size_t(rings.width());
    auto out = Dropped::make({pick.shape(0), width, source.shape(1)});
    std::vector<int64_t> at(pick.shape(0) * width);
    auto steps = steps_of(rings, places(rings, pick, ranked), at.data());
    copy_frames(source, at.data(), int64_t(at.size()), out.data(), threads);
    return std::tuple_cat(std::tuple(out), std::move(steps));
}

typedef uint8_t Bytes16 __attribute__((vector_size(16)));
typedef uint16_t Pairs8 __attribute__((vector_size(16)));

// Bytes a0 b0 a1 b1 .. of eight, and then pairs of these.
#define GEOMDL_ZIP(a, b, i) \
    __builtin_shufflevector(a, b, i, i + 16, i + 1, i + 17, i + 2, i + 18, i + 3, i + 19, i + 4, \
                            i + 20, i + 5, i + 21, i + 6, i + 22, i + 7, i + 23)
#define GEOMDL_ZIP_PAIRS(a, b, i) \
    __builtin_shufflevector(a, b, i, i + 8, i + 1, i + 9, i + 2, i + 10, i + 3, i + 11)

// Four planes, 16 pixels: their bytes pixel by pixel.
static void interleave(const uint8_t *const *planes, int64_t at, uint8_t *to) {
    Bytes16 p[4];
    for (int c = 0; c < 4; ++c) std::memcpy(&p[c], planes[c] + at, 16);
    const Pairs8 a = Pairs8(GEOMDL_ZIP(p[0], p[1], 0)), b = Pairs8(GEOMDL_ZIP(p[2], p[3], 0));
    const Pairs8 c = Pairs8(GEOMDL_ZIP(p[0], p[1], 8)), d = Pairs8(GEOMDL_ZIP(p[2], p[3], 8));
    const Pairs8 all[4] = {GEOMDL_ZIP_PAIRS(a, b, 0), GEOMDL_ZIP_PAIRS(a, b, 4),
                           GEOMDL_ZIP_PAIRS(c, d, 0), GEOMDL_ZIP_PAIRS(c, d, 4)};
    std::memcpy(to, all, sizeof all);
}

// (B, C, N) -> (B, N, C), divided.
Out<float> scaled_frames(In<uint8_t, 4> frames, float divisor, int threads) {
    const int64_t batch = frames.shape(0), channels = frames.shape(1);
    const int64_t pixels = int64_t(frames.shape(2)) * int64_t(frames.shape(3));
    auto out = make<float>({frames.shape(0), frames.shape(2), frames.shape(3), frames.shape(1)});
    const bool shared = batch * channels * pixels >= kShared;
#pragma omp parallel for num_threads(shared ? threads : 1) schedule(static)
    for (int64_t i = 0; i < batch; ++i) {
        const uint8_t *from = frames.data() + i * channels * pixels;
        float *to = out.data() + i * channels * pixels;
        int64_t p = 0;
        if (channels == 4) {
            const uint8_t *planes[4] = {from, from + pixels, from + 2 * pixels, from + 3 * pixels};
            for (; p + 16 <= pixels; p += 16) {
                uint8_t block[64];
                interleave(planes, p, block);
                for (int k = 0; k < 64; ++k) to[4 * p + k] = float(block[k]) / divisor;
            }
        }
        for (; p < pixels; ++p)
            for (int64_t c = 0; c < channels; ++c)
                to[p * channels + c] = float(from[c * pixels + p]) / divisor;
    }
    return out;
}

}  // namespace geomdl

NB_MODULE(GEOMDL_MODULE, m) {
    using namespace geomdl;
    const auto plain = nb::arg().noconvert();
    m.def("replay_windows", &replay_windows, plain, plain, plain, plain, nb::arg(), nb::arg(),
          nb::arg(), nb::arg());
    m.def("replay_frames", &replay_frames, plain, plain, nb::arg());
    m.def("replay_batch", &replay_batch, plain, plain, plain, plain, plain, nb::arg(), nb::arg(),
          nb::arg(), nb::arg());
    m.def("scaled_frames", &scaled_frames, plain, nb::arg(), nb::arg());
}
