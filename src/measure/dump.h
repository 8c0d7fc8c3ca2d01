#pragma once

#include <filesystem>

#include "execute/opened_model.h"
#include "place/place.h"

namespace tamis {

/// Has a worker of its own open the model once more and write into `folder`, which is made, what
/// the runtime makes of it: `optimized.onnx` (ONNX Runtime: the graph after its optimiser) or
/// `compiled.blob` (OpenVINO), and `layers.json`, the layers that it executes, with the precision,
/// kernel and time of each in one run (Profiling::profile). Throws what opening or running throws;
/// a provider that compiles parts of the graph itself cannot write them.
void dump_runtime_model(Place& place, ExecuteRequest request, const std::filesystem::path& folder);

}  // namespace tamis
