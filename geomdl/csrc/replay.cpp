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

using Windows = std::tuple<Out<int64_t>, Out<int64_t>, Out<float>, Out<float>, Out<int64_t>>;

Windows replay_windows(In<uint8_t, 2> record, In<int64_t, 2> numbers, In<float, 1> powers,
                       In<int64_t, 1> pick, bool ranked, int64_t slots, int64_t stack, int) {
    const int64_t count = pick.shape(0), lanes = numbers.shape(1);
    const int64_t steps = int64_t(powers.shape(0)) - 1, ring = int64_t(record.shape(0)) / lanes;
    const int64_t width = steps == 1 ? stack + 1 : 2 * stack;
    const int64_t *first = numbers.data(), *ready = first + lanes, *taken = ready + lanes;
    const auto *records = reinterpret_cast<const Record *>(record.data());
    auto frames = make<int64_t>({size_t(count), size_t(width)});
    auto action = make<int64_t>({size_t(count)}), index = make<int64_t>({size_t(count)});
    auto reward = make<float>({size_t(count)}), discount = make<float>({size_t(count)});

    std::vector<int64_t> until(ranked ? size_t(lanes) : 0);
    for (int64_t l = 0, sum = 0; l < int64_t(until.size()); ++l)
        until[l] = sum += ready[l] - first[l];
    for (int64_t i = 0; i < count; ++i) {
        const int64_t wanted = pick.data()[i];
        int64_t lane = lanes, number = 0;
        if (wanted < 0) throw std::out_of_range("pick: expected numbers from 0");
        if (ranked)
            lane = std::upper_bound(until.begin(), until.end(), wanted) - until.begin();
        else
            lane = wanted / ring;
        if (lane >= lanes) throw std::out_of_range("pick: more than there is");
        if (ranked) {
            number = ready[lane] + wanted - until[lane];
        } else {
            const int64_t newest = taken[lane] - 1, behind = (newest - wanted) % ring;
            number = newest - (behind < 0 ? behind + ring : behind);
        }
        const Record *lane_records = records + lane * ring;
        const Record &start = lane_records[number % ring];
        float sum = start.reward;
        uint8_t last = start.flag;
        int64_t length = 1;
        for (; last == 0 && length < steps; ++length) {
            const Record &next = lane_records[(number + length) % ring];
            sum += powers.data()[length] * next.reward;
            last = next.flag;
        }
        action.data()[i] = start.action;
        reward.data()[i] = sum;
        discount.data()[i] = last & kTerminated ? 0.0f : powers.data()[length];
        index.data()[i] = number * lanes + lane;

        const int64_t after = start.frame + length, low = start.frame - start.age;
        const int64_t high = after - (last == kTerminated);
        int64_t *slot = frames.data() + i * width;
        const auto stacked = [&](int64_t newest, int64_t size) {
            for (int64_t back = size - 1; back >= 0; --back)
                *slot++ = lane * slots + std::min(std::max(newest - back, low), high) % slots;
        };
        if (steps > 1) stacked(start.frame, stack);
        stacked(after, steps > 1 ? stack : stack + 1);
    }
    return {frames, action, reward, discount, index};
}

}  // namespace geomdl

NB_MODULE(GEOMDL_MODULE, m) {
    using namespace geomdl;
    const auto plain = nb::arg().noconvert();
    m.def("replay_windows", &replay_windows, plain, plain, plain, plain, nb::arg(), nb::arg(),
          nb::arg(), nb::arg());
}
