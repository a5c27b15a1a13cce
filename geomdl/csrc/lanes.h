// Sixteen values at a time, by vector extensions that every target compiles.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>

namespace geomdl {

constexpr int LANES = 16;

template <typename T>
struct Vec {
    typedef T type __attribute__((vector_size(LANES * sizeof(T))));
    typedef T loose __attribute__((vector_size(LANES * sizeof(T)), aligned(4), may_alias));
};
typedef int8_t Bytes __attribute__((vector_size(LANES)));

// 16 values that lie anywhere.
template <typename T>
const typename Vec<T>::loose &load(const T *from) {
    return *reinterpret_cast<const typename Vec<T>::loose *>(from);
}

// Lanes where a comparison held: visit(lane) in ascending order.
struct Hits {
    uint64_t words[2];

    template <typename Mask>
    explicit Hits(const Mask &mask) {
        const Bytes bytes = __builtin_convertvector(mask, Bytes);
        std::memcpy(words, &bytes, sizeof words);
    }
    bool any() const { return words[0] | words[1]; }

    template <typename Visit>
    void each(Visit visit) const {
        for (int w = 0; w < 2; ++w)
            for (uint64_t left = words[w] & 0x0101010101010101ull; left; left &= left - 1)
                visit(8 * w + std::countr_zero(left) / 8);
    }
};

template <typename V>
auto largest(const V &v) {
    auto best = v[0];
    decltype(best) lane[LANES];
    std::memcpy(lane, &v, sizeof lane);
    for (int step = LANES / 2; step; step /= 2)
        for (int i = 0; i < step; ++i)
            lane[i] = lane[i] > lane[i + step] ? lane[i] : lane[i + step];
    return lane[0];
}

// Uninitialised memory on cache lines.
struct Free {
    void operator()(void *p) const { ::operator delete[](p, std::align_val_t(64)); }
};
template <typename T>
using Block = std::unique_ptr<T[], Free>;
template <typename T>
Block<T> block(int64_t count) {
    return Block<T>(static_cast<T *>(::operator new[](count * sizeof(T), std::align_val_t(64))));
}

}  // namespace geomdl
