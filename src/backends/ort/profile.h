#pragma once

#include <string>

#include "base/json.h"

namespace tamis::ort {

/// The nodes of the last run in a profile that ONNX Runtime wrote (Chrome trace events), as
/// [{name, type, precision, us, inputs, outputs, runs_us}, …]. `precision` is the first output's
/// element type; `inputs` and `outputs` are the element types of all; `runs_us` are the node's
/// times in every run that executed the same nodes as the last.
Json last_run(const Json& trace);

}  // namespace tamis::ort
