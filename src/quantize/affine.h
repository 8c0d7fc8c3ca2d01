#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "quantize/pair_sums.h"

namespace tamis {

/// Closed interval of real values.
struct ValueRange {
  double low = 0;
  double high = 0;
  bool operator==(const ValueRange&) const = default;
};

/// The least interval that holds both.
ValueRange hull(const ValueRange& a, const ValueRange& b);

/// real = scale * (q - zero_point), q in 0..255. Thread safe, a value.
struct Affine {
  float scale = 1;
  std::uint8_t zero_point = 0;

  /// Rounded half to even and saturated, as QuantizeLinear does.
  std::uint8_t quantise(double value) const;
  double dequantise(std::uint8_t q) const;
  double round_trip(double value) const { return dequantise(quantise(value)); }
};

/// u8 parameters for a range: it is widened to hold 0, which is represented exactly. An empty range
/// gives scale 1. Source: Jacob et al. 2018, arXiv:1712.05877, section 3; same figures as
/// onnxruntime.quantization's compute_scale_zp.
Affine affine_from_range(const ValueRange& range);

/// A constant tensor in s8, symmetric, with one scale per index along `axis`.
struct QuantisedWeights {
  std::vector<std::int8_t> values;  ///< in -127..127, laid out as the input
  std::vector<float> scales;        ///< one per channel, > 0
};

/// Weights seen as [outer, channels, inner]; the columns of a channel run over [outer, inner].
struct WeightLayout {
  std::size_t outer = 1, channels = 1, inner = 1;
};

/// What rounding has to keep to, and what the choice of a scale goes by.
struct WeightRules {
  std::span<const double> least_scales = {};  ///< empty, or per channel the scale that must not be
                                              ///< undercut (so that a bias fits into 32 bits)
  PairSums sums = {};                         ///< what has to fit into 16 bits
  /// Of a channel, what rounded minus original weights cost; empty: their squares.
  std::function<double(std::size_t channel, std::span<const float> errors)> cost = {};
};

/// A channel in which all sums fit has the scale of its largest weight, another one the scale of
/// least cost between that and the one with which nothing has to be limited.
QuantisedWeights quantise_weights(std::span<const float> weights, const WeightLayout& layout,
                                  const WeightRules& rules = {});

/// One channel's weights at a scale: to the nearest, then limited. Returns whether nothing had to
/// be limited for the sums' sake.
bool round_weights(std::span<const float> channel, float scale, const PairSums& sums,
                   std::span<std::int8_t> rounded);

/// Bias in s32 with scale `input_scale * weight_scales[i]`, saturated.
std::vector<std::int32_t> quantise_bias(std::span<const float> bias, float input_scale,
                                        std::span<const float> weight_scales);

/// Per channel the least weight scale for which the bias fits into 32 bits.
std::vector<double> least_weight_scales(std::span<const float> bias, float input_scale);

}  // namespace tamis
