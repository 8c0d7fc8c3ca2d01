#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/json_fields.h"
#include "stats/paired.h"

namespace tamis {

// Figures as documents hold them (docs/json.md). Members are called as their keys are; what was not
// measured is absent.

/// A kind of time of a variant, milliseconds.
struct Timing {
  double median = 0;  ///< of the rounds' samples
  std::optional<double> mean;
  std::optional<double> low, high;                ///< over instances
  std::optional<double> within_low, within_high;  ///< as if all rounds were of one instance
  std::optional<double> p95, p99;                 ///< of all inferences; absent with too few
  std::optional<std::size_t> samples;             ///< rounds
  std::optional<std::size_t> instances, inferences;
  std::vector<double> distribution;  ///< a median per round, in the order of the rounds
};
std::span<const JsonField<Timing>> fields_of(const Timing*);

/// Images per second of the whole machine.
struct Rate {
  double median = 0;
  std::optional<std::size_t> samples, instances;
  std::optional<double> low, high, within_low, within_high;
  std::optional<int> in_flight, batch;  ///< under what load
};
std::span<const JsonField<Rate>> fields_of(const Rate*);

/// A ratio of times, paired by round.
struct Ratio {
  double ratio = 1;
  std::optional<double> low, high;
  std::optional<std::string> no_interval;  ///< why low and high are absent
  std::optional<std::size_t> rounds, instances;
  std::optional<std::size_t> put_aside;    ///< instances that the host slowed throughout
  std::optional<double> instances_differ;  ///< of the log ratio: a standard deviation
  std::optional<double> within_low, within_high;
};
std::span<const JsonField<Ratio>> fields_of(const Ratio*);
std::span<const Verdict> values_of(const Verdict*);

/// The time of `a` divided by the time of `b`.
struct ComparedPair {
  Ratio ratio;
  Verdict verdict = Verdict::not_distinguishable;
  std::string a, b;
};
std::span<const JsonField<ComparedPair>> fields_of(const ComparedPair*);

struct LatencySpan {
  double median = 0;
  std::optional<double> low, high;
};
std::span<const JsonField<LatencySpan>> fields_of(const LatencySpan*);

/// Of a model and, where there is another to hold it against, of that one.
struct ComparedLatencies {
  LatencySpan model;
  std::optional<LatencySpan> against;
  std::optional<Ratio> ratio;
  std::optional<Verdict> verdict;
};
std::span<const JsonField<ComparedLatencies>> fields_of(const ComparedLatencies*);

/// A sentence about what may falsify figures, and what to do.
struct WarningRow {
  std::string text, remedy;
  static WarningRow from_text(const std::string& text) { return {text, ""}; }
  bool operator==(const WarningRow&) const = default;
};
std::span<const JsonField<WarningRow>> fields_of(const WarningRow*);

/// Where it was measured.
struct EnvironmentRow {
  Json machine = Json::object();  ///< the fingerprint
  std::vector<WarningRow> warnings;
  std::optional<TextMap<std::string>> runtimes;  ///< version, or why it is not usable
};
std::span<const JsonField<EnvironmentRow>> fields_of(const EnvironmentRow*);

}  // namespace tamis
