#include "stats/interval.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "base/error.h"
#include "stats/percentile.h"
#include "stats/random.h"
#include "stats/robust.h"

namespace tamis {
namespace {

void require_confidence(double confidence, const char* operation) {
  if (!(confidence > 0 && confidence < 1)) {
    throw Error(ErrorCode::invalid_argument, std::string(operation) +
                                                 ": the confidence must lie between 0 and 1, got " +
                                                 std::to_string(confidence));
  }
}

// How much wider than for independent samples the count of samples above the median spreads,
// squared, for an autoregression whose "above the median" has the lag-1 correlation r. Source: Van
// Vleck's arcsine law, correlation 2/pi asin(c^k) at lag k.
double inflation(double r, std::size_t count) {
  const double c = std::sin(r * std::numbers::pi / 2);
  double sum = 1;
  double power = c;
  for (std::size_t lag = 1; lag < count && power > 1e-4; ++lag, power *= c) {
    sum += 4 / std::numbers::pi * std::asin(power) *
           (1 - static_cast<double>(lag) / static_cast<double>(count));
  }
  return sum;
}

// How many independent samples bound a median as well as these do.
std::size_t independent_count(std::span<const double> samples) {
  const double centre = median(samples);
  std::vector<double> above(samples.size());
  std::transform(samples.begin(), samples.end(), above.begin(),
                 [&](double x) { return x > centre ? 1.0 : 0.0; });
  const auto n = static_cast<double>(samples.size());
  // The estimate of a correlation from n values is low by about (1 + 3 r) / n.
  const double raw = lag1_autocorrelation(above);
  const double r = std::min(raw + (1 + 3 * raw) / n, 0.99);
  if (r * std::sqrt(n) < 2) return samples.size();  // within two standard errors of none
  return static_cast<std::size_t>(std::max(1.0, n / inflation(r, samples.size())));
}

}  // namespace

Interval wilson(std::size_t successes, std::size_t trials, double confidence) {
  require_confidence(confidence, "wilson");
  if (successes > trials) {
    throw Error(ErrorCode::invalid_argument, "wilson: more successes than trials");
  }
  if (trials == 0) return {0, 1};
  const double z = normal_quantile((1 + confidence) / 2);
  const auto n = static_cast<double>(trials);
  const double p = static_cast<double>(successes) / n;
  const double centre = (p + z * z / (2 * n)) / (1 + z * z / n);
  const double half = z / (1 + z * z / n) * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  return {successes == 0 ? 0 : centre - half, successes == trials ? 1 : centre + half};
}

Interval median_interval(std::span<const double> samples, double confidence) {
  require_confidence(confidence, "median interval");
  const std::size_t independent = independent_count(samples);
  const double error = (1 - confidence) / 2;
  std::size_t rank =
      0;  // the interval runs from the rank-th smallest to the rank-th largest, from 1
  while (binomial_cdf(rank, independent, 0.5) <= error) ++rank;
  if (rank == 0) {
    const double infinity = std::numeric_limits<double>::infinity();
    return {-infinity, infinity};
  }
  std::vector<double> sorted(samples.begin(), samples.end());
  std::sort(sorted.begin(), sorted.end());
  const std::size_t scaled = std::max<std::size_t>(1, rank * samples.size() / independent);
  return {sorted[scaled - 1], sorted[samples.size() - scaled]};
}

void draw_resample(std::span<std::uint32_t> weights, std::uint64_t seed, std::size_t resample) {
  std::fill(weights.begin(), weights.end(), 0);
  Random random(seed, resample);
  for (std::size_t draw = 0; draw < weights.size(); ++draw) ++weights[random.below(weights.size())];
}

Estimate bootstrap(const WeightedStatistic& statistic, std::size_t items, double confidence,
                   const BootstrapPlan& plan) {
  require_confidence(confidence, "bootstrap");
  if (items == 0 || plan.resamples < 2) {
    throw Error(ErrorCode::invalid_argument, "bootstrap: needs items and at least two resamples");
  }
  std::vector<std::uint32_t> weights(items, 1);
  const double value = statistic(weights);
  std::vector<double> values;
  for (std::size_t r = 0; r < plan.resamples; ++r) {
    draw_resample(weights, plan.seed, r);
    values.push_back(statistic(weights));
  }
  const double error = (1 - confidence) / 2;
  return {value, {quantile(values, error), quantile(values, 1 - error)}, confidence};
}

}  // namespace tamis
