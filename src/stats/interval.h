#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

namespace tamis {

/// Both ends included. An end that the data cannot give is infinite.
struct Interval {
  double low = 0;
  double high = 0;
};

/// A value with its two-sided interval at `confidence`, in (0, 1).
struct Estimate {
  double value = 0;
  Interval interval;
  double confidence = 0;
};

// All functions are pure and safe from any thread. Confidences and probabilities lie strictly
// between 0 and 1; Error(invalid_argument) otherwise.

/// P(Z <= z) for a standard normal Z.
double normal_cdf(double z);

/// The z with normal_cdf(z) = p, to about 1e-15.
/// Source: Acklam's rational start, two steps of
/// Halley.
double normal_quantile(double p);

/// P(T <= t) for Student's t with `freedom` > 0 degrees of freedom.
double student_cdf(double t, double freedom);

/// The t with student_cdf(t) = p.
double student_quantile(double p, double freedom);

/// P(X <= successes) for X binomial(trials, p), 0 <= p <= 1.
double binomial_cdf(std::size_t successes, std::size_t trials, double p);

/// Two-sided interval of a proportion by Wilson's score, without continuity correction. [0, 1] when
/// trials is 0.
/// Source: Wilson 1927; Newcombe 1998, Statistics in Medicine 17:857, method 3.
Interval wilson(std::size_t successes, std::size_t trials, double confidence);

/// Two-sided interval of the median from order statistics: free of assumptions on the distribution.
/// Samples are in the order in which they were taken: where neighbours resemble each other (drift),
/// their number is discounted by the autocorrelation of "above the median", estimated at lag 1 and
/// continued as that of an autoregression. Infinite ends where too few samples exist to bound the
/// median at that confidence (fewer than six independent ones at 95 %).
/// Sources: David & Nagaraja 2003, Order Statistics, 7.1; Van Vleck & Middleton 1966, Proc. IEEE
/// 54:2 (arcsine law).
Interval median_interval(std::span<const double> samples, double confidence);

/// A statistic of a resample: weights[i] is how often item i was drawn; they sum to weights.size().
using WeightedStatistic = std::function<double(std::span<const std::uint32_t> weights)>;

struct BootstrapPlan {
  std::size_t resamples = 1000;
  std::uint64_t seed = 1;
};

/// The percentile bootstrap of `statistic` over `items` items: value at weights all 1, interval
/// from the resamples' quantiles. Resample number r is the same for every statistic with the same
/// items and seed.
/// Source: Efron & Tibshirani 1993, ch. 13.
Estimate bootstrap(const WeightedStatistic& statistic, std::size_t items, double confidence,
                   const BootstrapPlan& plan = {});

/// The weights of resample number `resample`: `weights.size()` draws with replacement.
void draw_resample(std::span<std::uint32_t> weights, std::uint64_t seed, std::size_t resample);

}  // namespace tamis
