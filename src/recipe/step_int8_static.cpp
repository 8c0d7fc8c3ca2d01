#include <fmt/format.h>

#include "base/error.h"
#include "quantize/quantize.h"
#include "recipe/steps.h"

namespace tamis {
namespace {

QuantizeOptions parse_options(const Json& params) {
  QuantizeOptions options;
  options.target = parse_quantize_target(params.value("for", "portable"));
  if (params.value("method", "min_max") == std::string("percentile"))
    options.method = RangeMethod::percentile;
  options.percentile = params.value("percentile", options.percentile);
  if (auto scale = params.find("concat_scale"); scale != params.end())
    options.share_concat_scale = *scale == "shared";
  options.standard_ops = params.value("standard_ops", false);
  return options;
}

/// A form made for one runtime is only checked there; TensorRT's in ONNX Runtime, which executes
/// any placement of pairs rightly, if slowly.
std::vector<std::string> runtimes_to_check(const BuildState& state, QuantizeTarget target) {
  const std::string_view one = target == QuantizeTarget::tensorrt ? "ort" : to_text(target);
  std::vector<std::string> runtimes;
  for (const std::string& backend : state.check_backends)
    if (target == QuantizeTarget::portable || one == backend) runtimes.push_back(backend);
  return runtimes;
}

}  // namespace

std::string int8_static_version() { return "int8-static/3"; }

std::string int8_static_text(const Json& params) {
  std::string target = params.value("for", "portable");
  return target == "portable" ? "int8-static" : fmt::format("int8-static({})", target);
}

void apply_int8_static(BuildState& state, const Json& params) {
  if (!state.feed)
    throw Error(ErrorCode::invalid_argument,
                "int8-static: needs images to calibrate on; give --calibration or --data");
  QuantizeOptions options = parse_options(params);
  const Graph before = state.graph;
  state.report = to_json(quantize_static(state.graph, options, state.open_reference, state.feed));
  check_in_runtimes(state, before, runtimes_to_check(state, options.target), "int8-static");
}

}  // namespace tamis
