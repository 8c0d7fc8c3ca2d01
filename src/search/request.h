#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/units.h"
#include "card/card.h"
#include "data/dataset.h"
#include "result/document.h"

namespace tamis {

/// The conditions that a variant must meet. Absent = not asked for.
struct Gates {
  std::optional<DropLimit> max_drop;
  std::optional<double> min_accuracy;  ///< fraction
  std::optional<double> max_latency_ms;
  std::optional<std::uint64_t> max_size_bytes;
  std::optional<std::uint64_t> max_memory_bytes;
};

/// What "best" means among the variants that meet the gates.
enum class Objective { latency, throughput, size, memory };
std::string_view to_text(Objective objective);
Objective parse_objective(const std::string& text);
/// Whether a picture's time decides: alone (latency), or its share of the whole machine's under
/// load (throughput, measure/load.h).
bool by_time(Objective objective);

/// What `tamis optimize` and `tamis sweep` are asked to do.
struct SearchRequest {
  // What changes results.
  std::filesystem::path model;  ///< an ONNX file, or a folder that optimize wrote
  CardOptions card_options;
  DataSpec data;
  std::optional<DataSpec> calibration;
  Gates gates;
  double confidence = 0.95;  ///< of gates, one-sided
  Objective objective = Objective::latency;
  /// Axis name → values asked for; axes that are not here have their default values.
  std::map<std::string, std::vector<std::string>> axes;
  /// Steps that change the model's interface and may be tried: of interface_steps().
  std::set<std::string> allow;
  bool exhaustive = false;  ///< sweep: every variant of the grid is measured and evaluated in full
  std::size_t allow_bad = 0;
  std::uint64_t seed = 1;
  std::string baseline;                          ///< as PlanFacts::baseline
  std::map<std::string, std::string> libraries;  ///< backend → path of the vendor's library

  // What changes how long it takes.
  double budget_s = 600;
  bool dump = false;          ///< write what the runtime makes of the handed-over model too
  bool retry_failed = false;  ///< try units again that failed in an earlier run on this folder

  std::filesystem::path out;
  std::string command;  ///< as typed, for the report
};

/// What --allow may name: resolution, head, input. Each changes what a caller feeds to the model or
/// gets from it.
const std::vector<std::string>& interface_steps();
/// Throws invalid_argument with the nearest name for what is none.
std::set<std::string> parse_allow(const std::vector<std::string>& names);

/// What identifies the request's results: everything but `out`, `command`, the budget and
/// retry_failed.
Json identity(const SearchRequest& request);

/// A row per gate, as documents hold it, without words.
std::vector<GateRow> gate_rows(const Gates& gates);
/// The same as JSON, with a sentence each: what identifies them. `under_load`: what latencies are
/// of.
Json gates_json(const Gates& gates, const std::string& metric, bool under_load);

}  // namespace tamis
