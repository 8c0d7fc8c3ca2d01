#include "quantize/roles.h"

#include <algorithm>
#include <array>

namespace tamis {

namespace {

bool is_float(const Graph& graph, const std::string& value) {
  const std::optional<int> type = graph.type(value);
  return type && *type == onnx::TensorProto::FLOAT;
}

/// With as many dimensions as its operator needs at least, and none of them empty.
bool has_float_weights(const Graph& graph, const std::string& value, int rank) {
  const onnx::TensorProto* tensor = graph.constant(value);
  return tensor != nullptr && tensor->data_type() == onnx::TensorProto::FLOAT &&
         tensor->dims_size() >= rank &&
         std::all_of(tensor->dims().begin(), tensor->dims().end(),
                     [](std::int64_t dim) { return dim > 0; });
}

std::optional<int> bias_index(const Graph& graph, const onnx::NodeProto& node,
                              std::int64_t channels) {
  if (node.input_size() < 3 || node.input(2).empty()) return std::nullopt;
  const onnx::TensorProto* bias = graph.constant(node.input(2));
  if (bias == nullptr || bias->data_type() != onnx::TensorProto::FLOAT) return std::nullopt;
  const Shape shape = shape_of(*bias);
  if (shape.size() != 1 || shape[0] != channels) return std::nullopt;
  return 2;
}

std::optional<ComputeNode> as_conv(const Graph& graph, const onnx::NodeProto& node,
                                   std::string& reason) {
  if (!has_float_weights(graph, node.input(1), 3)) {
    reason = "its weights are not an f32 constant";
    return std::nullopt;
  }
  const std::int64_t channels = shape_of(*graph.constant(node.input(1)))[0];
  return ComputeNode{&node, 0, 1, bias_index(graph, node, channels), 0};
}

std::optional<ComputeNode> as_gemm(const Graph& graph, const onnx::NodeProto& node,
                                   std::string& reason) {
  if (!has_float_weights(graph, node.input(1), 2)) {
    reason = "its weights are not an f32 constant";
    return std::nullopt;
  }
  if (int_attribute(node, "transA").value_or(0) != 0 ||
      float_attribute(node, "alpha").value_or(1.0F) != 1.0F ||
      float_attribute(node, "beta").value_or(1.0F) != 1.0F) {
    reason = "transA, alpha and beta have no INT8 form";
    return std::nullopt;
  }
  const int axis = int_attribute(node, "transB").value_or(0) != 0 ? 0 : 1;
  const std::int64_t channels =
      shape_of(*graph.constant(node.input(1)))[static_cast<std::size_t>(axis)];
  return ComputeNode{&node, 0, 1, bias_index(graph, node, channels), axis};
}

std::optional<ComputeNode> as_matmul(const Graph& graph, const onnx::NodeProto& node,
                                     std::string& reason) {
  if (!has_float_weights(graph, node.input(1), 1)) {
    reason = graph.is_constant(node.input(0)) ? "its constant is the left operand"
                                              : "both operands are computed";
    return std::nullopt;
  }
  if (shape_of(*graph.constant(node.input(1))).size() != 2) {
    reason = "its weights are not a matrix";
    return std::nullopt;
  }
  return ComputeNode{&node, 0, 1, std::nullopt, 1};
}

bool one_of(const onnx::NodeProto& node, std::initializer_list<std::string_view> names) {
  return std::any_of(names.begin(), names.end(),
                     [&](std::string_view name) { return is_op(node, name); });
}

bool pads_with_zero(const Graph& graph, const onnx::NodeProto& node) {
  if (string_attribute(node, "mode").value_or("constant") != "constant") return true;
  if (node.input_size() < 3 || node.input(2).empty()) return true;
  const onnx::TensorProto* value = graph.constant(node.input(2));
  return value != nullptr && scalar(*value).value_or(1) == 0;
}

}  // namespace

std::optional<ComputeNode> as_compute(const Graph& graph, const onnx::NodeProto& node,
                                      std::string& reason) {
  reason.clear();
  if (is_op(node, "ConvTranspose")) {
    reason = "ConvTranspose has no INT8 form in ONNX Runtime";
    return std::nullopt;
  }
  if (!one_of(node, {"Conv", "Gemm", "MatMul"})) return std::nullopt;
  if (!is_float(graph, node.output(0))) {
    reason = "it is not f32";
    return std::nullopt;
  }
  if (graph.is_constant(node.input(0)) && !is_op(node, "MatMul")) {
    reason = "its input is constant";
    return std::nullopt;
  }
  if (is_op(node, "Conv")) return as_conv(graph, node, reason);
  return is_op(node, "Gemm") ? as_gemm(graph, node, reason) : as_matmul(graph, node, reason);
}

std::optional<Silu> as_silu(const Graph& graph, const onnx::NodeProto& multiply) {
  if (!is_op(multiply, "Mul")) return std::nullopt;
  for (int i = 0; i < 2; ++i) {
    const onnx::NodeProto* sigmoid = graph.producer(multiply.input(i));
    if (sigmoid == nullptr || !is_op(*sigmoid, "Sigmoid")) continue;
    if (graph.only_consumer(sigmoid->output(0)) != &multiply) continue;
    if (sigmoid->input(0) != multiply.input(1 - i)) continue;
    return Silu{&multiply, sigmoid, sigmoid->input(0), multiply.output(0)};
  }
  return std::nullopt;
}

bool moves_data(const Graph& graph, const onnx::NodeProto& node) {
  if (is_op(node, "Resize")) return string_attribute(node, "mode").value_or("nearest") == "nearest";
  if (is_op(node, "MaxPool")) return node.output_size() == 1;
  if (is_op(node, "Pad")) return pads_with_zero(graph, node);
  return one_of(node, {"Reshape", "Flatten", "Transpose", "Squeeze", "Unsqueeze", "Split", "Slice",
                       "DepthToSpace", "SpaceToDepth"});
}

bool cuts_at_zero(const Graph& graph, const onnx::NodeProto& node) {
  if (is_op(node, "Relu")) return true;
  if (!is_op(node, "Clip") || node.input_size() < 2 || node.input(1).empty()) return false;
  const onnx::TensorProto* low = graph.constant(node.input(1));
  return low != nullptr && scalar(*low) == 0.0;
}

std::vector<std::string> data_inputs(const Graph& graph, const onnx::NodeProto& node) {
  const bool first_only = moves_data(graph, node) || cuts_at_zero(graph, node) ||
                          one_of(node, {"GlobalAveragePool", "AveragePool"});
  if (!first_only && !one_of(node, {"Concat", "Add"})) return {};
  if (node.output_size() == 0 || !is_float(graph, node.output(0))) return {};
  std::vector<std::string> inputs;
  for (int i = 0; i < (first_only ? 1 : node.input_size()); ++i) {
    if (graph.is_constant(node.input(i)) || !is_float(graph, node.input(i))) return {};
    inputs.push_back(node.input(i));
  }
  return inputs;
}

}  // namespace tamis
