#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"

namespace tamis {

/// How an artefact is executed. Absent = the runtime's own default. The keys in JSON are the member
/// names.
struct RunSettings {
  std::string backend = "ort";  ///< plugin name: ort, openvino, fake
  std::string device = "CPU";
  std::optional<std::string> inference_precision = {};  ///< f32, bf16, f16
  std::optional<std::string> graph_level = {};          ///< ort: disable, basic, extended, all
  std::optional<std::string> provider = {};  ///< ort: cpu, openvino, dnnl, xnnpack, cuda, tensorrt
  std::optional<int> threads = {};           ///< >= 1, of all streams together
  std::optional<std::string> hint = {};  ///< openvino: latency, throughput (it chooses the streams)
  std::optional<int> streams = {};       ///< >= 1: requests that the runtime works on side by side
  std::optional<int> in_flight = {};  ///< >= 1: requests that the caller keeps in flight under load
                                      ///< (measure/load.h); absent: what the runtime says is best
  std::optional<int> batch = {};      ///< >= 1: pictures in one request
  /// off; on: each thread keeps to a core of its own; performance: and these are fast cores.
  std::optional<std::string> pinning = {};
  std::string library =
      {};  ///< path of the vendor library to load; empty = found by the plugin's rules
  Json extra = Json::object();  ///< backend's own options (fake: its behaviour)

  bool operator==(const RunSettings&) const = default;
};

Json to_json(const RunSettings& settings);

/// Throws invalid_argument on unknown keys or values (nearest names suggested).
RunSettings parse_run_settings(const Json& json);

/// For people: "openvino CPU bf16, 2 threads".
std::string to_text(const RunSettings& settings);

/// What tells these settings from others of the same backend, for people and in the table's order:
/// {"bf16", "2 threads"}. Library and extra are left out.
std::vector<std::string> setting_texts(const RunSettings& settings);

}  // namespace tamis
