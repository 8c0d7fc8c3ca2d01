#include "quantize/tail.h"

#include <algorithm>

namespace tamis {

namespace {

/// Whether the value comes out of a Softmax, looking through what only moves data.
bool from_softmax(const Graph& graph, const std::string& value) {
  const onnx::NodeProto* node = graph.producer(value);
  while (node != nullptr && moves_data(graph, *node)) node = graph.producer(node->input(0));
  return node != nullptr && is_op(*node, "Softmax");
}

bool is_real(const Graph& graph, const onnx::NodeProto& node) {
  if (is_op(node, "ConvTranspose")) return true;
  std::string reason;
  const std::optional<ComputeNode> compute = as_compute(graph, node, reason);
  if (!compute) return false;
  const Shape weights = shape_of(*graph.constant(node.input(compute->weights)));
  const bool one_channel = weights[static_cast<std::size_t>(compute->axis)] == 1;
  return !(one_channel && from_softmax(graph, node.input(compute->activation)));
}

}  // namespace

std::unordered_set<const onnx::NodeProto*> output_tail(const Graph& graph) {
  std::unordered_set<const onnx::NodeProto*> tail;
  std::vector<const onnx::NodeProto*> nodes = graph.nodes();
  std::reverse(nodes.begin(), nodes.end());
  for (const onnx::NodeProto* node : nodes) {
    if (is_real(graph, *node)) continue;
    const bool leads_out_only =
        std::all_of(node->output().begin(), node->output().end(), [&](const std::string& value) {
          const auto users = graph.consumers(value);
          return std::all_of(users.begin(), users.end(),
                             [&](const onnx::NodeProto* user) { return tail.count(user) != 0; });
        });
    if (leads_out_only) tail.insert(node);
  }
  return tail;
}

}  // namespace tamis
