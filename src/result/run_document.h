#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/json_fields.h"

namespace tamis {

// The document "tamis/run/1" (docs/json.md), run.json: how the handed-over model is executed.

inline constexpr std::string_view kRunSchema = "tamis/run/1";
/// The file beside it.
inline constexpr std::string_view kHandedModel = "model.onnx";

/// What was in flight when it was measured under load.
struct LoadRow {
  int in_flight = 1, batch = 1;
  double images_per_s = 0;
};
std::span<const JsonField<LoadRow>> fields_of(const LoadRow*);

struct OriginalRow {
  std::string path, hash;
};
std::span<const JsonField<OriginalRow>> fields_of(const OriginalRow*);

struct RunDocument {
  std::string schema = std::string(kRunSchema);
  std::string model = std::string(kHandedModel);
  std::string name;
  Json recipe = Json::array();
  Json settings = Json::object();
  std::optional<LoadRow> load;  ///< absent: one request at a time
  Json card;
  Json io;  ///< {inputs, outputs}, each [{name, type, shape}]
  std::optional<OriginalRow> parent;
  std::string tamis_version;
};
std::span<const JsonField<RunDocument>> fields_of(const RunDocument*);

/// Throws corrupt_data, naming the key, where it is of another kind. `what` begins messages.
RunDocument read_run(const Json& document, std::string_view what);

}  // namespace tamis
