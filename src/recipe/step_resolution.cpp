#include <fmt/format.h>

#include "base/error.h"
#include "graph/inspect.h"
#include "passes/free_shapes.h"
#include "passes/passes.h"
#include "recipe/steps.h"

namespace tamis {
namespace {

Size size_of(const Json& params) { return {params.at("height"), params.at("width")}; }

/// The freed graph must be the model it was, at the size it was made for.
Json compare_at_own_size(const BuildState& state, const Graph& freed) {
  const Evaluator evaluate = [&](const Graph& graph, const std::vector<Tensor>& inputs) {
    return evaluate_in_reference(state, graph, inputs);
  };
  const Graph before = with_fixed_inputs(state.graph, 1, state.card.input_size);
  const Graph after = with_fixed_inputs(freed, 1, state.card.input_size);
  const auto differences = compare_outputs(evaluate, before, after, probe_inputs(before));
  require_same_outputs(differences);
  Json json = Json::array();
  for (const OutputDifference& d : differences)
    json.push_back(
        {{"output", d.output}, {"max_absolute", d.max_absolute}, {"relative", d.relative}});
  return json;
}

}  // namespace

std::string resolution_version() { return "resolution/1:" + pass_versions(simplify_passes()); }

std::string resolution_text(const Json& params) {
  const Size size = size_of(params);
  return fmt::format("{}x{}", size.height, size.width);
}

void apply_resolution(BuildState& state, const Json& params) {
  const Size size = size_of(params);
  Graph freed = state.graph;
  const FreedShapes found = free_shapes(freed, state.card.input_size);
  const Graph fixed = fix_shapes(freed, found, size);
  state.report = to_json(found);
  state.report["differences"] = compare_at_own_size(state, freed);
  PassContext context;
  context.evaluate = [&](const Graph& graph, const std::vector<Tensor>& inputs) {
    return evaluate_in_reference(state, graph, inputs);
  };
  Graph result = fixed;
  simplify(result, context);
  state.graph = std::move(result);
  state.card.input_size = size;
  state.card.sources["input.size"] = "step resolution";
}

}  // namespace tamis
