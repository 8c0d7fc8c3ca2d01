#include "stats/sequential.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace tamis {
namespace {

constexpr double kGrowth = 1.4;  // of the number of rounds from look to look
void require_plan(const StoppingPlan& plan) {
  const bool good = plan.confidence > 0 && plan.confidence < 1 && plan.min_rounds >= 2 &&
                    plan.max_rounds >= plan.min_rounds && plan.resolution_ratio >= 0;
  if (!good) {
    throw Error(
        ErrorCode::invalid_argument,
        "stopping plan: needs a confidence between 0 and 1, 2 <= min_rounds <= max_rounds and a "
        "resolution that is not negative");
  }
}

std::vector<std::size_t> geometric_looks(std::size_t first, std::size_t last) {
  std::vector<std::size_t> looks;
  for (auto next = static_cast<double>(first);
       next * std::sqrt(kGrowth) < static_cast<double>(last); next *= kGrowth) {
    looks.push_back(static_cast<std::size_t>(std::round(next)));
  }
  if (looks.empty() && first < last) looks.push_back(first);
  looks.push_back(last);
  return looks;
}

}  // namespace

std::string_view to_text(StopReason reason) {
  switch (reason) {
    case StopReason::resolved:
      return "resolved";
    case StopReason::narrow_enough:
      return "narrow_enough";
    case StopReason::budget:
      break;
  }
  return "budget";
}

PairedStopping::PairedStopping(const StoppingPlan& plan) : plan_(plan) {
  require_plan(plan);
  looks_ = geometric_looks(plan.min_rounds, plan.max_rounds);
  double spent = 0;
  for (std::size_t rounds : looks_) {
    const double share = static_cast<double>(rounds) / static_cast<double>(plan.max_rounds);
    confidences_.push_back(1 - (1 - plan.confidence) * (share - spent));
    spent = share;
  }
}

bool PairedStopping::is_look(std::size_t rounds) const {
  return std::binary_search(looks_.begin(), looks_.end(), rounds);
}

RatioEstimate PairedStopping::adjusted(std::span<const double> a, std::span<const double> b) const {
  const auto later = std::lower_bound(looks_.begin(), looks_.end(), a.size());
  const auto index = std::min<std::ptrdiff_t>(later - looks_.begin(),
                                              static_cast<std::ptrdiff_t>(looks_.size()) - 1);
  return paired_ratio(a, b, confidences_[static_cast<std::size_t>(index)]);
}

Decision PairedStopping::look(std::span<const double> a, std::span<const double> b) const {
  Decision decision{false, std::nullopt, adjusted(a, b)};
  if (a.size() < plan_.min_rounds) return decision;
  if (verdict(decision.estimate) != Verdict::not_distinguishable) {
    decision.reason = StopReason::resolved;
  } else if (decision.estimate.high <= decision.estimate.low * (1 + plan_.resolution_ratio)) {
    decision.reason = StopReason::narrow_enough;
  } else if (a.size() >= plan_.max_rounds) {
    decision.reason = StopReason::budget;
  }
  decision.stop = decision.reason.has_value();
  return decision;
}

Decision PairedStopping::finish(std::span<const double> a, std::span<const double> b) const {
  Decision decision = look(a, b);
  if (!decision.stop) decision.reason = StopReason::budget;
  decision.stop = true;
  return decision;
}

}  // namespace tamis
