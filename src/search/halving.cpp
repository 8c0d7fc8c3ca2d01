#include "search/halving.h"

#include <algorithm>
#include <cmath>

#include "stats/percentile.h"

namespace tamis {
namespace {

double error_of(const Levels& levels, double sd) {
  return sd / std::sqrt(static_cast<double>(levels.size()));
}

/// The variant whose level is lowest beyond its own error: one lucky level makes no leader.
std::size_t leader_of(const std::vector<Levels>& found, const std::vector<std::size_t>& timed,
                      double sd) {
  auto surely = [&](std::size_t i) { return mean(found[i]) + error_of(found[i], sd); };
  return *std::min_element(timed.begin(), timed.end(),
                           [&](std::size_t a, std::size_t b) { return surely(a) < surely(b); });
}

}  // namespace

double level_sd(const std::vector<Levels>& found, const HalvingPlan& plan) {
  double squares = plan.usual_weight * plan.usual_sd * plan.usual_sd;
  double freedom = plan.usual_weight;
  for (const Levels& levels : found) {
    if (levels.size() < 2) continue;
    const double centre = mean(levels);
    for (double level : levels) squares += (level - centre) * (level - centre);
    freedom += static_cast<double>(levels.size() - 1);
  }
  return std::sqrt(squares / freedom);
}

bool clearly_behind(const Levels& variant, const Levels& other, double sd,
                    const HalvingPlan& plan) {
  if (variant.empty() || other.empty()) return false;
  const double error = std::hypot(error_of(variant, sd), error_of(other, sd));
  return mean(variant) - mean(other) > plan.certainty * error;
}

std::vector<std::size_t> front_of(const std::vector<Levels>& found, const HalvingPlan& plan) {
  std::vector<std::size_t> timed;
  for (std::size_t i = 0; i < found.size(); ++i)
    if (!found[i].empty()) timed.push_back(i);
  if (timed.empty()) return {};
  const double sd = level_sd(found, plan);
  const Levels& leader = found[leader_of(found, timed, sd)];
  std::erase_if(timed, [&](std::size_t i) { return clearly_behind(found[i], leader, sd, plan); });
  std::stable_sort(timed.begin(), timed.end(),
                   [&](std::size_t a, std::size_t b) { return mean(found[a]) < mean(found[b]); });
  return timed;
}

std::vector<std::size_t> next_to_time(const std::vector<Levels>& found, const HalvingPlan& plan) {
  std::vector<std::size_t> front = front_of(found, plan);
  if (front.size() < 2) return {};
  std::size_t fewest = plan.most_instances;
  for (std::size_t i : front) fewest = std::min(fewest, found[i].size());
  if (fewest >= plan.most_instances) return {};
  std::erase_if(front, [&](std::size_t i) { return found[i].size() > fewest; });
  return front;
}

}  // namespace tamis
