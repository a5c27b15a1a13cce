// What every kernel family shares: tensor views by DLPack, owned results, and the thread count.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/tuple.h>

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

namespace nb = nanobind;
using namespace nb::literals;

namespace geomdl {

// Read-only contiguous CPU tensor of a fixed rank; pass with nb::arg().noconvert().
template <typename T, int Rank>
using In = nb::ndarray<const T, nb::ndim<Rank>, nb::c_contig, nb::device::cpu>;

template <typename T, int Rank>
using Maybe = std::optional<In<T, Rank>>;

// A result: numpy array that owns its memory, turned into a torch tensor by dispatch.py.
template <typename T>
using Out = nb::ndarray<nb::numpy, T, nb::device::cpu>;

// Uninitialised result of the given shape; write through data().
template <typename T>
Out<T> make(std::initializer_list<size_t> shape) {
    size_t count = 1;
    for (size_t n : shape) count *= n;
    T *data = static_cast<T *>(::operator new[](std::max<size_t>(count, 1) * sizeof(T),
                                                std::align_val_t(64)));
    nb::capsule owner(data, [](void *p) noexcept {
        ::operator delete[](p, std::align_val_t(64));
    });
    return Out<T>(data, shape, owner);
}

// A vector's content as a result, without a copy.
template <typename T>
Out<T> take(std::vector<T> &&values, std::initializer_list<size_t> shape) {
    auto *kept = new std::vector<T>(std::move(values));
    nb::capsule owner(kept, [](void *p) noexcept { delete static_cast<std::vector<T> *>(p); });
    return Out<T>(kept->data(), shape, owner);
}

}  // namespace geomdl
