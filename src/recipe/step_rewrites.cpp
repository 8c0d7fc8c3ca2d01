#include <fmt/format.h>

#include "base/error.h"
#include "graph/inspect.h"
#include "passes/passes.h"
#include "recipe/steps.h"

namespace tamis {
namespace {

std::string runtime_of(const Json& params) { return params.value("for", "all"); }

std::size_t changes(const PassLog& log) {
  std::size_t all = 0;
  for (const PassRecord& record : log.passes) all += record.changes;
  return all;
}

}  // namespace

std::string rewrites_version() {
  return "rewrites/2:" + pass_versions(rewrite_passes("ort")) + ";" +
         pass_versions(rewrite_passes("all"));
}

std::string rewrites_text(const Json& params) {
  const std::string runtime = runtime_of(params);
  return runtime == "all" ? "rewrites" : fmt::format("rewrites({})", runtime);
}

std::string rewrites_reason(const Graph& graph) {
  Graph copy = graph;
  return changes(run_passes(copy, rewrite_passes("ort"), {})) == 0
             ? "no rewrite is known that makes a part of it faster"
             : "";
}

void apply_rewrites(BuildState& state, const Json& params) {
  Graph graph = state.graph;
  const PassLog log = run_passes(graph, rewrite_passes(runtime_of(params)), {});
  if (changes(log) == 0)
    throw Error(
        ErrorCode::unsupported,
        "rewrites: no rewrite is known that makes a part of this model faster; leave the step out");
  require_same_in_reference(state, with_fixed_inputs(state.graph, 1, state.input_size()),
                            with_fixed_inputs(graph, 1, state.input_size()));
  state.report = to_json(log);
  state.graph = std::move(graph);
}

}  // namespace tamis
