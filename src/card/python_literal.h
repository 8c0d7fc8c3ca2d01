#pragma once

#include <string_view>

#include "base/json.h"

namespace tamis {

/// Reads what Python's repr() writes for dicts, lists, tuples, strings, numbers, True, False and
/// None, as JSON (Ultralytics writes such text into ONNX metadata: `{0: 'person', 1: 'bicycle'}`).
/// Dict keys become strings; order is kept. Throws corrupt_data naming `what` and the position.
/// Thread safe.
Json parse_python_literal(std::string_view text, const std::string& what);

}  // namespace tamis
