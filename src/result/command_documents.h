#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "result/document.h"

namespace tamis {

// What the commands that measure, judge or build without a search write with --json
// (docs/json.md).

/// tamis bench: a model.
struct BenchVariant {
  std::string name;
  Timing latency_ms, inference_ms;
  std::size_t samples = 0;           ///< inferences
  std::optional<Rate> images_per_s;  ///< latencies are then under that load
  std::optional<int> in_flight;
  std::optional<Timing> from_file_ms;
  OpeningRow opening;
  Json effective = Json::object();
};
std::span<const JsonField<BenchVariant>> fields_of(const BenchVariant*);

struct BenchDocument {
  std::string schema = "tamis/bench/1";
  std::string objective;
  std::size_t rounds = 0, instances = 0;
  double confidence = 0;
  std::vector<BenchVariant> variants;
  Json data;
  std::vector<ComparedPair> comparisons;
  EnvironmentRow environment;
};
std::span<const JsonField<BenchDocument>> fields_of(const BenchDocument*);

struct EvalDocument {
  std::string schema = "tamis/eval/1";
  std::string metric;
  double value = 0, low = 0, high = 0, confidence = 0;
  Json metrics = Json::object();  ///< all figures of the task
  std::size_t items = 0, items_planned = 0;
  Json data;
  bool complete = false;
  double load_s = 0, inference_s = 0, evaluate_s = 0, wall_s = 0;
};
std::span<const JsonField<EvalDocument>> fields_of(const EvalDocument*);

/// What building one file took.
struct BuiltRow {
  std::uint64_t size_bytes = 0;
  double wall_s = 0;
  std::uint64_t peak_memory_bytes = 0;
};
std::span<const JsonField<BuiltRow>> fields_of(const BuiltRow*);

struct ApplyDocument {
  std::string schema = "tamis/apply/1";
  std::string model;
  Json steps = Json::array(), io, card, refused = Json::array();
  BuiltRow built;
};
std::span<const JsonField<ApplyDocument>> fields_of(const ApplyDocument*);

/// Of calibrated precisions only, as the step reports it.
struct CalibratedRow {
  std::optional<Json> warnings, corrections, held_aside, parent, method, weights, statistics_cached,
      calibrate_s;
};
std::span<const JsonField<CalibratedRow>> fields_of(const CalibratedRow*);

struct QuantizeDocument {
  std::string schema = "tamis/quantize/1";
  std::string model, precision;
  std::vector<std::string> notes;
  Json kept_in_float = Json::array();
  std::size_t quantised_nodes = 0, calibrated_on = 0;
  Json data;
  Json refused = Json::array(), checks = Json::array();
  BuiltRow built;
  CalibratedRow calibrated;
};
std::span<const JsonField<QuantizeDocument>> fields_of(const QuantizeDocument*);

/// As the step reports it.
struct FittedRow {
  Json layers = Json::array();    ///< [{value, channels, size, stride}]
  Json channels = Json::array();  ///< kept, of the layers' in a row
  std::size_t fitted = 0, held_out = 0;
  double threshold = 0;
  std::vector<std::string> notes;
};
std::span<const JsonField<FittedRow>> fields_of(const FittedRow*);

/// tamis fit anomaly.
struct FitDocument {
  std::string schema = "tamis/fit/1";
  std::string model, method = "padim";
  BuiltRow built;
  FittedRow fitted;
  Json data;
};
std::span<const JsonField<FitDocument>> fields_of(const FitDocument*);

}  // namespace tamis
