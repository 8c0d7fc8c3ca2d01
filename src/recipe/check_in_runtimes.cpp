#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"
#include "graph/inspect.h"
#include "passes/passes.h"
#include "quantize/quantize.h"
#include "recipe/open_with_card.h"
#include "recipe/steps.h"

namespace tamis {
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
            return open_with_card(request, state.known_card());
          }};
}

/// Without calibration items: what simplify compares on too.
FeedCalibration probes(const BuildState& state) {
  const Graph fixed = with_fixed_inputs(state.graph, 1, state.input_size());
  return [fixed](const std::function<void(std::span<const Tensor>)>& use) {
    constexpr unsigned kProbes = 3;
    for (unsigned seed = 1; seed <= kProbes; ++seed) use(probe_inputs(fixed, seed));
  };
}

/// null: it gives what the reference gives of the model before.
Json exact_refusal(const BuildState& state, const Graph& before, const NamedRuntime& runtime,
                   const std::vector<Tensor>& inputs) {
  const Evaluator reference = [&](const Graph& graph, const std::vector<Tensor>& values) {
    return evaluate_in_reference(state, graph, values);
  };
  const Evaluator own = [&](const Graph& graph, const std::vector<Tensor>& values) {
    return evaluate_with(runtime.open, graph, values);
  };
  const Graph after = with_fixed_inputs(state.graph, 1, state.input_size());
  try {
    require_same_outputs(compare_outputs(reference, before, own, after, inputs));
  } catch (const Error& error) {
    if (error.code() == ErrorCode::io) throw;  // a full disk is no runtime's fault
    return error.what();
  }
  return Json();
}

}  // namespace

void check_exact_in_runtimes(BuildState& state, const Graph& before,
                             const std::vector<std::string>& backends) {
  const Graph fixed = with_fixed_inputs(before, 1, state.input_size());
  const std::vector<Tensor> inputs = probe_inputs(fixed);
  for (const std::string& backend : backends) {
    const NamedRuntime runtime = named_runtime(state, backend);
    state.report["checks"].push_back(
        {{"runtime", backend}, {"refused", exact_refusal(state, fixed, runtime, inputs)}});
  }
}

void check_in_runtimes(BuildState& state, const StoredGraph& before,
                       const std::vector<std::string>& backends, const std::string& step) {
  TemporaryFolder folder("tamis-check");
  const auto file = folder.path() / "quantised.onnx";
  state.graph.save(file);
  std::vector<NamedRuntime> runtimes;
  for (const std::string& backend : backends) runtimes.push_back(named_runtime(state, backend));
  const FeedCalibration feed = state.feed ? state.feed : probes(state);
  const auto checks =
      check_quantized(before.file(), file, {"reference", state.open_reference}, runtimes, feed);
  std::size_t refused = 0;
  for (const RuntimeCheck& check : checks) {
    state.report["checks"].push_back(to_json(check));
    refused += check.refused ? 1 : 0;
  }
  if (!checks.empty() && refused == checks.size())
    throw Error(ErrorCode::unsupported,
                fmt::format("{}: no runtime executes the result rightly: {}: {}", step,
                            checks[0].runtime, checks[0].reason));
}

}  // namespace tamis
