#pragma once

#include <string>

#include "base/json.h"

namespace tamis::ort {

/// The nodes of the last run in a profile that ONNX Runtime wrote (Chrome trace events), as
/// [{name, type, precision, us}, …]. `precision` is the first output's element type.
Json last_run(const Json& trace);

}  // namespace tamis::ort
