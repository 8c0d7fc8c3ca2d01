#include "measure/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "stats/interval.h"
#include "stats/percentile.h"
#include "stats/random_effects.h"

namespace tamis {
namespace {

struct Intervals {
  std::optional<Interval> interval, within;
  std::size_t instances = 0;
};

/// Of the rounds' samples. Over instances on the log scale, since speeds differ by factors; it
/// holds the median, which is of the rounds and not the mean over instances.
Intervals intervals_of(const std::vector<double>& samples, const std::vector<std::size_t>& instance,
                       double confidence) {
  Intervals found;
  const Interval within = median_interval(samples, confidence);
  if (std::isfinite(within.low) && std::isfinite(within.high)) found.within = within;
  if (!std::all_of(samples.begin(), samples.end(), [](double x) { return x > 0; })) return found;
  std::vector<double> logs;
  for (double x : samples) logs.push_back(std::log(x));
  const RandomEffects effects = random_effects(logs, instance);
  found.instances = effects.instances;
  const double middle = median(samples);
  if (const auto half = effects.half_width(confidence))
    found.interval = Interval{std::min(middle, std::exp(effects.mean - *half)),
                              std::max(middle, std::exp(effects.mean + *half))};
  return found;
}

std::vector<std::size_t> instances_of(const std::vector<VisitSample>& samples) {
  std::vector<std::size_t> instances;
  for (const VisitSample& sample : samples) instances.push_back(sample.instance);
  return instances;
}

LatencySummary describe(const std::vector<double>& samples_ms, const std::vector<double>& all_ms) {
  LatencySummary s;
  s.distribution = samples_ms;
  s.rounds = samples_ms.size();
  s.inferences = all_ms.size();
  s.median = median(samples_ms);
  s.mean = mean(all_ms);
  s.p95 = percentile_if_enough(all_ms, 0.95);
  s.p99 = percentile_if_enough(all_ms, 0.99);
  return s;
}

/// low, high and the interval within an instance, where there are any.
template <class Figure>
void set_intervals(Figure& figure, const std::optional<Interval>& interval,
                   const std::optional<Interval>& within) {
  if (interval) {
    figure.low = interval->low;
    figure.high = interval->high;
  }
  if (within) {
    figure.within_low = within->low;
    figure.within_high = within->high;
  }
}

}  // namespace

Timing timing_of(const LatencySummary& s) {
  Timing timing;
  timing.median = s.median;
  timing.mean = s.mean;
  set_intervals(timing, s.interval, s.within);
  timing.p95 = s.p95;
  timing.p99 = s.p99;
  timing.samples = s.rounds;
  timing.instances = s.instances;
  timing.inferences = s.inferences;
  timing.distribution = s.distribution;
  return timing;
}

Ratio ratio_of(const RatioEstimate& e) {
  Ratio ratio;
  ratio.ratio = e.ratio;
  if (e.has_interval()) {
    ratio.low = e.low;
    ratio.high = e.high;
  } else {
    ratio.no_interval = why_no_interval(e);
  }
  ratio.rounds = e.rounds;
  ratio.instances = e.instances;
  if (e.put_aside > 0) ratio.put_aside = e.put_aside;
  ratio.instances_differ = e.between_sd;
  if (e.within_half) {
    ratio.within_low = e.ratio * std::exp(-*e.within_half);
    ratio.within_high = e.ratio * std::exp(*e.within_half);
  }
  return ratio;
}

ComparedPair compared_pair(const std::string& a, const std::string& b,
                           const RatioEstimate& estimate) {
  return {ratio_of(estimate), verdict(estimate), a, b};
}

std::string to_text(const RatioEstimate& e, int decimals) {
  if (!e.has_interval())
    return fmt::format("{:.{}f} (no interval: {})", e.ratio, decimals, why_no_interval(e));
  return fmt::format("{0:.{3}f} [{1:.{3}f}, {2:.{3}f}]", e.ratio, e.low, e.high, decimals);
}

LatencySummary summarise(const std::vector<VisitSample>& samples, Which which, double confidence) {
  std::vector<double> per_round, all;
  for (const VisitSample& sample : samples) {
    const auto& times = which == Which::total       ? sample.total_ns
                        : which == Which::inference ? sample.inference_ns
                                                    : sample.prepare_ns;
    per_round.push_back(median(times) * 1e-6);
    for (double t : times) all.push_back(t * 1e-6);
  }
  LatencySummary s = describe(per_round, all);
  const Intervals found = intervals_of(per_round, instances_of(samples), confidence);
  s.interval = found.interval;
  s.within = found.within;
  s.instances = found.instances;
  return s;
}

LatencySummary summarise_times(const std::vector<double>& times_ns, double confidence) {
  std::vector<double> ms;
  for (double t : times_ns) ms.push_back(t * 1e-6);
  LatencySummary s = describe(ms, ms);
  s.within = intervals_of(ms, std::vector<std::size_t>(ms.size(), 0), confidence).within;
  s.instances = 1;
  return s;
}

Rate rate_of(const RateSummary& s) {
  Rate rate;
  rate.median = s.median;
  rate.samples = s.rounds;
  rate.instances = s.instances;
  set_intervals(rate, s.interval, s.within);
  return rate;
}

std::optional<RateSummary> summarise_rate(const std::vector<VisitSample>& samples,
                                          double confidence) {
  std::vector<double> rates;
  std::vector<std::size_t> instances;
  for (const VisitSample& sample : samples) {
    if (!sample.images_per_s) continue;
    rates.push_back(*sample.images_per_s);
    instances.push_back(sample.instance);
  }
  if (rates.empty()) return std::nullopt;
  const Intervals found = intervals_of(rates, instances, confidence);
  return RateSummary{median(rates), found.interval, found.within, rates.size(), found.instances};
}

}  // namespace tamis
