#include "stats/sequential.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "stats/random_effects.h"

namespace tamis {
namespace {

constexpr double kGrowth = 1.4;  // of the number of instances from look to look
void require_plan(const StoppingPlan& plan) {
  const bool good = plan.confidence > 0 && plan.confidence < 1 &&
                    plan.min_instances >= kLeastInstances &&
                    plan.max_instances >= plan.min_instances && plan.resolution_ratio >= 0;
  if (!good) {
    throw Error(ErrorCode::invalid_argument,
                "stopping plan: needs a confidence between 0 and 1, " +
                    std::to_string(kLeastInstances) +
                    " <= min_instances <= max_instances and a resolution that is not negative");
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

PairedStopping::PairedStopping(const StoppingPlan& plan) : plan_(plan) {
  require_plan(plan);
  looks_ = geometric_looks(plan.min_instances, plan.max_instances);
  double spent = 0;
  for (std::size_t instances : looks_) {
    const double share = static_cast<double>(instances) / static_cast<double>(plan.max_instances);
    errors_.push_back((1 - plan.confidence) * (share - spent));
    spent = share;
  }
}

bool PairedStopping::is_look(std::size_t instances) const {
  return std::binary_search(looks_.begin(), looks_.end(), instances);
}

Decision PairedStopping::decide(const PairedSamples& samples, double confidence) const {
  Decision decision{false, std::nullopt, paired_ratio(samples, confidence)};
  if (decision.estimate.instances < plan_.min_instances) return decision;
  if (verdict(decision.estimate) != Verdict::not_distinguishable) {
    decision.reason = StopReason::resolved;
  } else if (decision.estimate.high <= decision.estimate.low * (1 + plan_.resolution_ratio)) {
    decision.reason = StopReason::narrow_enough;
  } else if (decision.estimate.instances >= plan_.max_instances) {
    decision.reason = StopReason::budget;
  }
  decision.stop = decision.reason.has_value();
  return decision;
}

Decision PairedStopping::look(const PairedSamples& samples) const {
  const auto next = std::lower_bound(looks_.begin(), looks_.end(), samples.instances());
  const auto index = std::min<std::ptrdiff_t>(next - looks_.begin(),
                                              static_cast<std::ptrdiff_t>(looks_.size()) - 1);
  return decide(samples, 1 - errors_[static_cast<std::size_t>(index)]);
}

Decision PairedStopping::finish(const PairedSamples& samples) const {
  double left = 1 - plan_.confidence;
  for (std::size_t i = 0; i + 1 < looks_.size() && looks_[i] < samples.instances(); ++i)
    left -= errors_[i];
  Decision decision = decide(samples, 1 - left);
  if (!decision.stop) decision.reason = StopReason::budget;
  decision.stop = true;
  return decision;
}

}  // namespace tamis
