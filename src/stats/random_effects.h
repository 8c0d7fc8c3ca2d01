#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace tamis {

/// The mean over instances of values that were taken in groups, each group from one instance: value
/// = mean + what the instance adds + what the single value adds.
struct RandomEffects {
  double mean = 0;
  std::size_t instances = 0;
  /// Of the mean, over instances; absent with one.
  std::optional<double> error;
  /// Standard deviation of what the instances add, the values' own scatter taken out; 0 where that
  /// explains all. Absent with one.
  std::optional<double> between_sd;
  /// Variance that one value adds to its instance's centre: v values have v times less.
  double within_variance = 0;
  /// Half the interval at `confidence`: Student's t with instances - 1 degrees of freedom. Absent
  /// with fewer than kLeastInstances.
  std::optional<double> half_width(double confidence) const;
};

/// With fewer instances there is no interval: what instances differ by is not known from two.
inline constexpr std::size_t kLeastInstances = 3;

/// values[i] belongs to the instance named instance[i]; an instance's values are in the order in
/// which they were taken. Within an instance the centre is Tukey's biweight, whose scale comes from
/// the residuals of all instances together, so that a spike has no influence among five values
/// either. Over instances it is the mean, weighted by what is known of each where they hold unequal
/// numbers of values.
/// Sources: Kalibera & Jones 2013, "Rigorous benchmarking in reasonable time", ISMM, section 6 (the
/// levels); Hartung & Knapp 2001, Statistics in Medicine 20:3875 (the error of a weighted mean over
/// few instances); DerSimonian & Laird 1986, Controlled Clinical Trials 7:177 (the variance between
/// instances).
/// Needs at least one value, all finite; equally many of both. Pure; safe from any thread.
RandomEffects random_effects(std::span<const double> values, std::span<const std::size_t> instance);

/// How many values an instance should give, so that the mean is known best after a given time:
/// opening an instance costs `open_s`, a value `value_s`. Infinite where instances do not differ.
/// Source: Kalibera & Jones 2013, eq. (3): sqrt(open_s / value_s * within / between variance).
double best_values_per_instance(const RandomEffects& effects, double open_s, double value_s);

/// How a comparison of log ratios that scatter as `effects` spends its time.
struct ResolvablePlan {
  double open_s = 0;   ///< of an instance of both
  double round_s = 0;  ///< of a round of both
  double budget_s = 0;
  double confidence = 0.95;
  double power = 0.9;  ///< with which a difference of that size is resolved
};

/// The smallest difference that would be resolved within the budget, as a ratio above 1 (1.012:
/// differences of 1.2 %). Absent where the time does not do for kLeastInstances instances of five
/// rounds. Throws Error(invalid_argument) where costs are not positive.
std::optional<double> smallest_resolvable_ratio(const RandomEffects& effects,
                                                const ResolvablePlan& plan);

}  // namespace tamis
