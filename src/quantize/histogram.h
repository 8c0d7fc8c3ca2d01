#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "base/json.h"
#include "quantize/affine.h"

namespace tamis {

/// Values of a distribution with how often each was seen.
struct WeightedValue {
  double value = 0;
  double count = 0;
};

/// What was seen of one value over all samples, in memory that does not depend on their number: the
/// exact least and greatest value, their moving average over the calls, and the distribution in
/// kBins equal bins over a range that grows by doubling. The bins see at most kSampled evenly
/// spaced elements per call, the extremes see all. Not synchronised.
class Histogram {
 public:
  static constexpr std::size_t kBins = 2048;
  static constexpr std::size_t kSampled = 1 << 14;
  /// Weight of a call in the moving average, once there were that many calls (before: their plain
  /// mean). PyTorch's MovingAverageMinMaxObserver has the same constant.
  static constexpr double kAveraging = 0.01;

  void add(std::span<const float> values);

  bool empty() const { return !seen_; }
  /// Not-a-number or infinite elements were met; they are left out.
  std::uint64_t not_finite() const { return not_finite_; }
  ValueRange extremes() const { return extremes_; }  ///< {0, 0} when empty
  /// Each call's least and greatest value, averaged: a single odd picture counts for little.
  ValueRange moving_average() const { return average_; }

  /// The range without the (100 - percentile) / 2 % at each end, in [50, 100], to a bin's width,
  /// inside extremes().
  ValueRange percentile(double percentile) const;

  /// Calls `visit(value, count)` for the middle of each non-empty bin, from low to high.
  void visit(const std::function<void(double value, double count)>& visit) const;
  /// The same as a list.
  std::vector<WeightedValue> distribution() const;

  /// Everything, exactly; what add() has done can be kept and continued.
  Json to_json() const;
  /// Throws corrupt_data.
  static Histogram parse(const Json& json);

 private:
  void cover(double low, double high);
  double width() const { return (bins_high_ - bins_low_) / static_cast<double>(kBins); }

  bool seen_ = false;
  std::uint64_t not_finite_ = 0;
  ValueRange extremes_;
  ValueRange average_;
  std::uint64_t calls_ = 0;
  double bins_low_ = 0;
  double bins_high_ = 0;
  std::uint64_t counted_ = 0;
  std::vector<std::uint64_t> bins_;
};

}  // namespace tamis
