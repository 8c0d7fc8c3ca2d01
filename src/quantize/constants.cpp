#include "quantize/constants.h"

#include <algorithm>
#include <functional>
#include <numeric>

#include "graph/attributes.h"
#include "graph/tensor_data.h"

namespace tamis {

namespace {

std::size_t product(Shape::const_iterator first, Shape::const_iterator last) {
  return static_cast<std::size_t>(
      std::accumulate(first, last, std::int64_t{1}, std::multiplies<>()));
}

/// A depthwise convolution is multiplied in 32 bits by every kernel.
PairSums sums_of(const NodeConstants& node, const Shape& shape, bool is_conv) {
  if (!is_conv) return {node.columns(), 1};
  const auto inputs = static_cast<std::size_t>(shape[1]);
  if (inputs == 1 && node.groups == node.channels) return {};
  return {inputs, node.columns() / std::max<std::size_t>(inputs, 1)};
}

NodeConstants constants_of(const Graph& graph, const ComputeNode& compute, float input_scale,
                           bool sums_in_16_bits) {
  const onnx::NodeProto& node = *compute.node;
  const onnx::TensorProto& tensor = *graph.constant(node.input(compute.weights));
  NodeConstants made;
  made.shape = shape_of(tensor);
  const auto split = made.shape.begin() + compute.axis;
  made.outer = product(made.shape.begin(), split);
  made.channels = static_cast<std::size_t>(*split);
  made.inner = product(split + 1, made.shape.end());
  if (is_op(node, "Conv"))
    made.groups = static_cast<std::size_t>(int_attribute(node, "group").value_or(1));
  made.input_scale = input_scale;
  made.original = std::make_shared<const std::vector<float>>(floats(tensor));
  if (sums_in_16_bits) made.sums = sums_of(made, made.shape, is_op(node, "Conv"));
  if (compute.bias) {
    made.bias = floats(*graph.constant(node.input(*compute.bias)));
    made.least = least_weight_scales(made.bias, input_scale);
  }
  made.weights = quantise_weights(*made.original, made.outer, made.channels, made.inner, made.least,
                                  made.sums);
  return made;
}

}  // namespace

std::vector<NodeConstants> quantise_constants(const Graph& graph, const Plan& plan,
                                              const std::vector<Affine>& affines) {
  std::vector<NodeConstants> all;
  for (const ComputeNode& compute : plan.compute) {
    const std::size_t group = plan.group_of.at(compute.node->input(compute.activation));
    all.push_back(constants_of(graph, compute, affines[group].scale, plan.sums_in_16_bits));
  }
  return all;
}

}  // namespace tamis
