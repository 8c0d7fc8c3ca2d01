#include "search/looks.h"

#include <fmt/format.h>

#include <algorithm>

namespace tamis {
namespace {

/// A point estimate from all samples may lie beyond what the looks have in common.
RatioEstimate within(RatioEstimate estimate, double low, double high) {
  estimate.low = low;
  estimate.high = high;
  estimate.ratio = std::clamp(estimate.ratio, low, high);
  return estimate;
}

}  // namespace

double next_look_share(std::size_t before, std::size_t now) {
  constexpr double kMost = 0.5;
  return now <= before ? 0 : kMost * static_cast<double>(now - before) / static_cast<double>(now);
}

namespace {

struct StoredLook {
  std::size_t instances = 0;
  double left = 1, low = 0, high = 0;
  bool disturbed = false;  // as RatioEstimate::disturbed
};

StoredLook parse_look(const Json& json) {
  return {json.at("instances"), json.at("left"), json.at("low"), json.at("high"),
          json.value("disturbed", false)};
}

}  // namespace

RatioEstimate Looks::look(const std::string& comparison, double confidence,
                          const std::function<RatioEstimate(double confidence)>& estimate) {
  const std::string key = fmt::format("looks:{}:{}:{}", scope_, comparison, confidence);
  const RatioEstimate plain = estimate(confidence);
  if (!plain.has_interval()) return plain;
  const auto before = store_.find_as(Kind::measurement, key, parse_look);
  const std::size_t measured = plain.instances + plain.put_aside;
  const std::size_t seen = before ? before->instances : 0;
  const double left = before ? before->left : 1;
  if (before && measured <= seen) return within(plain, before->low, before->high);
  const double share = left * next_look_share(seen, measured);
  const RatioEstimate now = estimate(1 - (1 - confidence) * share);
  const bool binds = before && (now.disturbed || !before->disturbed);
  double low = binds ? std::max(now.low, before->low) : now.low;
  double high = binds ? std::min(now.high, before->high) : now.high;
  if (low > high) {  // the machine has changed, or one look was wrong: the latest rests on most
    low = now.low;
    high = now.high;
  }
  Json stored{{"instances", measured}, {"left", left - share}, {"low", low}, {"high", high}};
  if (now.disturbed) stored["disturbed"] = true;
  store_.put(Kind::measurement, key, stored);
  return within(now, low, high);
}

}  // namespace tamis
