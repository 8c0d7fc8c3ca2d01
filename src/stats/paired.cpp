#include "stats/paired.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <vector>

#include "base/error.h"
#include "stats/interval.h"
#include "stats/percentile.h"
#include "stats/random_effects.h"
#include "stats/robust.h"

namespace tamis {
namespace {

void require_times(std::span<const double> samples, const char* operation) {
  for (double x : samples) {
    if (!(x > 0) || !std::isfinite(x)) {
      throw Error(ErrorCode::invalid_argument,
                  std::string(operation) + ": times must be positive, got " + std::to_string(x));
    }
  }
}

void require_open_unit(double p, const char* what) {
  if (!(p > 0 && p < 1)) {
    throw Error(ErrorCode::invalid_argument,
                std::string(what) + " must lie between 0 and 1, got " + std::to_string(p));
  }
}

std::vector<double> log_ratios(std::span<const double> a, std::span<const double> b,
                               double confidence) {
  if (a.size() != b.size() || a.empty()) {
    throw Error(ErrorCode::invalid_argument,
                "paired ratio: needs equally many samples of both, got " +
                    std::to_string(a.size()) + " and " + std::to_string(b.size()));
  }
  require_times(a, "paired ratio");
  require_times(b, "paired ratio");
  require_open_unit(confidence, "paired ratio: the confidence");
  std::vector<double> logs(a.size());
  std::transform(a.begin(), a.end(), b.begin(), logs.begin(),
                 [](double x, double y) { return std::log(x) - std::log(y); });
  return logs;
}

RatioEstimate from_log(double centre, std::optional<double> half, std::size_t rounds) {
  const double reach = half.value_or(std::numeric_limits<double>::infinity());
  return {std::exp(centre), std::exp(centre - reach), std::exp(centre + reach), rounds};
}

}  // namespace

std::string_view to_text(Verdict verdict) {
  switch (verdict) {
    case Verdict::faster:
      return "faster";
    case Verdict::slower:
      return "slower";
    case Verdict::not_distinguishable:
      break;
  }
  return "not_distinguishable";
}

std::size_t PairedSamples::instances() const {
  return std::set<std::size_t>(instance.begin(), instance.end()).size();
}

std::vector<std::size_t> undisturbed_places(const std::vector<bool>& disturbed,
                                            const std::vector<std::size_t>& instance) {
  std::set<std::size_t> calm;  // instances that have an undisturbed value
  for (std::size_t i = 0; i < instance.size(); ++i)
    if (!disturbed[i]) calm.insert(instance[i]);
  const bool enough = calm.size() >= kLeastInstances;
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < instance.size(); ++i)
    if (!disturbed[i] || (!enough && calm.count(instance[i]) == 0)) kept.push_back(i);
  return kept;
}

PairedSamples undisturbed(const PairedSamples& samples) {
  if (samples.disturbed.empty()) return samples;
  PairedSamples kept;
  for (std::size_t i : undisturbed_places(samples.disturbed, samples.instance)) {
    kept.a.push_back(samples.a[i]);
    kept.b.push_back(samples.b[i]);
    kept.instance.push_back(samples.instance[i]);
    kept.disturbed.push_back(samples.disturbed[i]);
  }
  kept.put_aside = samples.put_aside + samples.instances() - kept.instances();
  return kept;
}

RatioEstimate RatioEstimate::inverse() const {
  RatioEstimate other = *this;
  other.ratio = 1 / ratio;
  other.low = 1 / high;
  other.high = 1 / low;
  return other;
}

std::string why_no_interval(const RatioEstimate& e) {
  if (e.has_interval()) return "";
  return std::to_string(e.instances) + (e.instances == 1 ? " instance" : " instances") +
         "; an interval needs " + std::to_string(kLeastInstances);
}

RatioEstimate paired_ratio(const PairedSamples& samples, double confidence) {
  const std::vector<double> logs = log_ratios(samples.a, samples.b, confidence);
  if (samples.instance.size() != logs.size())
    throw Error(ErrorCode::invalid_argument, "paired ratio: needs the instance of every round");
  const RandomEffects effects = random_effects(logs, samples.instance);
  const auto rounds = static_cast<double>(logs.size());
  RatioEstimate estimate = from_log(effects.mean, effects.half_width(confidence), logs.size());
  estimate.instances = effects.instances;
  estimate.put_aside = samples.put_aside;
  estimate.disturbed = std::find(samples.disturbed.begin(), samples.disturbed.end(), true) !=
                       samples.disturbed.end();
  estimate.between_sd = effects.between_sd;
  if (logs.size() > effects.instances)
    estimate.within_half =
        student_quantile((1 + confidence) / 2, rounds - static_cast<double>(effects.instances)) *
        std::sqrt(effects.within_variance / rounds);
  return estimate;
}

Verdict verdict(const RatioEstimate& estimate) {
  if (estimate.high < 1) return Verdict::faster;
  if (estimate.low > 1) return Verdict::slower;
  return Verdict::not_distinguishable;
}

}  // namespace tamis
