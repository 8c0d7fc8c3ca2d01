#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "result/document.h"

namespace tamis {

// The document "tamis/optimize/1" (docs/json.md), decision.json: the result in short.

inline constexpr std::string_view kDecisionSchema = "tamis/optimize/1";

struct ShortTiming {
  double median = 0;
  std::optional<double> low, high, p95;
};
std::span<const JsonField<ShortTiming>> fields_of(const ShortTiming*);

/// low and high are of the drop.
struct ShortAccuracy {
  std::string metric;
  double value = 0;
  std::optional<double> baseline, drop, low, high;
  std::optional<DropKind> drop_kind;
  std::optional<double> confidence;
  std::optional<GateOutcome> gate;
};
std::span<const JsonField<ShortAccuracy>> fields_of(const ShortAccuracy*);

/// What is known of a variant whose gates are only estimated to be met.
struct Estimated {
  std::optional<std::size_t> items_needed;
  std::optional<double> probability;
};
std::span<const JsonField<Estimated>> fields_of(const Estimated*);

struct PickedVariant {
  std::string id, name;
  std::vector<std::string> recipe;
  Json settings = Json::object();
  std::optional<std::string> model;  ///< absent: was not handed over
  std::optional<ShortTiming> latency_ms;
  std::optional<Rate> images_per_s;
  Ratio speedup;  ///< 1 for the baseline itself
  std::optional<ShortAccuracy> accuracy;
  std::optional<std::uint64_t> size_bytes, peak_memory_bytes;
  std::optional<Estimated> estimated;
};
std::span<const JsonField<PickedVariant>> fields_of(const PickedVariant*);

struct DecisionDocument {
  std::string schema = std::string(kDecisionSchema);
  ResultStatus status = ResultStatus::interrupted;
  PickedVariant pick;
  std::optional<PickedVariant> fastest_estimated;
  std::optional<std::string> runner_up;
  std::optional<NearestMiss> nearest_miss;
  std::vector<std::string> reasons, counterfactuals;
  std::optional<CountsRow> counts;
  std::optional<double> wall_s;
};
std::span<const JsonField<DecisionDocument>> fields_of(const DecisionDocument*);

/// The result in short. It must hold the variant that it hands over; throws corrupt_data otherwise.
DecisionDocument make_decision(const ResultDocument& result);

}  // namespace tamis
