#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_fields.h"
#include "result/facts.h"
#include "result/figures.h"
#include "stats/accuracy.h"

namespace tamis {

// The document "tamis/result/1" (docs/json.md): all that a search found. Members are called as
// their keys are. What was not measured is absent.

inline constexpr std::string_view kResultSchema = "tamis/result/1";

enum class ResultStatus { met, nearest_miss, interrupted };
std::string_view to_text(ResultStatus status);
std::span<const ResultStatus> values_of(const ResultStatus*);

/// How far a variant came. measured: only in the screening; raced: in the final rounds.
enum class VariantState { planned, measured, screened_out, raced, failed };
std::string_view to_text(VariantState state);
std::span<const VariantState> values_of(const VariantState*);

std::span<const GateOutcome> values_of(const GateOutcome*);

/// The unit of a drop: of the baseline's value, or absolute.
enum class DropKind { relative, absolute };
std::string_view to_text(DropKind kind);
std::span<const DropKind> values_of(const DropKind*);

enum class GateKind { max_drop, min_accuracy, max_latency, max_size, max_memory };
std::string_view to_text(GateKind kind);
std::span<const GateKind> values_of(const GateKind*);

/// A condition that was asked for. The limit is a fraction, milliseconds or bytes.
struct GateRow {
  GateKind kind = GateKind::max_drop;
  std::string text;
  std::optional<double> limit;
  bool relative = false;
};
std::span<const JsonField<GateRow>> fields_of(const GateRow*);

/// Accuracies are fractions, 1 is perfect. low and high are of the value alone.
struct AccuracyRow {
  std::string metric;
  double value = 0;
  std::optional<double> low, high;
  std::optional<double> baseline;  ///< on the same items
  std::optional<std::size_t> items, seen;
  Json figures = Json::object();                    ///< all metrics
  std::optional<double> drop, drop_low, drop_high;  ///< each end holds at `confidence`, one-sided
  std::optional<DropKind> drop_kind;                ///< absent: absolute
  std::optional<double> confidence;
  std::optional<double> probability;  ///< that the accuracy gates are kept
};
std::span<const JsonField<AccuracyRow>> fields_of(const AccuracyRow*);

struct FailureRow {
  std::string code, text;
  std::string command;  ///< repeats it
};
std::span<const JsonField<FailureRow>> fields_of(const FailureRow*);

/// A layer that an INT8 variant has in FP32, and what that gives.
struct Fp32Layer {
  std::string node;
  double gain_db = 0;
  std::size_t together = 1;
  bool only_together = false;
  std::optional<double> gain_closeness, extra_ms;
  std::string reason;
};
std::span<const JsonField<Fp32Layer>> fields_of(const Fp32Layer*);

/// Layers in FP32 of a variant that an INT8 one got because it missed its accuracy gate.
struct GivenBack {
  std::string from;
  std::vector<Fp32Layer> layers;  ///< most useful first
  std::size_t of = 0;             ///< that were ranked
};
std::span<const JsonField<GivenBack>> fields_of(const GivenBack*);

/// What opening a variant took, and the memory of its process.
struct OpeningRow {
  std::optional<double> load_ms, compile_ms, first_ms;
  std::optional<std::uint64_t> peak_memory_bytes;
};
std::span<const JsonField<OpeningRow>> fields_of(const OpeningRow*);

struct VariantRow {
  std::string id, name;
  std::vector<std::string> recipe;
  Json settings = Json::object();
  VariantState state = VariantState::planned;
  std::optional<GateOutcome> gate;    ///< absent: not judged
  std::optional<GateFact> gate_fact;  ///< what decided it
  std::string gate_reason;            ///< the same as a sentence
  std::optional<Timing> latency_ms;
  std::optional<Rate> images_per_s;     ///< latencies are then under that load
  std::optional<std::string> timed_in;  ///< the phase
  std::optional<Timing> inference_ms, prepare_ms, from_file_ms;
  OpeningRow opening;
  std::optional<std::uint64_t> size_bytes;
  std::optional<AccuracyRow> accuracy;
  std::optional<Ratio> speedup;    ///< baseline's time / this one's
  std::optional<Verdict> verdict;  ///< of this one's speed against the baseline's
  Json effective = Json::object();
  std::optional<FailureRow> failure;
  std::optional<GivenBack> given_back;
};
std::span<const JsonField<VariantRow>> fields_of(const VariantRow*);

struct ModelRow {
  std::string path, name, hash;
  std::optional<std::uint64_t> size_bytes;
  std::string task, metric;
  std::vector<int> input_size;  ///< height, width
  std::optional<std::uint64_t> parameters, macs;
};
std::span<const JsonField<ModelRow>> fields_of(const ModelRow*);

struct SplitRow {
  std::string path, split;
  std::size_t items = 0;
};
std::span<const JsonField<SplitRow>> fields_of(const SplitRow*);

struct DataRow {
  std::optional<SplitRow> evaluation;
  Json about;  ///< what the split holds (docs/json.md#data)
  std::vector<std::string> notes;
  std::optional<std::string> truth;  ///< labels, or the baseline
  std::string caveat;
  std::vector<std::string> skipped;
  std::optional<SplitRow> calibration;
};
std::span<const JsonField<DataRow>> fields_of(const DataRow*);

/// A faster variant whose gates are only estimated to be met.
struct EstimatedRow {
  std::string id;
  std::optional<double> probability;
  std::optional<std::size_t> items_needed;
};
std::span<const JsonField<EstimatedRow>> fields_of(const EstimatedRow*);

struct NearestMiss {
  std::string id, text;
};
std::span<const JsonField<NearestMiss>> fields_of(const NearestMiss*);

struct CountsRow {
  std::size_t variants = 0, measured = 0, evaluated = 0, failed = 0;
};
std::span<const JsonField<CountsRow>> fields_of(const CountsRow*);

/// A file that was handed over, by content.
struct FileRow {
  std::uint64_t bytes = 0;
  std::string hash;
};
std::span<const JsonField<FileRow>> fields_of(const FileRow*);

struct ResultDocument {
  std::string schema = std::string(kResultSchema);
  ResultStatus status = ResultStatus::interrupted;
  std::string command, created;
  std::optional<double> wall_s;
  std::string tamis_version;
  ModelRow model;
  Json card = Json::object();
  DataRow data;
  std::vector<GateRow> gates;
  std::optional<double> confidence;
  std::string objective;
  std::optional<std::string> latency_from;  ///< tensor, pixels
  std::string baseline;
  std::optional<std::string> pick, runner_up;
  std::optional<EstimatedRow> fastest_estimated;
  std::optional<NearestMiss> nearest_miss;
  std::vector<std::string> reasons, counterfactuals, caller_changes;
  std::vector<Reason> reason_facts;   ///< what `reasons` says
  std::vector<WhatIf> what_if_facts;  ///< what `counterfactuals` says
  std::optional<CountsRow> counts;
  std::vector<VariantRow> variants;
  std::vector<ComparedPair> comparisons;
  Json changes;  ///< of predictions (docs/json.md); null: not there
  Json explain;  ///< tamis/explain/1 of what is handed over, or {reason}; null: not there
  EnvironmentRow environment;
  std::vector<WarningRow> warnings;
  std::optional<TextMap<FileRow>> files;  ///< absent until it is handed over

  /// Null where there is none.
  const VariantRow* find(const std::string& id) const;
  const VariantRow* picked() const { return pick ? find(*pick) : nullptr; }
  const VariantRow* baseline_variant() const { return find(baseline); }
  /// The id of what the folder holds: the pick, else the baseline.
  const std::string& handed_over_id() const { return pick ? *pick : baseline; }
  const VariantRow* handed_over() const { return find(handed_over_id()); }
};
std::span<const JsonField<ResultDocument>> fields_of(const ResultDocument*);

/// The typed document. Throws corrupt_data, naming the key, where it is of another shape or names a
/// variant that it does not hold.
ResultDocument read_result(const Json& document);

}  // namespace tamis
