#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"

namespace tamis {

/// A number with its interval; an absent end is unknown.
struct IntervalView {
  double value = 0;
  std::optional<double> low, high;
};

/// One kind of time of a variant, in milliseconds.
struct TimingView {
  IntervalView median;
  std::optional<double> mean, p95;  ///< absent with too few samples
  std::optional<std::int64_t> samples;
  std::vector<double> distribution;  ///< a median per round, in the order of the rounds
};

/// Accuracies are fractions, 1 is perfect.
struct AccuracyView {
  std::string metric;
  IntervalView value;
  std::optional<double> baseline;
  std::optional<IntervalView> relative_change;  ///< (value - baseline) / baseline
  std::optional<double> confidence;             ///< of the change's interval
  std::optional<std::int64_t> items, seen;
};

struct FailureView {
  std::string code, text, command;
};

struct VariantView {
  /// Empty where the document has null.
  std::string id, name, state, timed_in, gate, gate_reason, verdict;
  std::vector<std::string> recipe;
  Json settings, effective;
  std::optional<TimingView> latency, inference, from_file;
  std::optional<IntervalView>
      images_per_s;  ///< of the whole machine; latencies are then under load
  std::optional<double> load_ms, compile_ms, first_ms, peak_memory_bytes, size_bytes;
  std::optional<AccuracyView> accuracy;
  std::optional<IntervalView> speedup;
  std::optional<FailureView> failure;
};

struct GateView {
  std::string kind, text;
  std::optional<double> limit;
  bool relative = false;
};

struct WarningView {
  std::string text, remedy;
};

struct NamedVariant {
  std::string id, text;
  std::optional<std::int64_t> items_needed;
  std::optional<double> probability;
};

/// The document "tamis/result/1" (docs/json.md), checked and typed.
struct ResultView {
  std::string status, command, created, version, objective, baseline;
  std::optional<double> wall_s, confidence;
  Json model, card, data, machine, runtimes;
  std::string metric;
  std::vector<GateView> gates;
  std::optional<std::string> pick, runner_up;
  std::optional<NamedVariant> fastest_estimated, nearest_miss;
  std::vector<std::string> reasons, counterfactuals;
  bool from_pixels = false;                 ///< latencies begin at the resized picture's bytes
  std::vector<std::string> caller_changes;  ///< empty: the pick is called as the parent
  std::map<std::string, std::int64_t> counts;
  std::vector<VariantView> variants;
  std::vector<WarningView> warnings;
  Json changes = Json::object();  ///< of predictions (docs/json.md); empty: not there
  Json explain;  ///< tamis/explain/1 of what is handed over, or {reason}; null: not there

  const VariantView* find(const std::string& id) const;  ///< null where there is none
  const VariantView* picked() const { return pick ? find(*pick) : nullptr; }
  /// What the folder holds: the pick, else the baseline.
  const VariantView* handed_over() const { return pick ? picked() : baseline_variant(); }
  const VariantView* baseline_variant() const { return find(baseline); }
  /// Indices of the variants: pick first, then measured ones by median latency, then the rest in
  /// the document's order.
  std::vector<std::size_t> order() const;
};

/// Throws corrupt_data naming the key where the document has another shape or names a variant that
/// it does not hold.
ResultView parse_result(const Json& document);

}  // namespace tamis
