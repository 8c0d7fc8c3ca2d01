#include "passes/remove_identity.h"

#include <algorithm>

namespace tamis {
namespace {

using Rule = bool (*)(const Graph& graph, const onnx::NodeProto& node);

bool always(const Graph&, const onnx::NodeProto&) { return true; }

bool one_input(const Graph&, const onnx::NodeProto& node) { return node.input_size() == 1; }

bool same_shape(const Graph& graph, const onnx::NodeProto& node) {
  auto before = graph.static_shape(node.input(0));
  return before && before == graph.static_shape(node.output(0));
}

bool same_type(const Graph& graph, const onnx::NodeProto& node) {
  auto before = graph.type(node.input(0));
  return before && before == int_attribute(node, "to");
}

// Opset 12 moved ratio and training_mode to inputs; before 7 an attribute said that it is
// inference.
bool not_training(const Graph& graph, const onnx::NodeProto& node) {
  if (graph.opset().value_or(0) < 7) return int_attribute(node, "is_test").value_or(0) != 0;
  if (node.input_size() < 3 || node.input(2).empty()) return true;
  const onnx::TensorProto* training = graph.constant(node.input(2));
  return training != nullptr && scalar(*training) == 0.0;
}

bool keeps_order(const Graph& graph, const onnx::NodeProto& node) {
  auto order = ints_attribute(node, "perm");
  if (order) return std::is_sorted(order->begin(), order->end());
  auto shape = graph.shape(node.input(0));
  return shape && shape->size() <= 1;
}

bool all_equal(const onnx::TensorProto& tensor, double wanted) {
  if (data_bytes(tensor) == 0 || data_bytes(tensor) > 1 << 16) return false;
  std::vector<double> values = doubles(tensor);
  return std::all_of(values.begin(), values.end(), [&](double v) { return v == wanted; });
}

bool slices_all(const Graph& graph, const onnx::NodeProto& node) {
  if (!same_shape(graph, node)) return false;
  if (node.input_size() < 5 || node.input(4).empty()) return true;
  const onnx::TensorProto* steps = graph.constant(node.input(4));
  return steps != nullptr && all_equal(*steps, 1);
}

bool pads_nothing(const Graph& graph, const onnx::NodeProto& node) {
  if (!same_shape(graph, node)) return false;
  if (node.input_size() < 2) {
    auto pads = ints_attribute(node, "pads");
    return pads && std::all_of(pads->begin(), pads->end(), [](std::int64_t p) { return p == 0; });
  }
  const onnx::TensorProto* pads = graph.constant(node.input(1));
  return pads != nullptr && all_equal(*pads, 0);
}

// x op c, where c changes nothing.
template <int neutral>
bool second_is_neutral(const Graph& graph, const onnx::NodeProto& node) {
  const onnx::TensorProto* second =
      node.input_size() == 2 ? graph.constant(node.input(1)) : nullptr;
  return second != nullptr && same_shape(graph, node) && all_equal(*second, neutral);
}

struct IdentityRow {
  std::string_view op_type;
  Rule is_identity;
};

constexpr IdentityRow kRows[] = {{"Identity", always},
                                 {"Dropout", not_training},
                                 {"Cast", same_type},
                                 {"Reshape", same_shape},
                                 {"Flatten", same_shape},
                                 {"Expand", same_shape},
                                 {"Transpose", keeps_order},
                                 {"Slice", slices_all},
                                 {"Pad", pads_nothing},
                                 {"Concat", one_input},
                                 {"Sum", one_input},
                                 {"Max", one_input},
                                 {"Min", one_input},
                                 {"Mean", one_input},
                                 {"Mul", second_is_neutral<1>},
                                 {"Div", second_is_neutral<1>},
                                 {"Add", second_is_neutral<0>},
                                 {"Sub", second_is_neutral<0>}};

bool is_identity(const Graph& graph, const onnx::NodeProto& node) {
  if (node.input_size() == 0 || node.output_size() == 0) return false;
  return std::any_of(std::begin(kRows), std::end(kRows), [&](const IdentityRow& row) {
    return is_op(node, row.op_type) && row.is_identity(graph, node);
  });
}

/// A node that must stay between an input or constant and an output, as Identity: OpenVINO 2026.4
/// does not write the output of others (a Dropout, a Max of one value).
bool becomes_identity(Graph& graph, onnx::NodeProto& node) {
  if (is_op(node, "Identity")) return false;
  for (int i = 1; i < node.output_size(); ++i)
    if (graph.is_output(node.output(i)) || !graph.consumers(node.output(i)).empty()) return false;
  node.set_op_type("Identity");
  node.clear_attribute();
  while (node.input_size() > 1) node.mutable_input()->RemoveLast();
  while (node.output_size() > 1) node.mutable_output()->RemoveLast();
  graph.reindex();
  graph.infer_shapes();
  return true;
}

}  // namespace

PassResult remove_identity(Graph& graph, const PassContext&) {
  graph.infer_shapes();
  PassResult result;
  for (onnx::NodeProto* node : graph.nodes()) {
    if (!is_identity(graph, *node)) continue;
    if (!graph.can_bypass(*node)) {
      if (becomes_identity(graph, *node)) {
        ++result.changes;
        continue;
      }
      result.skipped.push_back(
          describe(*node) +
          ": it ties a graph output to an input or constant, or its mask is used");
      continue;
    }
    graph.bypass(*node);
    ++result.changes;
  }
  return result;
}

}  // namespace tamis
