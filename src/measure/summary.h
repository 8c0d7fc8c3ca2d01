#pragma once

#include <optional>
#include <string>
#include <vector>

#include "measure/contestant.h"
#include "result/figures.h"
#include "stats/interval.h"
#include "stats/paired.h"

namespace tamis {

/// A latency as it is reported, milliseconds. What too few samples cannot give is absent.
struct LatencySummary {
  double median = 0;  ///< of the rounds' samples
  /// At the asked confidence, over instances: what the next start will see. Absent with fewer than
  /// kLeastInstances of them.
  std::optional<Interval> interval;
  /// Of the median, as if all rounds were of one instance; absent with too few (six at 95 %).
  std::optional<Interval> within;
  double mean = 0;                 ///< of all timed inferences
  std::optional<double> p95, p99;  ///< of all timed inferences
  std::size_t rounds = 0, inferences = 0, instances = 0;
  std::vector<double> distribution;  ///< the rounds' samples
};
/// As documents hold it.
Timing timing_of(const LatencySummary& summary);

enum class Which { total, inference, prepare };

/// As documents hold it: the ratio, its interval or the reason why there is none, what it rests on,
/// by how much instances differ.
Ratio ratio_of(const RatioEstimate& estimate);
/// The same with the verdict and the names of the two, whose ratio is a's time / b's.
ComparedPair compared_pair(const std::string& a, const std::string& b,
                           const RatioEstimate& estimate);

/// "1.74 [1.64, 1.85]" with so many decimals, or "1.74 (no interval: 2 instances; an interval needs
/// 3)".
std::string to_text(const RatioEstimate& estimate, int decimals);

/// The samples of one variant, one per round in order; at least one.
LatencySummary summarise(const std::vector<VisitSample>& samples, Which which, double confidence);

/// The same from single times in ns, each its own sample (from-file times): their interval is the
/// one `within`.
LatencySummary summarise_times(const std::vector<double>& times_ns, double confidence);

/// Throughput as it is reported, pictures per second of the whole machine: the median of the rounds
/// with its intervals, as of a latency.
struct RateSummary {
  double median = 0;
  std::optional<Interval> interval, within;
  std::size_t rounds = 0, instances = 0;
};
/// As documents hold it, without what was in flight.
Rate rate_of(const RateSummary& summary);

/// Of samples that were taken under load; absent for others.
std::optional<RateSummary> summarise_rate(const std::vector<VisitSample>& samples,
                                          double confidence);

}  // namespace tamis
