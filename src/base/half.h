#pragma once

#include <cstdint>

#include "base/tensor.h"

namespace tamis {

/// IEEE half and bfloat16, to nearest even.
float half_to_float(std::uint16_t bits);
std::uint16_t float_to_half(float value);
float bfloat16_to_float(std::uint16_t bits);
std::uint16_t float_to_bfloat16(float value);

/// Whether the tensor's elements are f16 or bf16.
bool is_half(const Tensor& tensor);

/// Writes an f16 or bf16 tensor's elements into `out`, f32 of the same shape, which is made where
/// it is not that yet. Exact.
void widen(const Tensor& half, Tensor& out);

}  // namespace tamis
