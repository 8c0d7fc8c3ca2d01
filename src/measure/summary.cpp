#include "measure/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "stats/interval.h"
#include "stats/percentile.h"

namespace tamis {
namespace {

LatencySummary summarise(const std::vector<double>& samples_ms, const std::vector<double>& all_ms,
                         double confidence) {
  LatencySummary s;
  s.distribution = samples_ms;
  s.rounds = samples_ms.size();
  s.inferences = all_ms.size();
  s.median = median(samples_ms);
  Interval interval = median_interval(samples_ms, confidence);
  auto [least, greatest] = std::minmax_element(samples_ms.begin(), samples_ms.end());
  s.low = std::isfinite(interval.low) ? interval.low : *least;
  s.high = std::isfinite(interval.high) ? interval.high : *greatest;
  s.mean = mean(all_ms);
  s.p95 = percentile_if_enough(all_ms, 0.95);
  s.p99 = percentile_if_enough(all_ms, 0.99);
  return s;
}

}  // namespace

Json to_json(const LatencySummary& s) {
  Json json{{"median", s.median}, {"low", s.low}, {"high", s.high}, {"mean", s.mean}};
  if (s.p95) json["p95"] = *s.p95;
  if (s.p99) json["p99"] = *s.p99;
  json["samples"] = s.rounds;
  json["inferences"] = s.inferences;
  json["distribution"] = s.distribution;
  return json;
}

Json to_json(const RatioEstimate& e) {
  const bool known = e.has_interval();
  Json json{{"ratio", e.ratio},
            {"low", known ? Json(e.low) : Json()},
            {"high", known ? Json(e.high) : Json()},
            {"no_interval", known ? Json() : Json(why_no_interval(e))},
            {"rounds", e.rounds},
            {"instances", e.instances},
            {"instances_differ", e.between_sd ? Json(*e.between_sd) : Json()},
            {"within_low", nullptr},
            {"within_high", nullptr},
            {"verdict", to_text(verdict(e))}};
  if (e.within_half) {
    json["within_low"] = e.ratio * std::exp(-*e.within_half);
    json["within_high"] = e.ratio * std::exp(*e.within_half);
  }
  return json;
}

std::string to_text(const RatioEstimate& e, int decimals) {
  if (!e.has_interval()) return fmt::format("{:.{}f} (no interval: {})", e.ratio, decimals, why_no_interval(e));
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
  return summarise(per_round, all, confidence);
}

LatencySummary summarise_times(const std::vector<double>& times_ns, double confidence) {
  std::vector<double> ms;
  for (double t : times_ns) ms.push_back(t * 1e-6);
  return summarise(ms, ms, confidence);
}

Json to_json(const RateSummary& s) {
  return Json{{"median", s.median}, {"low", s.low}, {"high", s.high}, {"samples", s.rounds}};
}

std::optional<RateSummary> summarise_rate(const std::vector<VisitSample>& samples,
                                          double confidence) {
  std::vector<double> rates;
  for (const VisitSample& sample : samples)
    if (sample.images_per_s) rates.push_back(*sample.images_per_s);
  if (rates.empty()) return std::nullopt;
  const Interval interval = median_interval(rates, confidence);
  const auto [least, greatest] = std::minmax_element(rates.begin(), rates.end());
  return RateSummary{median(rates), std::isfinite(interval.low) ? interval.low : *least,
                     std::isfinite(interval.high) ? interval.high : *greatest, rates.size()};
}

}  // namespace tamis
