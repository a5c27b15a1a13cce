// bfloat16, which C++ does not know yet: the upper half of a float.
#pragma once

#include <bit>

#include "kernel.h"

namespace geomdl {

struct Bfloat {
    uint16_t bits;
};

}  // namespace geomdl

template <>
struct nanobind::detail::dtype_traits<geomdl::Bfloat> {
    static constexpr dlpack::dtype value{uint8_t(dlpack::dtype_code::Bfloat), 16, 1};
    static constexpr auto name = const_name("bfloat16");
};

namespace geomdl {

inline float widen(float x) { return x; }
inline float widen(Bfloat x) { return std::bit_cast<float>(uint32_t(x.bits) << 16); }

}  // namespace geomdl
