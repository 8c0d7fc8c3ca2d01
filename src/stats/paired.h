#pragma once

#include <cmath>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tamis {

/// The samples of two variants that were visited in the same rounds: a[i] and b[i] are those of
/// round i (median of a timed block, any unit of time, positive), taken with the instances of both
/// (freshly opened workers) that have the number instance[i].
struct PairedSamples {
  std::vector<double> a, b;
  std::vector<std::size_t> instance;
  /// Whether somebody outside the machine slowed it in that round (measure/calm.h). Empty: in none.
  std::vector<bool> disturbed{};
  std::size_t put_aside = 0;  ///< instances that undisturbed() left out
  std::size_t size() const { return a.size(); }
  std::size_t instances() const;  ///< different ones
};

/// What counts where somebody outside the machine slowed it at times: of each instance the rounds
/// that were not disturbed. An instance without any is put aside, where kLeastInstances others are
/// left; else it counts with all its rounds. The choice hangs on `disturbed` alone, never on the
/// times: so what holds for intervals from all samples holds for those from the chosen ones.
PairedSamples undisturbed(const PairedSamples& samples);

/// The same choice: places of the values that count, ascending. `disturbed` and `instance` have one
/// entry a value.
std::vector<std::size_t> undisturbed_places(const std::vector<bool>& disturbed,
                                            const std::vector<std::size_t>& instance);

/// How many times as long A takes as B. Two-sided interval, both ends positive; (0, infinity) where
/// there is none, since the method needs more than there is: has_interval() says it.
struct RatioEstimate {
  double ratio = 1;  ///< time of A / time of B: below 1, A is the faster
  double low = 1;
  double high = 1;
  std::size_t rounds = 0;
  std::size_t instances = 0;  ///< that the interval spans
  /// By how much the log ratio differs from instance to instance: a standard deviation, the rounds'
  /// own scatter taken out. Absent with one instance.
  std::optional<double> between_sd{};
  /// Half the width of the log ratio's interval from the rounds' scatter alone, as if instances
  /// were all alike; absent with fewer than two rounds.
  std::optional<double> within_half{};
  std::size_t put_aside = 0;  ///< instances beside those, all of whose rounds were disturbed
  bool disturbed = false;     ///< such instances count, since the others are too few

  bool has_interval() const { return low > 0 && std::isfinite(high); }
  /// Of the variants exchanged: time of B / time of A.
  RatioEstimate inverse() const;
};

/// Why an estimate has no interval: "2 instances; an interval needs 3". Empty where it has one.
std::string why_no_interval(const RatioEstimate& estimate);

enum class Verdict { faster, slower, not_distinguishable };  ///< A against B

std::string_view to_text(Verdict verdict);

/// Compares two variants over instances of both, so that the interval covers what the next start of
/// either will see.
///
/// What disturbs both in a round (drift of the clock, a common load) cancels in the log ratio of
/// the round; spikes that hit only one lose their influence; the interval is over instances
/// (random_effects.h), and absent with fewer than kLeastInstances of them.
///
/// Throws Error(invalid_argument) where the lengths differ or are 0, a sample is not positive and
/// finite, or the confidence is outside (0, 1). Pure; safe from any thread.
RatioEstimate paired_ratio(const PairedSamples& samples, double confidence);

/// faster or slower where the interval excludes 1.
Verdict verdict(const RatioEstimate& estimate);

}  // namespace tamis
