#pragma once

#include <optional>
#include <string>

#include "base/json.h"

namespace tamis {

/// How an artefact is executed. Absent = the runtime's own default. The keys in JSON are the member
/// names.
struct RunSettings {
  std::string backend = "ort";  ///< plugin name: ort, openvino, fake
  std::string device = "CPU";
  std::optional<std::string> inference_precision = {};  ///< f32, bf16, f16
  std::optional<std::string> graph_level = {};          ///< ort: disable, basic, extended, all
  std::optional<int> threads = {};                      ///< >= 1
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

}  // namespace tamis
