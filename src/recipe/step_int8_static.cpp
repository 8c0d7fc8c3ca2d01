#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"
#include "quantize/quantize.h"
#include "recipe/float_layers.h"
#include "recipe/steps.h"

namespace tamis {
namespace {}  // namespace

QuantizeOptions int8_static_options(const Json& params) {
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

namespace {

NamedRuntime named_runtime(const BuildState& state, const std::string& backend) {
  return {backend, [&state, backend](const std::filesystem::path& model) {
            OpenRequest request;
            request.model = model;
            request.settings = state.base_settings;
            request.settings.backend = backend;
            request.settings.graph_level.reset();  // the runtime's own default
            auto named = state.libraries.find(backend);
            request.settings.library = named == state.libraries.end() ? "" : named->second;
            request.settings.inference_precision = "f32";
            request.input_shapes = {{1, state.card.channels(), state.card.input_size.height,
                                     state.card.input_size.width}};
            return find_backend(backend)->open(request);
          }};
}

/// A form made for one runtime is only checked there.
std::vector<NamedRuntime> runtimes_to_check(const BuildState& state, QuantizeTarget target) {
  std::vector<NamedRuntime> runtimes;
  for (const std::string& backend : state.check_backends)
    if (target == QuantizeTarget::portable || to_text(target) == backend)
      runtimes.push_back(named_runtime(state, backend));
  return runtimes;
}

}  // namespace

std::string int8_static_version() { return "int8-static/2"; }

std::string int8_static_text(const Json& params) {
  std::vector<std::string> words;
  if (std::string target = params.value("for", "portable"); target != "portable")
    words.push_back(target);
  std::size_t in_float = params.value("float_layers", std::size_t{0}) +
                         params.value("keep_float", Json::array()).size();
  if (in_float > 0)
    words.push_back(fmt::format("{} layer{} in FP32", in_float, in_float == 1 ? "" : "s"));
  return words.empty() ? "int8-static" : fmt::format("int8-static({})", fmt::join(words, ", "));
}

void apply_int8_static(BuildState& state, const Json& params) {
  if (!state.feed)
    throw Error(ErrorCode::invalid_argument,
                "int8-static: needs images to calibrate on; give --calibration or --data");
  TemporaryFolder folder("tamis-int8");
  auto before = folder.path() / "float.onnx", after = folder.path() / "int8.onnx";
  QuantizeOptions options = int8_static_options(params);
  const std::map<std::string, std::string> reasons = give_back_layers(state, params, options);
  state.graph.save(before);
  QuantizeReport report = quantize_static(state.graph, options, state.open_reference, state.feed);
  for (KeptInFloat& kept : report.kept_in_float)
    if (auto given = reasons.find(kept.node); given != reasons.end()) kept.reason = given->second;
  state.graph.save(after);
  state.report = to_json(report);
  std::vector<NamedRuntime> runtimes = runtimes_to_check(state, options.target);
  auto checks =
      check_quantized(before, after, {"reference", state.open_reference}, runtimes, state.feed);
  std::size_t refused = 0;
  for (const RuntimeCheck& check : checks) {
    state.report["checks"].push_back(to_json(check));
    refused += check.refused ? 1 : 0;
  }
  if (!checks.empty() && refused == checks.size())
    throw Error(ErrorCode::unsupported,
                fmt::format("int8-static: no runtime executes the result rightly: {}: {}",
                            checks[0].runtime, checks[0].reason));
}

}  // namespace tamis
