#include "base/half.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>

namespace tamis {
namespace {

/// By the definition: sign, 5 bits of exponent, 10 of mantissa.
float by_definition(std::uint16_t bits) {
  const int exponent = (bits >> 10) & 31, mantissa = bits & 1023;
  float magnitude = std::ldexp(static_cast<float>(mantissa + 1024), exponent - 25);
  if (exponent == 0) magnitude = std::ldexp(static_cast<float>(mantissa), -24);
  if (exponent == 31) magnitude = mantissa == 0 ? INFINITY : NAN;
  return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

TEST(Half, is_read_as_defined) {
  for (int bits = 0; bits < 65536; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const float found = half_to_float(half), expected = by_definition(half);
    if (std::isnan(expected))
      ASSERT_TRUE(std::isnan(found)) << bits;
    else
      ASSERT_EQ(std::bit_cast<std::uint32_t>(found), std::bit_cast<std::uint32_t>(expected))
          << bits;
  }
}

TEST(Half, is_widened_into_a_tensor_that_is_used_again) {
  Tensor half(DataType::f16, {2});
  half.data<std::uint16_t>()[0] = float_to_half(1.5f);
  half.data<std::uint16_t>()[1] = float_to_half(-2);
  Tensor out;
  widen(half, out);
  EXPECT_EQ(out.type(), DataType::f32);
  EXPECT_EQ(out.data<float>()[0], 1.5f);
  EXPECT_EQ(out.data<float>()[1], -2);
  const void* place = out.raw();
  widen(half, out);
  EXPECT_EQ(out.raw(), place);
  Tensor brain(DataType::bf16, {1});
  brain.data<std::uint16_t>()[0] = float_to_bfloat16(3);
  widen(brain, out);
  EXPECT_EQ(out.data<float>()[0], 3);
}

}  // namespace
}  // namespace tamis
