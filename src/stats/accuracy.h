#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "stats/interval.h"

namespace tamis {

// Accuracies of two variants on the same items. Accuracies and drops are fractions (0.01 = one
// point), higher is better. All functions are pure and safe from any thread.

/// A condition on a candidate's accuracy, against a baseline's on the same items or by itself.
struct AccuracyLimit {
  enum class Kind {
    absolute_drop,  ///< baseline - candidate <= amount            `--max-drop 0.5pt`: amount 0.005
    relative_drop,  ///< (baseline - candidate) / baseline <= amount   `--max-drop 1%`: amount 0.01
    at_least,       ///< candidate >= amount                       `--min-accuracy 0.7`: amount 0.7
  };
  Kind kind = Kind::relative_drop;
  double amount = 0.01;
};

/// The four kinds of items of a right-or-wrong metric.
struct PairedCounts {
  std::size_t both = 0;
  std::size_t only_baseline = 0;
  std::size_t only_candidate = 0;
  std::size_t neither = 0;
};

/// From per-item right (non-zero) or wrong (0). Throws Error(invalid_argument) where the lengths
/// differ.
PairedCounts count_pairs(std::span<const std::uint8_t> baseline,
                         std::span<const std::uint8_t> candidate);

/// Any metric: the two values on all items, and how both vary and covary from one random set of as
/// many items to another.
struct PairedMoments {
  double baseline = 0;
  double candidate = 0;
  double baseline_variance = 0;
  double candidate_variance = 0;
  double covariance = 0;
  std::size_t items = 0;
};

/// The moments by a paired bootstrap over items: each resample weighs the items of both alike. The
/// two statistics are called in turn with the same weights, baseline first. Throws
/// Error(invalid_argument) with fewer than two items or resamples.
/// Source: Efron & Tibshirani 1993,
/// ch. 6; variances carry the factor n / (n - 1).
PairedMoments bootstrap_pair(const WeightedStatistic& baseline, const WeightedStatistic& candidate,
                             std::size_t items, const BootstrapPlan& plan = {});

/// The moments of means of per-item values (recall per image, right-or-wrong), without resampling.
PairedMoments mean_moments(std::span<const double> baseline, std::span<const double> candidate);

/// What is known of the two accuracies: the exact counts where the metric is right-or-wrong,
/// moments otherwise.
using PairedEvidence = std::variant<PairedCounts, PairedMoments>;

std::size_t items(const PairedEvidence& evidence);
double baseline_accuracy(const PairedEvidence& evidence);
double candidate_accuracy(const PairedEvidence& evidence);

/// By how many standard errors the candidate keeps the limit; negative where its point estimate
/// misses it. May be infinite. Counts: the score under the closest probabilities that just meet the
/// limit, which stays honest where no item differs (Tango 1998, Statistics in Medicine 17:891; for
/// relative drops the same with the weights 1 - amount and 1). Moments: the normal score, Student's
/// t with items - 1 degrees of freedom mapped to a normal (Fieller 1954 for relative drops).
double limit_score(const PairedEvidence& evidence, const AccuracyLimit& limit);

/// A drop with limits. `drop` is relative (a fraction of the baseline) for Kind::relative_drop and
/// absolute otherwise. low and high EACH hold at `confidence`, one-sided: a drop gate is met where
/// high <= its limit. At confidence 0.5 both equal the drop. For a two-sided interval of 95 % ask
/// 0.975.
struct DropEstimate {
  double baseline = 0;
  double candidate = 0;
  double drop = 0;
  double low = 0;
  double high = 0;
  double confidence = 0;
};

/// Throws Error(invalid_argument) without items, on a confidence outside [0.5, 1), or where the
/// drop is relative and the baseline 0.
DropEstimate estimate_drop(const PairedEvidence& evidence, AccuracyLimit::Kind kind,
                           double confidence);

/// The number of items at which the present estimates would meet the limit at `confidence`; absent
/// where the estimate itself misses it or lies exactly on it. Never fewer than 1; may be below the
/// present number.
std::optional<std::size_t> items_needed(const PairedEvidence& evidence, const AccuracyLimit& limit,
                                        double confidence);

/// The number of items that would do for a candidate that truly loses nothing and differs from the
/// baseline on `discordance` of the items (half of them each way), with probability `power`: for
/// saying before a run that a set is too small.
std::size_t items_to_plan(const AccuracyLimit& limit, double baseline, double discordance,
                          double confidence, double power);

/// The same by a measured pair: for a candidate that truly loses nothing and differs from the
/// baseline as much as this one does. Its spread falls with the square root of the items, so a
/// small set gives a rough number. Absent where the pair does not differ.
std::optional<std::size_t> items_to_plan(const PairedEvidence& measured, const AccuracyLimit& limit,
                                         double confidence, double power);

/// The confidence at which each of `tests` limits is tested, so that all the answers "kept"
/// together hold at `confidence` (Bonferroni). 0.5 remains 0.5: there the point estimate decides,
/// and nothing is claimed. `part`, in (0, 1]: of a test's share, where it leaves the rest to
/// others.
double confidence_of_each(double confidence, std::size_t tests, double part = 1);

/// met: kept at the asked confidence; estimated: only the point estimate keeps it; missed: the
/// estimate itself does not; undecided: go on to the next look.
enum class GateOutcome { met, estimated, missed, undecided };

std::string_view to_text(GateOutcome outcome);

struct GatePlan {
  AccuracyLimit limit{};
  double confidence = 0.95;  ///< one-sided, in [0.5, 1)
  std::size_t items = 0;     ///< all that there are
  /// The earliest look, where there are more items than that; the next ones each at twice as many.
  std::size_t first_look = 32;
};

struct GateLook {
  GateOutcome outcome = GateOutcome::undecided;
  /// Its limits hold at the plan's confidence over all looks together: met is high <= limit.
  DropEstimate drop;
  double probability = 0;  ///< that the limit is kept, without regard to the looks
  std::optional<std::size_t> items_needed;
};

/// A gate that may be decided before all items are evaluated, items taken in random order. A
/// candidate that truly misses the limit is declared met, at whatever look, with probability at
/// most 1 - confidence. Early looks need overwhelming evidence (together they spend a tenth of the
/// error, at most .5 %, each way), so the last look is all but the plain test: at confidence 0.5 it
/// compares the point estimate with the limit.
/// Sources: Haybittle 1971, Peto et al. 1976 (the
/// design); upper_boundaries() for the exact last look. Constant after construction; safe from any
/// thread.
class GateDecider {
 public:
  /// Throws Error(invalid_argument) on no items, a first look of 0 or a confidence outside [0.5,
  /// 1).
  explicit GateDecider(const GatePlan& plan);

  const std::vector<std::size_t>& looks() const { return looks_; }
  bool is_look(std::size_t items) const;

  /// Decides on the items evaluated so far; never undecided once all are, always
  /// undecided between two looks.
  GateLook look(const PairedEvidence& evidence) const;

 private:
  GatePlan plan_;
  std::vector<std::size_t> looks_;
  // Of each look: met from it on; before the last, missed from its negative down.
  std::vector<double> scores_;
};

}  // namespace tamis
