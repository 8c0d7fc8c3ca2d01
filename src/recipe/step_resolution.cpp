#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "graph/inspect.h"
#include "passes/free_shapes.h"
#include "passes/passes.h"
#include "recipe/resolution.h"
#include "recipe/steps.h"

namespace tamis {
namespace {

std::vector<Size> sizes_of(const Json& params) {
  if (!params.contains("sizes")) return {{params.at("height"), params.at("width")}};
  std::vector<Size> sizes;
  for (const Json& size : params.at("sizes")) sizes.push_back({size.at(0), size.at(1)});
  return sizes;
}

std::int64_t area(const Size& size) { return std::int64_t{size.height} * size.width; }

Size largest(const std::vector<Size>& sizes) {
  return *std::max_element(sizes.begin(), sizes.end(),
                           [](const Size& a, const Size& b) { return area(a) < area(b); });
}

Evaluator reference_of(const BuildState& state) {
  return [&state](const Graph& graph, const std::vector<Tensor>& inputs) {
    return evaluate_in_reference(state, graph, inputs);
  };
}

/// The freed graph must be the model it was, at the size it was made for.
Json compare_at_own_size(const BuildState& state, const Graph& freed) {
  const Graph before = with_fixed_inputs(state.graph, 1, state.card.input_size);
  const Graph after = with_fixed_inputs(freed, 1, state.card.input_size);
  Json json = Json::array();
  for (const OutputDifference& d : require_same_in_reference(state, before, after))
    json.push_back(to_json(d));
  return json;
}

/// Height and width are looked for where planes have them.
void require_planes(const Card& card) {
  if (card.layout == InputLayout::nhwc)
    throw Error(ErrorCode::unsupported,
                "resolution: the model's input is [N,H,W,C], and only the size of [N,C,H,W] can be "
                "freed; apply the step before input-u8, or leave it out");
}

void simplify_in_reference(const BuildState& state, Graph& graph) {
  PassContext context;
  context.evaluate = reference_of(state);
  simplify(graph, context);
}

}  // namespace

std::string resolution_version() { return "resolution/2:" + pass_versions(simplify_passes()); }

std::string resolution_text(const Json& params) {
  std::string text;
  for (const Size& size : sizes_of(params))
    text += fmt::format("{}{}x{}", text.empty() ? "" : "+", size.height, size.width);
  return text;
}

void apply_resolution(BuildState& state, const Json& params) {
  require_planes(state.card);
  const std::vector<Size> sizes = sizes_of(params);
  if (sizes.size() > 1 && state.card.resize != ResizeRule::letterbox)
    throw Error(ErrorCode::invalid_argument,
                fmt::format("resolution {}: a set of shapes needs images that keep their aspect "
                            "ratio (resize letterbox), the card says {}; give one size",
                            resolution_text(params), to_text(state.card.resize)));
  Graph freed = state.graph;
  const FreedShapes found = free_shapes(freed, state.card.input_size);
  state.report = to_json(found);
  state.report["differences"] = compare_at_own_size(state, freed);
  for (const Size& size : sizes)
    if (size != largest(sizes)) fix_shapes(freed, found, size);
  // A set too is one size until the step free-shapes: those between want known shapes.
  Graph fixed = fix_shapes(freed, found, largest(sizes));
  simplify_in_reference(state, fixed);
  state.graph = std::move(fixed);
  state.card.input_size = largest(sizes);
  if (sizes.size() > 1) state.card.input_sizes = sizes;
  state.card.sources["input.size"] = "step resolution";
}

std::string free_shapes_version() { return "free-shapes/1"; }
std::string free_shapes_text(const Json&) { return "free-shapes"; }

void apply_free_shapes(BuildState& state, const Json&) {
  require_planes(state.card);
  state.report = to_json(free_shapes(state.graph, state.card.input_size));
}

std::int64_t resolution_stride(BuildState& state) {
  require_planes(state.card);
  simplify_in_reference(state, state.graph);
  return free_shapes(state.graph, state.card.input_size).stride;
}

}  // namespace tamis
