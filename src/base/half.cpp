#include "base/half.h"

#include <bit>
#include <cmath>

namespace tamis {

// A half's exponent and mantissa, moved to where a float has them, are 2^112 too small: right for
// subnormals too.
float half_to_float(std::uint16_t bits) {
  const std::uint32_t sign = (bits & 0x8000u) << 16;
  if ((bits & 0x7c00u) == 0x7c00u)
    return std::bit_cast<float>(sign | 0x7f800000u | (bits & 0x3ffu) << 13);
  const float magnitude = std::bit_cast<float>((bits & 0x7fffu) << 13) * 0x1p112f;
  return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(magnitude));
}

std::uint16_t float_to_half(float value) {
  std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  auto sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000);
  if (std::isnan(value)) return sign | 0x7e00;
  float magnitude = std::fabs(value);
  if (magnitude >= 65520.0f) return sign | 0x7c00;
  if (magnitude < std::ldexp(1.0f, -14))  // subnormal: units of 2^-24
    return sign | static_cast<std::uint16_t>(std::nearbyint(std::ldexp(magnitude, 24)));
  std::uint32_t rest = bits & 0x7fffffff;
  rest += 0xfff + ((rest >> 13) & 1);  // to nearest even; may carry into the exponent
  return sign | static_cast<std::uint16_t>((rest >> 13) - (112u << 10));
}

float bfloat16_to_float(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

std::uint16_t float_to_bfloat16(float value) {
  std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  if (std::isnan(value)) return static_cast<std::uint16_t>((bits >> 16) | 0x40);
  return static_cast<std::uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

bool is_half(const Tensor& tensor) {
  return tensor.type() == DataType::f16 || tensor.type() == DataType::bf16;
}

void widen(const Tensor& half, Tensor& out) {
  if (out.raw() == nullptr || out.type() != DataType::f32 || out.shape() != half.shape())
    out = Tensor(DataType::f32, half.shape());
  const auto* from = half.data<std::uint16_t>();
  auto* to = out.data<float>();
  const std::int64_t count = half.elements();
  if (half.type() == DataType::f16)
    for (std::int64_t i = 0; i < count; ++i) to[i] = half_to_float(from[i]);
  else
    for (std::int64_t i = 0; i < count; ++i) to[i] = bfloat16_to_float(from[i]);
}

}  // namespace tamis
