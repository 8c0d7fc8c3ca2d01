#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace tamis {

/// How many times as long A takes as B. Two-sided interval, both ends positive; (0, infinity) where
/// fewer than two rounds exist.
struct RatioEstimate {
  double ratio = 1;  ///< time of A / time of B: below 1, A is the faster
  double low = 1;
  double high = 1;
  std::size_t rounds = 0;
};

enum class Verdict { faster, slower, not_distinguishable };  ///< A against B

std::string_view to_text(Verdict verdict);

/// Compares two variants that were visited in the same rounds: a[i] and b[i] are the samples
/// (median of a timed block, any unit of time, positive) of round i.
///
/// What disturbs both in a round (drift of the clock, a common load) cancels in the log ratio of
/// the round. Spikes that hit only one lose their influence: the centre is Tukey's biweight of the
/// log ratios. Differences that resemble their neighbours (autocorrelation) are allowed for: the
/// standard error is the long-run one, from the first few cosine transforms of the influences, with
/// Student's t of as many degrees of freedom.
/// Sources: Mosteller & Tukey 1977, ch. 10 (biweight);
/// Lazarus, Lewis, Stock & Watson 2018, "HAR inference: recommendations for practice", J. Business
/// & Economic Statistics 36:541 (equal-weighted cosine estimator).
///
/// Throws Error(invalid_argument) where the lengths differ or are 0, a sample is not positive and
/// finite, or the confidence is outside (0, 1). Pure; safe from any thread.
RatioEstimate paired_ratio(std::span<const double> a, std::span<const double> b, double confidence);

/// faster or slower where the interval excludes 1.
Verdict verdict(const RatioEstimate& estimate);

/// The smallest difference that a comparison on this machine would resolve within a time budget, as
/// a ratio above 1 (1.012: differences of 1.2 %), from samples of ONE thing visited again and
/// again, in the order taken (an A/A run; neighbours are paired). `power` is the probability with
/// which a difference of that size is resolved at `confidence`. A round is one visit of each of the
/// two variants and takes seconds_per_round. Throws Error(invalid_argument) with fewer than 8
/// samples, or where the budget holds less than two rounds.
double smallest_resolvable_ratio(std::span<const double> samples_ns, double seconds_per_round,
                                 double budget_s, double confidence, double power);

}  // namespace tamis
