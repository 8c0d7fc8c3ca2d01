#include "quantize/affine.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

namespace tamis {

ValueRange hull(const ValueRange& a, const ValueRange& b) {
  return {std::min(a.low, b.low), std::max(a.high, b.high)};
}

std::uint8_t Affine::quantise(double value) const {
  const double q = std::nearbyint(value / scale) + zero_point;
  return static_cast<std::uint8_t>(std::clamp(q, 0.0, 255.0));
}

double Affine::dequantise(std::uint8_t q) const {
  return static_cast<double>(scale) * (static_cast<int>(q) - static_cast<int>(zero_point));
}

Affine affine_from_range(const ValueRange& range) {
  const double low = std::min(range.low, 0.0);
  const double high = std::max(range.high, 0.0);
  const double scale = (high - low) / 255.0;
  if (!(scale > std::numeric_limits<float>::min())) return {1.0F, 0};
  const double zero_point = std::clamp(std::nearbyint(-low / scale), 0.0, 255.0);
  return {static_cast<float>(scale), static_cast<std::uint8_t>(zero_point)};
}

bool round_weights(std::span<const float> channel, float scale, const PairSums& sums,
                   std::span<std::int8_t> rounded) {
  constexpr double kMost = 127;
  std::vector<double> exact(channel.size());
  for (std::size_t i = 0; i < channel.size(); ++i) {
    exact[i] = channel[i] / double{scale};
    // As nearbyint, which is a call per weight: adding this leaves no bits for a fraction.
    constexpr double kNoFraction = 6755399441055744.0;
    const double nearest = (std::clamp(exact[i], -kMost, kMost) + kNoFraction) - kNoFraction;
    rounded[i] = static_cast<std::int8_t>(nearest);
  }
  if (sums.fit(rounded)) return true;
  sums.limit(exact, rounded);
  return false;
}

namespace {

/// One channel on its way from weights to integers.
class Channel {
 public:
  Channel(std::size_t size, const WeightRules& rules)
      : rules_(rules), weights_(size), rounded_(size), errors_(size) {}

  std::vector<float>& weights() { return weights_; }
  const std::vector<std::int8_t>& rounded() const { return rounded_; }

  /// Rounds with the scale from `least` on up to which the cost falls, and returns it; `least`
  /// where nothing has to be limited.
  float round_best(std::size_t number, float least) {
    constexpr float kStep = 1.04F;
    constexpr float kMost = 127.0F / 64;  // no pair of weights up to 64 overflows
    constexpr int kPatience = 2;          // steps without gain, as rounding makes the cost uneven
    if (round(least)) return least;
    float best = least;
    double cost = cost_at(number, least);
    int waited = 0;
    bool fits = false;
    for (float scale = least; waited < kPatience && !fits && scale < kMost * least;) {
      scale = std::min(scale * kStep, kMost * least);
      fits = round(scale);
      const double other = cost_at(number, scale);
      waited = other < cost ? 0 : waited + 1;
      if (other < cost) cost = other, best = scale;
    }
    round(best);
    return best;
  }

 private:
  bool round(float scale) { return round_weights(weights_, scale, rules_.sums, rounded_); }

  double cost_at(std::size_t number, float scale) {
    if (!rules_.cost) return squared_error(weights_, scale, rounded_);
    for (std::size_t i = 0; i < errors_.size(); ++i)
      errors_[i] = scale * static_cast<float>(rounded_[i]) - weights_[i];
    return rules_.cost(number, errors_);
  }

  static double squared_error(std::span<const float> weights, float scale,
                              std::span<const std::int8_t> rounded) {
    double sum = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      const double error = double{weights[i]} - double{scale} * rounded[i];
      sum += error * error;
    }
    return sum;
  }

  const WeightRules& rules_;
  std::vector<float> weights_;
  std::vector<std::int8_t> rounded_;
  std::vector<float> errors_;
};

}  // namespace

QuantisedWeights quantise_weights(std::span<const float> weights, const WeightLayout& layout,
                                  const WeightRules& rules) {
  const std::size_t channels = layout.channels, inner = layout.inner;
  assert(weights.size() == layout.outer * channels * inner);
  QuantisedWeights result{std::vector<std::int8_t>(weights.size()), std::vector<float>(channels)};
  Channel channel(layout.outer * inner, rules);
  for (std::size_t c = 0; c < channels; ++c) {
    const auto first = [&](std::size_t o) {
      return static_cast<std::ptrdiff_t>((o * channels + c) * inner);
    };
    for (std::size_t o = 0; o < layout.outer; ++o)
      std::copy_n(weights.begin() + first(o), inner,
                  channel.weights().begin() + static_cast<std::ptrdiff_t>(o * inner));
    double largest = 0;
    for (const float weight : channel.weights())
      largest = std::max(largest, std::abs(double{weight}));
    double scale = largest / 127;
    if (!rules.least_scales.empty()) scale = std::max(scale, rules.least_scales[c]);
    if (!(scale > std::numeric_limits<float>::min())) scale = 1.0;
    result.scales[c] = channel.round_best(c, static_cast<float>(scale));
    for (std::size_t o = 0; o < layout.outer; ++o)
      std::copy_n(channel.rounded().begin() + static_cast<std::ptrdiff_t>(o * inner), inner,
                  result.values.begin() + first(o));
  }
  return result;
}

std::vector<std::int32_t> quantise_bias(std::span<const float> bias, float input_scale,
                                        std::span<const float> weight_scales) {
  constexpr double kLimit = std::numeric_limits<std::int32_t>::max();
  std::vector<std::int32_t> result(bias.size());
  for (std::size_t i = 0; i < bias.size(); ++i) {
    // The product is rounded to f32 as the scale that is written into the file is.
    const float scale = input_scale * weight_scales[i];
    const double q = std::nearbyint(bias[i] / double{scale});
    result[i] = static_cast<std::int32_t>(std::clamp(q, -kLimit, kLimit));
  }
  return result;
}

std::vector<double> least_weight_scales(std::span<const float> bias, float input_scale) {
  constexpr double kLimit = 2147483647.0 / 2;  // the accumulated products need room as well
  std::vector<double> result(bias.size());
  for (std::size_t i = 0; i < bias.size(); ++i) {
    result[i] = std::abs(double{bias[i]}) / (double{input_scale} * kLimit);
  }
  return result;
}

}  // namespace tamis
