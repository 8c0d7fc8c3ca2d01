#include "stats/random_effects.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "base/error.h"
#include "stats/interval.h"
#include "stats/percentile.h"
#include "stats/robust.h"

namespace tamis {
namespace {

/// One instance: its values, their centre, and how far the error of that centre reaches.
struct Group {
  std::vector<double> values;
  double centre = 0;
  std::vector<double> influence;
};

std::vector<Group> groups_of(std::span<const double> values,
                             std::span<const std::size_t> instance) {
  std::map<std::size_t, Group> by_instance;
  for (std::size_t i = 0; i < values.size(); ++i)
    by_instance[instance[i]].values.push_back(values[i]);
  std::vector<Group> groups;
  for (auto& [number, group] : by_instance) groups.push_back(std::move(group));
  return groups;
}

/// The spread of values about their instance's median, of all instances together. A median of few
/// values lies close to one of them, which (n - 1) / n takes back.
double pooled_scale(const std::vector<Group>& groups) {
  std::vector<double> distances;
  for (const Group& group : groups) {
    const auto n = static_cast<double>(group.values.size());
    if (group.values.size() < 2) continue;
    const double centre = median(group.values);
    for (double x : group.values)
      distances.push_back(std::abs(x - centre) * std::sqrt(n / (n - 1)));
  }
  if (distances.empty()) return 0;
  const double scale = 1.4826 * median(distances);
  return scale > 0 ? scale : 1.2533 * mean(distances);  // more than half of the values are equal
}

double weight(const RandomEffects& effects, const Group& group) {
  const double between = effects.between_sd.value_or(0);
  const auto n = static_cast<double>(group.values.size());
  return 1 / (between * between + effects.within_variance / n);
}

/// Mean square of the influences, neighbours allowed for, over all instances.
double within_variance(const std::vector<Group>& groups) {
  double sum = 0;
  double freedom = 0;
  for (const Group& group : groups) {
    const auto n = static_cast<double>(group.values.size());
    for (double x : group.influence) sum += x * x;
    freedom += n - 1;
  }
  return freedom > 0 ? sum / freedom : 0;
}

}  // namespace

std::optional<double> RandomEffects::half_width(double confidence) const {
  if (instances < kLeastInstances || !error) return std::nullopt;
  return student_quantile((1 + confidence) / 2, static_cast<double>(instances - 1)) * *error;
}

RandomEffects random_effects(std::span<const double> values,
                             std::span<const std::size_t> instance) {
  std::vector<Group> groups = groups_of(values, instance);
  const double scale = pooled_scale(groups);
  std::vector<double> centres;
  double harmonic = 0;
  for (Group& group : groups) {
    RobustCentre centre = biweight_centre(group.values, scale);
    group.centre = centre.centre;
    group.influence = std::move(centre.influence);
    centres.push_back(group.centre);
    harmonic += 1 / static_cast<double>(group.values.size());
  }
  RandomEffects effects;
  effects.instances = groups.size();
  effects.within_variance = within_variance(groups);
  const auto k = static_cast<double>(groups.size());
  if (const auto sd = stddev(centres)) {
    const double between = *sd * *sd - effects.within_variance * harmonic / k;
    effects.between_sd = std::sqrt(std::max(0.0, between));
  }
  const bool exact = effects.within_variance == 0 && effects.between_sd.value_or(0) == 0;
  double weights = 0;
  for (const Group& group : groups) {
    const double w = exact ? 1 : weight(effects, group);
    weights += w;
    effects.mean += w * group.centre;
  }
  effects.mean /= weights;
  if (groups.size() < 2) return effects;
  double square = 0;
  for (const Group& group : groups) {
    const double w = exact ? 1 : weight(effects, group);
    square += w * (group.centre - effects.mean) * (group.centre - effects.mean);
  }
  effects.error = std::sqrt(square / (weights * (k - 1)));
  return effects;
}

double best_values_per_instance(const RandomEffects& effects, double open_s, double value_s) {
  const double between = effects.between_sd.value_or(0);
  if (between == 0) return std::numeric_limits<double>::infinity();
  return std::sqrt(open_s / value_s * effects.within_variance / (between * between));
}

std::optional<double> smallest_resolvable_ratio(const RandomEffects& effects,
                                                const ResolvablePlan& plan) {
  constexpr double kLeastRounds = 5, kMostRounds = 20;
  if (!(plan.open_s > 0 && plan.round_s > 0 && plan.budget_s > 0))
    throw Error(ErrorCode::invalid_argument,
                "smallest resolvable ratio: costs and budget must be positive");
  const double enough =
      (plan.budget_s / static_cast<double>(kLeastInstances) - plan.open_s) / plan.round_s;
  if (enough < kLeastRounds) return std::nullopt;
  const double best = best_values_per_instance(effects, plan.open_s, plan.round_s);
  const double rounds = std::floor(std::min(enough, std::clamp(best, kLeastRounds, kMostRounds)));
  const double instances = std::floor(plan.budget_s / (plan.open_s + rounds * plan.round_s));
  const double between = effects.between_sd.value_or(0);
  const double error =
      std::sqrt((between * between + effects.within_variance / rounds) / instances);
  const double quantiles = student_quantile((1 + plan.confidence) / 2, instances - 1) +
                           student_quantile(plan.power, instances - 1);
  return std::exp(quantiles * error);
}

}  // namespace tamis
