#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "stats/paired.h"

namespace tamis {

/// When to look at a comparison and when to stop it.
struct StoppingPlan {
  double confidence = 0.95;        ///< of the interval at whatever look the comparison stops
  std::size_t min_instances = 3;   ///< the first look
  std::size_t max_instances = 20;  ///< the last look
  double resolution_ratio = 0.01;  ///< small enough: stop where high / low <= 1 + resolution_ratio
};

enum class StopReason {
  resolved,       ///< the interval excludes the tie
  narrow_enough,  ///< the interval is narrower than the asked resolution
  budget,         ///< the last look, or no time left
};

struct Decision {
  bool stop = false;
  std::optional<StopReason> reason;  ///< present where stop is true
  RatioEstimate estimate;  ///< holds its confidence at this look and at all earlier ones together
};

/// A group-sequential comparison: looks at growing numbers of complete instances, with intervals
/// wide enough that all of them together cover the true ratio with the plan's confidence, whatever
/// rule stops the comparison. Each look has the share of the error that its new instances have of
/// all instances, and the shares add up (Bonferroni): the bounds for a Brownian motion would be a
/// tenth narrower, but standard errors that are themselves estimated at each look break them.
/// Sources: Jennison & Turnbull 1989, "Interim analyses: the repeated confidence interval
/// approach", JRSS B 51:305; Lan & DeMets 1983, Biometrika 70:659 (error spent in proportion to the
/// information). Constant after construction; safe from any thread.
class PairedStopping {
 public:
  /// Throws Error(invalid_argument) on a confidence outside (0, 1), min_instances <
  /// kLeastInstances, max < min or a negative resolution.
  explicit PairedStopping(const StoppingPlan& plan);

  const StoppingPlan& plan() const { return plan_; }
  const std::vector<std::size_t>& looks() const { return looks_; }

  /// Whether to call look() now that `instances` instances are complete.
  bool is_look(std::size_t instances) const;

  /// All rounds so far. Between two looks the next look's (wider) interval is used.
  Decision look(const PairedSamples& samples) const;

  /// The same when no further round will follow for a reason that does not hang on the samples
  /// (time, an interrupt), at any number of instances: always stops. The error that later looks
  /// would have had is then this one's.
  Decision finish(const PairedSamples& samples) const;

 private:
  Decision decide(const PairedSamples& samples, double confidence) const;

  StoppingPlan plan_;
  std::vector<std::size_t> looks_;
  std::vector<double> errors_;  // of each look's own interval
};

}  // namespace tamis
