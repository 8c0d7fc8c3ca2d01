#include "quantize/histogram.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <functional>
#include <numeric>

#include "base/error.h"

namespace tamis {

namespace {

struct Extremes {
  float low;
  float high;
  bool finite;
};

/// Side by side in lanes without branches, so that the compiler makes vector code of it. Adding one
/// to an exponent of all ones, which only infinite values and not-a-number have, reaches the sign.
Extremes find_extremes(std::span<const float> values) {
  constexpr std::size_t kLanes = 16;
  std::array<float, kLanes> low;
  std::array<float, kLanes> high;
  std::array<std::uint32_t, kLanes> poison{};
  low.fill(values[0]);
  high.fill(values[0]);
  const auto look = [&](float v, std::size_t lane) {
    low[lane] = v < low[lane] ? v : low[lane];
    high[lane] = v > high[lane] ? v : high[lane];
    poison[lane] |= (std::bit_cast<std::uint32_t>(v) & 0x7FFFFFFFU) + 0x00800000U;
  };
  const std::size_t whole = values.size() / kLanes * kLanes;
  for (std::size_t i = 0; i < whole; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) look(values[i + lane], lane);
  }
  for (std::size_t i = whole; i < values.size(); ++i) look(values[i], i - whole);
  const std::uint32_t any =
      std::accumulate(poison.begin(), poison.end(), 0U, std::bit_or<std::uint32_t>());
  return {*std::min_element(low.begin(), low.end()), *std::max_element(high.begin(), high.end()),
          (any & 0x80000000U) == 0};
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
  ++calls_;
  const double weight = std::max(kAveraging, 1.0 / static_cast<double>(calls_));
  average_.low += weight * (range.low - average_.low);
  average_.high += weight * (range.high - average_.high);
  cover(range.low, range.high);
  seen_ = true;
  // An odd step does not fall into the rows of a picture.
  const std::size_t step = values.size() <= kSampled ? 1 : (values.size() / kSampled) | 1;
  const float low = static_cast<float>(bins_low_);
  const float per_unit = static_cast<float>(1 / width());
  for (std::size_t i = 0; i < values.size(); i += step) {
    const auto bin = static_cast<std::int32_t>((values[i] - low) * per_unit);
    ++bins_[static_cast<std::size_t>(std::clamp<std::int32_t>(bin, 0, kBins - 1))];
  }
  counted_ += (values.size() + step - 1) / step;
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

std::vector<WeightedValue> Histogram::distribution() const {
  std::vector<WeightedValue> result;
  visit([&](double value, double count) { result.push_back({value, count}); });
  return result;
}

Json Histogram::to_json() const {
  Json bins = Json::array();  // runs of [first bin, counts…]: most bins are empty
  for (std::size_t i = 0; i < bins_.size(); ++i) {
    if (bins_[i] == 0) continue;
    if (i == 0 || bins_[i - 1] == 0) bins.push_back(Json::array({i}));
    bins.back().push_back(bins_[i]);
  }
  return {{"extremes", {extremes_.low, extremes_.high}},
          {"average", {average_.low, average_.high}},
          {"calls", calls_},
          {"not_finite", not_finite_},
          {"covers", {bins_low_, bins_high_}},
          {"bins", std::move(bins)}};
}

Histogram Histogram::parse(const Json& json) try {
  const auto range = [&](const char* key) {
    return ValueRange{json.at(key).at(0).get<double>(), json.at(key).at(1).get<double>()};
  };
  Histogram h;
  h.extremes_ = range("extremes");
  h.average_ = range("average");
  h.calls_ = json.at("calls");
  h.seen_ = h.calls_ > 0;
  h.not_finite_ = json.at("not_finite");
  h.bins_low_ = range("covers").low;
  h.bins_high_ = range("covers").high;
  if (h.seen_) h.bins_.assign(kBins, 0);
  for (const Json& run : json.at("bins")) {
    const std::size_t first = run.at(0);
    for (std::size_t i = 1; i < run.size(); ++i)
      h.counted_ += h.bins_.at(first + i - 1) = run[i].get<std::uint64_t>();
  }
  return h;
} catch (const std::exception& e) {
  throw Error(ErrorCode::corrupt_data, std::string("statistics: not readable: ") + e.what());
}

}  // namespace tamis
