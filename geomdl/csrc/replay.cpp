// Transitions of a replay: the frames, rewards and discounts that belong together.
#include <nanobind/stl/vector.h>

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
static std::vector<Place> places(const Rings &r, const int64_t *pick, size_t count, bool ranked) {
    std::vector<int64_t> until(ranked ? size_t(r.lanes) : 0);
    for (int64_t l = 0, sum = 0; l < int64_t(until.size()); ++l)
        until[l] = sum += r.ready[l] - r.first[l];
    std::vector<Place> found(count);
    for (size_t i = 0; i < count; ++i) {
        const int64_t wanted = pick[i];
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

// Where the numbers of a batch go.
struct Numbers {
    int64_t *action, *index;
    float *reward, *discount;
};

// Action, reward, discount and index of each, and the slots (B, width) of their frames.
static void steps_of(const Rings &r, const std::vector<Place> &found, const Numbers &to,
                     int64_t *slot) {
    for (size_t i = 0; i < found.size(); ++i) {
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
        to.action[i] = start.action;
        to.reward[i] = sum;
        to.discount[i] = last & kTerminated ? 0.0f : r.powers[length];
        to.index[i] = number * r.lanes + lane;

        const int64_t after = start.frame + length, low = start.frame - start.age;
        const int64_t high = after - (last == kTerminated), base = lane * r.slots;
        const auto stacked = [&](int64_t newest, int64_t size) {
            for (int64_t back = size - 1; back >= 0; --back)
                *slot++ = base + std::min(std::max(newest - back, low), high) % r.slots;
        };
        if (r.steps > 1) stacked(start.frame, r.stack);
        stacked(after, r.steps > 1 ? r.stack : r.stack + 1);
    }
}

using Windows = std::tuple<Out<int64_t>, Out<int64_t>, Out<float>, Out<float>, Out<int64_t>>;

Windows replay_windows(In<uint8_t, 2> record, In<int64_t, 2> numbers, In<float, 1> powers,
                       In<int64_t, 1> pick, bool ranked, int64_t slots, int64_t stack, int) {
    const Rings rings(record, numbers, powers, slots, stack);
    const size_t count = pick.shape(0);
    auto frames = make<int64_t>({count, size_t(rings.width())});
    auto action = make<int64_t>({count}), index = make<int64_t>({count});
    auto reward = make<float>({count}), discount = make<float>({count});
    steps_of(rings, places(rings, pick.data(), count, ranked),
             {action.data(), index.data(), reward.data(), discount.data()}, frames.data());
    return {frames, action, reward, discount, index};
}

constexpr int64_t kShared = 1 << 20;  // bytes that are worth to wake a second thread for: 4.0x of
                                     // a NumPy replay at batches of 1.1 MB on two quiet cores, one 2.9x
constexpr int64_t kAhead = 4096, kLine = 64;

// Entries begin..end of `slots`, neighbours in one piece. What lies kAhead is asked for meanwhile,
// also of the next piece: the processor itself looks no further than the page that it reads. One
// core of a Zen 4 reads the 1.1 MB of 32 stacks of 5 Atari frames in 50 us; this takes 64.
static void copy_some(const uint8_t *source, int64_t bytes, const int64_t *slots, int64_t begin,
                      int64_t end, uint8_t *to) {
    to += begin * bytes;
    while (begin < end) {
        int64_t last = begin + 1;
        while (last < end && slots[last] == slots[last - 1] + 1) ++last;
        const int64_t size = (last - begin) * bytes, ahead = std::min(kAhead, size);
        const uint8_t *from = source + slots[begin] * bytes;
        const uint8_t *next = last < end ? source + slots[last] * bytes : from;
        int64_t at = 0;
        for (; at + 2 * kLine <= size; at += 2 * kLine) {
            const int64_t then = at + ahead;
            const uint8_t *soon = then < size ? from + then : next + (then - size);
            __builtin_prefetch(soon, 0, 2);
            __builtin_prefetch(soon + kLine, 0, 2);
            std::memcpy(to + at, from + at, 2 * kLine);
        }
        std::memcpy(to + at, from + at, size - at);
        to += size;
        begin = last;
    }
}

// All `count` entries of frames of so many bytes, after a look at whether they are there.
static void copy_frames(const uint8_t *from, int64_t held, int64_t bytes, const int64_t *slots,
                        int64_t count, uint8_t *to, int threads) {
    for (int64_t i = 0; i < count; ++i)
        if (slots[i] < 0 || slots[i] >= held) throw std::out_of_range("slots: more than there are");
    if (bytes == 0) return;
    const int64_t parts = count * bytes >= kShared ? threads : 1;
    if (parts == 1) return copy_some(from, bytes, slots, 0, count, to);
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t part = 0; part < parts; ++part)
        copy_some(from, bytes, slots, count * part / parts, count * (part + 1) / parts, to);
}

using Frames = nb::ndarray<nb::ro, nb::c_contig, nb::device::cpu>;  // (L * slots, *F), of any kind

// The memory of a replay: batch after batch is read from it.
class BatchReader {
    In<uint8_t, 2> record;
    In<int64_t, 2> numbers;
    In<float, 1> powers;
    std::vector<Frames> frames;
    Rings rings;

  public:
    BatchReader(In<uint8_t, 2> record, In<int64_t, 2> numbers, In<float, 1> powers,
                std::vector<Frames> frames, int64_t slots, int64_t stack)
        : record(record), numbers(numbers), powers(powers), frames(std::move(frames)),
          rings(record, numbers, powers, slots, stack) {}

    // Addresses of `count` numbers each, and in `seen` of (count, width, *F) for each part: arrays
    // that are made here and handed over take longer than to find what is in them.
    void read(uintptr_t pick, size_t count, bool ranked, uintptr_t action, uintptr_t index,
              uintptr_t reward, uintptr_t discount, const std::vector<uintptr_t> &seen,
              int threads) const {
        std::vector<int64_t> at(count * size_t(rings.width()));
        steps_of(rings, places(rings, reinterpret_cast<const int64_t *>(pick), count, ranked),
                 {reinterpret_cast<int64_t *>(action), reinterpret_cast<int64_t *>(index),
                  reinterpret_cast<float *>(reward), reinterpret_cast<float *>(discount)},
                 at.data());
        for (size_t i = 0; i < frames.size(); ++i) {
            int64_t bytes = frames[i].dtype().bits / 8;  // of a frame
            for (size_t axis = 1; axis < frames[i].ndim(); ++axis)
                bytes *= int64_t(frames[i].shape(axis));
            copy_frames(static_cast<const uint8_t *>(frames[i].data()), frames[i].shape(0), bytes,
                        at.data(), int64_t(at.size()), reinterpret_cast<uint8_t *>(seen.at(i)),
                        threads);
        }
    }
};

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

constexpr int64_t kPixels = 1 << 18;  // that are worth to wake a second thread for

// (B, C, N) -> (B, N, C), divided.
Out<float> scaled_frames(In<uint8_t, 4> frames, float divisor, int threads) {
    const int64_t batch = frames.shape(0), channels = frames.shape(1);
    const int64_t pixels = int64_t(frames.shape(2)) * int64_t(frames.shape(3));
    auto out = make<float>({frames.shape(0), frames.shape(2), frames.shape(3), frames.shape(1)});
    const bool shared = batch * channels * pixels >= kPixels;
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
    nb::class_<BatchReader>(m, "BatchReader")
        .def(nb::init<In<uint8_t, 2>, In<int64_t, 2>, In<float, 1>, std::vector<Frames>, int64_t,
                      int64_t>(),
             plain, plain, plain, plain, nb::arg(), nb::arg())
        .def("read", &BatchReader::read);
    m.def("scaled_frames", &scaled_frames, plain, nb::arg(), nb::arg());
}
