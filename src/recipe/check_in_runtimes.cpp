#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "graph/inspect.h"
#include "passes/passes.h"
#include "quantize/placement.h"
#include "quantize/quantize.h"
#include "recipe/exact_check.h"
#include "recipe/open_with_card.h"
#include "recipe/output_reader.h"
#include "recipe/steps.h"

namespace tamis {
namespace {

OpenSession open_in(const BuildState& state, const std::string& backend, bool keep_open) {
  return [&state, backend, keep_open](const std::filesystem::path& model) {
    OpenRequest request;
    request.model = model;
    request.keep_open = keep_open;
    request.settings = state.base_settings;
    request.settings.backend = backend;
    request.settings.graph_level.reset();  // the runtime's own default
    auto named = state.libraries.find(backend);
    request.settings.library = named == state.libraries.end() ? "" : named->second;
    request.settings.inference_precision = "f32";
    return open_with_card(request, state.known_card(), state.input_size());
  };
}

NamedRuntime named_runtime(const BuildState& state, const std::string& backend) {
  NamedRuntime runtime{backend, open_in(state, backend, false)};
  const bool one_size = state.has_card && state.card.input_sizes.empty();
  if (one_size && has_open_sides(state.graph)) runtime.open_sides = open_in(state, backend, true);
  return runtime;
}

/// Without calibration items: what simplify compares on too.
FeedCalibration probes(const BuildState& state) {
  const Graph fixed = with_fixed_inputs(state.graph, 1, state.input_size());
  return [&state, fixed](const std::function<void(std::span<const Tensor>)>& use) {
    constexpr unsigned kProbes = 3;
    for (unsigned seed = 1; seed <= kProbes; ++seed) use(probe_pictures(state, fixed, seed));
  };
}

/// What was compared without knowing how it is read, said once per output.
std::vector<std::string> inference_notes(const std::vector<RuntimeCheck>& checks) {
  std::vector<std::string> notes;
  for (const RuntimeCheck& check : checks)
    for (const OutputCheck& output : check.outputs) {
      if (!output.inferred || !output.part.axis) continue;
      std::string note = fmt::format(
          "no decoder reads output '{}': it was compared by value, with its channels along axis "
          "{}, as its shape suggests",
          output.name, *output.part.axis);
      if (std::find(notes.begin(), notes.end(), note) == notes.end())
        notes.push_back(std::move(note));
    }
  return notes;
}

}  // namespace

void check_exact_in_runtimes(BuildState& state, const Graph& before,
                             const std::vector<std::string>& backends) {
  const Graph fixed = with_fixed_inputs(before, 1, state.input_size());
  const Graph after = with_fixed_inputs(state.graph, 1, state.input_size());
  const std::vector<Tensor> inputs = probe_pictures(state, fixed);
  const Evaluator reference = [&](const Graph& graph, const std::vector<Tensor>& values) {
    return evaluate_in_reference(state, graph, values);
  };
  for (const std::string& backend : backends) {
    const OpenSession open = open_in(state, backend, false);
    const Evaluator own = [&](const Graph& graph, const std::vector<Tensor>& values) {
      return evaluate_with(open, graph, values);
    };
    state.report["checks"].push_back(
        check_exact({fixed, after}, {state.reference_backend, reference}, {backend, own}, inputs));
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
  CheckOptions options;
  options.comparison = OutputComparison(output_reader(state), state.graph);
  const auto checks = check_quantized(before.file(), file, {"reference", state.open_reference},
                                      runtimes, feed, options);
  for (const std::string& note : inference_notes(checks)) state.report["notes"].push_back(note);
  std::size_t refused = 0;
  for (const RuntimeCheck& check : checks) {
    state.report["checks"].push_back(to_json(check));
    refused += check.refused ? 1 : 0;
    if (check.with_open_sides.empty()) continue;
    state.report["warnings"].push_back(
        fmt::format("in {}, fix height and width before compiling (reshape the model); with open "
                    "sides it computes something else: {}",
                    check.runtime, check.with_open_sides));
  }
  if (!checks.empty() && refused == checks.size())
    throw Error(ErrorCode::unsupported,
                fmt::format("{}: no runtime executes the result correctly: {}: {}", step,
                            checks[0].runtime, checks[0].reason));
}

}  // namespace tamis
