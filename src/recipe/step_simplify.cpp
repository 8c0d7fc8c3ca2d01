#include "base/files.h"
#include "graph/inspect.h"
#include "passes/passes.h"
#include "recipe/steps.h"

namespace tamis {
std::vector<Tensor> evaluate_in_reference(const BuildState& state, const Graph& graph,
                                          const std::vector<Tensor>& inputs) {
  return evaluate_with(state.open_reference, graph, inputs);
}

std::vector<Tensor> evaluate_with(const OpenSession& open, const Graph& graph,
                                  const std::vector<Tensor>& inputs) {
  TemporaryFolder folder("tamis-eval");
  auto file = folder.path() / "model.onnx";
  graph.save(file);
  auto session = open(file);
  std::vector<Tensor> outputs = make_tensors(session->outputs());
  session->run(inputs, outputs);
  return outputs;
}

std::string simplify_version() { return "simplify/3:" + pass_versions(simplify_passes()); }

std::string simplify_text(const Json&) { return "simplify"; }

void apply_simplify(BuildState& state, const Json&) {
  PassContext context;
  context.evaluate = [&](const Graph& graph, const std::vector<Tensor>& inputs) {
    return evaluate_in_reference(state, graph, inputs);
  };
  Graph before = with_fixed_inputs(state.graph, 1, state.input_size());
  PassLog log = simplify(state.graph, context);
  Graph after = with_fixed_inputs(state.graph, 1, state.input_size());
  const auto differences = require_same_in_reference(state, before, after);
  state.report = to_json(log);
  for (const OutputDifference& d : differences) state.report["differences"].push_back(to_json(d));
}

}  // namespace tamis
