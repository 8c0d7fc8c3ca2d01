#pragma once

#include <string_view>

/// Keys that several documents or tables share (docs/json.md). Those of one table alone stand in
/// it.
namespace tamis::keys {

inline constexpr std::string_view schema = "schema";
inline constexpr std::string_view tamis_version = "tamis_version";
inline constexpr std::string_view wall_s = "wall_s";

// What something is.
inline constexpr std::string_view id = "id";
inline constexpr std::string_view name = "name";
inline constexpr std::string_view path = "path";
inline constexpr std::string_view hash = "hash";
inline constexpr std::string_view model = "model";
inline constexpr std::string_view recipe = "recipe";
inline constexpr std::string_view settings = "settings";
inline constexpr std::string_view card = "card";
inline constexpr std::string_view data = "data";
inline constexpr std::string_view objective = "objective";
inline constexpr std::string_view confidence = "confidence";

// Numbers with their interval.
inline constexpr std::string_view value = "value";
inline constexpr std::string_view median = "median";
inline constexpr std::string_view low = "low";
inline constexpr std::string_view high = "high";
inline constexpr std::string_view within_low = "within_low";
inline constexpr std::string_view within_high = "within_high";
inline constexpr std::string_view p95 = "p95";
inline constexpr std::string_view samples = "samples";
inline constexpr std::string_view instances = "instances";
inline constexpr std::string_view ratio = "ratio";
inline constexpr std::string_view rounds = "rounds";

// What was measured of a model.
inline constexpr std::string_view latency_ms = "latency_ms";
inline constexpr std::string_view inference_ms = "inference_ms";
inline constexpr std::string_view from_file_ms = "from_file_ms";
inline constexpr std::string_view images_per_s = "images_per_s";
inline constexpr std::string_view in_flight = "in_flight";
inline constexpr std::string_view batch = "batch";
inline constexpr std::string_view load_ms = "load_ms";
inline constexpr std::string_view compile_ms = "compile_ms";
inline constexpr std::string_view first_ms = "first_ms";
inline constexpr std::string_view peak_memory_bytes = "peak_memory_bytes";
inline constexpr std::string_view size_bytes = "size_bytes";
inline constexpr std::string_view effective = "effective";

// What was judged of it.
inline constexpr std::string_view accuracy = "accuracy";
inline constexpr std::string_view metric = "metric";
inline constexpr std::string_view items = "items";
inline constexpr std::string_view baseline = "baseline";
inline constexpr std::string_view drop = "drop";
inline constexpr std::string_view drop_kind = "drop_kind";
inline constexpr std::string_view probability = "probability";
inline constexpr std::string_view items_needed = "items_needed";
inline constexpr std::string_view gate = "gate";
inline constexpr std::string_view speedup = "speedup";
inline constexpr std::string_view verdict = "verdict";
inline constexpr std::string_view state = "state";
inline constexpr std::string_view variants = "variants";
inline constexpr std::string_view comparisons = "comparisons";
inline constexpr std::string_view environment = "environment";
inline constexpr std::string_view warnings = "warnings";

// How a search ended.
inline constexpr std::string_view status = "status";
inline constexpr std::string_view pick = "pick";
inline constexpr std::string_view runner_up = "runner_up";
inline constexpr std::string_view fastest_estimated = "fastest_estimated";
inline constexpr std::string_view nearest_miss = "nearest_miss";
inline constexpr std::string_view reasons = "reasons";
inline constexpr std::string_view counterfactuals = "counterfactuals";
inline constexpr std::string_view counts = "counts";

}  // namespace tamis::keys
