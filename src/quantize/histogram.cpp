#include "quantize/histogram.h"

#include <algorithm>
#include <cmath>

namespace tamis {

namespace {

struct Extremes {
  float low;
  float high;
  bool finite;
};

/// Without branches, so that the compiler makes vector code of it. Not-a-number fails x * 0 == 0.
Extremes find_extremes(std::span<const float> values) {
  float low = values[0];
  float high = values[0];
  float poison = 0;
  for (const float v : values) {
    low = v < low ? v : low;
    high = v > high ? v : high;
    poison += v * 0.0F;
  }
  return {low, high, poison == 0.0F};
}

std::vector<float> only_finite(std::span<const float> values) {
  std::vector<float> kept;
  kept.reserve(values.size());
  for (const float v : values) {
    if (std::isfinite(v)) kept.push_back(v);
  }
  return kept;
}

}  // namespace

void Histogram::add(std::span<const float> values) {
  if (values.empty()) return;
  const Extremes found = find_extremes(values);
  if (!found.finite) {
    const std::vector<float> kept = only_finite(values);
    not_finite_ += values.size() - kept.size();
    if (!kept.empty()) add(kept);
    return;
  }
  const ValueRange range{found.low, found.high};
  extremes_ = seen_ ? hull(extremes_, range) : range;
  cover(range.low, range.high);
  seen_ = true;
  // An odd step does not fall into the rows of a picture.
  const std::size_t step = values.size() <= kSampled ? 1 : (values.size() / kSampled) | 1;
  const float low = static_cast<float>(bins_low_);
  const float per_unit = static_cast<float>(1 / width());
  for (std::size_t i = 0; i < values.size(); i += step) {
    const auto bin = static_cast<std::int64_t>((values[i] - low) * per_unit);
    ++bins_[static_cast<std::size_t>(std::clamp<std::int64_t>(bin, 0, kBins - 1))];
    ++counted_;
  }
}

void Histogram::cover(double low, double high) {
  if (!seen_) {
    bins_.assign(kBins, 0);
    bins_low_ = low;
    bins_high_ = std::max(high, low + std::max(1e-6, std::abs(low) * 1e-6));
  }
  while (low < bins_low_ || high > bins_high_) {
    const bool down = low < bins_low_;
    std::vector<std::uint64_t> merged(kBins, 0);
    const std::size_t first = down ? kBins / 2 : 0;
    for (std::size_t i = 0; i < kBins; ++i) merged[first + i / 2] += bins_[i];
    bins_ = std::move(merged);
    const double span = bins_high_ - bins_low_;
    (down ? bins_low_ : bins_high_) += down ? -span : span;
  }
}

ValueRange Histogram::percentile(double percentile) const {
  if (!seen_) return {};
  const double cut = static_cast<double>(counted_) * (100.0 - percentile) / 200.0;
  std::size_t first = 0;
  for (double below = 0; first < kBins - 1; ++first) {
    below += static_cast<double>(bins_[first]);
    if (below > cut) break;
  }
  std::size_t last = kBins;
  for (double above = 0; last > first + 1; --last) {
    above += static_cast<double>(bins_[last - 1]);
    if (above > cut) break;
  }
  return {std::max(extremes_.low, bins_low_ + static_cast<double>(first) * width()),
          std::min(extremes_.high, bins_low_ + static_cast<double>(last) * width())};
}

void Histogram::visit(const std::function<void(double, double)>& visit) const {
  for (std::size_t i = 0; i < bins_.size(); ++i) {
    if (bins_[i] == 0) continue;
    const double middle = bins_low_ + (static_cast<double>(i) + 0.5) * width();
    visit(std::clamp(middle, extremes_.low, extremes_.high), static_cast<double>(bins_[i]));
  }
}

}  // namespace tamis
