#include "graph/value_shapes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "graph/inspect.h"
#include "graph/subgraphs.h"

namespace tamis {
namespace {

constexpr Size kAnySize{640, 640};
constexpr std::array<std::string_view, 4> kFinders{"NonZero", "NonMaxSuppression", "Unique",
                                                   "Compress"};
constexpr std::array<std::string_view, 2> kShapeReaders{"Shape", "Size"};

template <typename Table>
bool is_one_of(const onnx::NodeProto& node, const Table& table) {
  return std::any_of(table.begin(), table.end(),
                     [&](std::string_view type) { return is_op(node, type); });
}

/// What is known of a value: whether it depends on the picture's values, and through which finder
/// its shape may.
struct Origin {
  bool of_values = false;
  const onnx::NodeProto* finder = nullptr;
};

std::unordered_map<std::string, Origin> origins(const Graph& graph) {
  std::unordered_map<std::string, Origin> all;
  for (const auto& input : graph.graph().input()) all[input.name()].of_values = true;
  for (const onnx::NodeProto* node : graph.nodes()) {
    Origin origin;
    for (const std::string& value : needed_values(*node)) {
      const auto known = all.find(value);
      if (known == all.end()) continue;
      origin.of_values = origin.of_values || known->second.of_values;
      if (origin.finder == nullptr) origin.finder = known->second.finder;
    }
    if (is_one_of(*node, kShapeReaders)) origin.of_values = origin.finder != nullptr;
    if (origin.of_values && origin.finder == nullptr && is_one_of(*node, kFinders))
      origin.finder = node;
    for (const std::string& value : node->output()) all[value] = origin;
  }
  return all;
}

bool is_open(const std::optional<PartialShape>& shape) {
  return !shape || std::any_of(shape->begin(), shape->end(), [](const auto& dim) { return !dim; });
}

/// Fixed by what the file declares, where inference does not know.
bool is_declared(const Graph& graph, const std::string& output) {
  for (const auto& declared : graph.graph().output()) {
    if (declared.name() != output || !declared.type().tensor_type().has_shape()) continue;
    const auto& dims = declared.type().tensor_type().shape().dim();
    return std::all_of(dims.begin(), dims.end(),
                       [](const auto& dim) { return dim.has_dim_value() && dim.dim_value() >= 0; });
  }
  return false;
}

}  // namespace

std::optional<std::string> value_dependent_output(const Graph& graph, std::optional<Size> size) {
  const auto finds = [](const onnx::NodeProto* node) { return is_one_of(*node, kFinders); };
  const auto nodes = graph.nodes();
  if (std::none_of(nodes.begin(), nodes.end(), finds)) return std::nullopt;
  std::optional<Graph> fixed;
  try {
    fixed = with_fixed_inputs(graph, 1, size.value_or(kAnySize));
  } catch (const Error&) {
    return std::nullopt;  // whoever executes it says what is open
  }
  const auto known = origins(*fixed);
  for (const auto& output : fixed->graph().output()) {
    const auto origin = known.find(output.name());
    if (origin == known.end() || origin->second.finder == nullptr) continue;
    if (!is_open(fixed->shape(output.name())) || is_declared(graph, output.name())) continue;
    return fmt::format(
        "the shape of the output \"{}\" depends on what the image holds ({} finds as many rows as "
        "there are), and Tamis reads only outputs of a fixed shape; export the model without its "
        "post-processing, or with a fixed number of detections",
        output.name(), describe(*origin->second.finder));
  }
  return std::nullopt;
}

}  // namespace tamis
