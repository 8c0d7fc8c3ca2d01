#pragma once

#include <bit>
#include <cstdint>

namespace tamis {

/// e^x to 2 units in the last place for x from −87 to 88, cut to that range. Without branches and
/// calls, so that compilers make vector code of a loop over it.
/// Source: Cephes' expf (Moshier), range reduction by adding 1.5·2²³.
inline float fast_exp(float x) {
  constexpr float kLog2e = 1.44269504088896341F, kRound = 12582912.0F;
  constexpr float kHigh = 0.693359375F, kLow = -2.12194440e-4F;  // ln 2 in two parts
  x = x < -87.0F ? -87.0F : x;
  x = x > 88.0F ? 88.0F : x;
  const float shifted = x * kLog2e + kRound;
  const float n = shifted - kRound;
  const float r = (x - n * kHigh) - n * kLow;
  float p = 1.9875691500e-4F;
  p = p * r + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  p = p * r * r + r + 1.0F;
  const std::int32_t power = std::bit_cast<std::int32_t>(shifted) - 0x4B400000;
  return p * std::bit_cast<float>((power + 127) << 23);
}

}  // namespace tamis
