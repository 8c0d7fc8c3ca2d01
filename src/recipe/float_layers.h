#pragma once

#include <map>
#include <string>

#include "quantize/sensitivity.h"
#include "recipe/build.h"
#include "recipe/recipe.h"
#include "result/document.h"

namespace tamis {

/// Ranks the layers of state.graph by what giving them back from INT8 to FP32 does (sensitivity.h),
/// in the runtime and settings in which the file is to run. `with_times`: also by what it costs
/// there, which is measured and so not the same each time. Throws what quantising, opening and
/// running throw.
Sensitivity rank_int8_layers(const BuildState& state, const QuantizeOptions& options,
                             const RunSettings& target, bool with_times);

/// The same for the parent of the request, whose step is int8-static; with times. Runs in a worker.
Sensitivity rank_int8_layers(const BuildRequest& request, const RunSettings& target,
                             const TellProgress& tell = nullptr);

/// What the ranking says of a layer, as documents hold it; without a reason in words.
Fp32Layer fp32_layer(const LayerSensitivity& layer);

/// Adds to options.keep_float what the step's parameters ask for: `keep_float` (names), and the
/// first `float_layers` of the ranking by noise alone, in the runtime that the form is made for.
/// Returns the reason of each by node. Throws invalid_argument where that leaves nothing in INT8.
std::map<std::string, std::string> keep_layers_in_fp32(const BuildState& state, const Json& params,
                                                       QuantizeOptions& options);

}  // namespace tamis
