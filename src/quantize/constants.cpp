#include "quantize/constants.h"

#include <algorithm>
#include <functional>
#include <numeric>

#include "graph/attributes.h"
#include "graph/tensor_data.h"
#include "quantize/gram.h"
#include "quantize/weight_row.h"

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

/// What each group of channels reads.
std::vector<Gram> grams_of(const NodeConstants& node, const LayerInput* input) {
  std::vector<Gram> grams;
  if (input == nullptr) return grams;
  const About about = node.bias.empty() ? About::zero : About::mean;
  for (std::size_t g = 0; g < node.groups; ++g)
    grams.push_back(gram_of_products(*input, node.first_column(g * node.channels / node.groups),
                                     node.columns(), about));
  return grams;
}

void round_weights_of(NodeConstants& node, const LayerInput* input) {
  const std::vector<Gram> grams = grams_of(node, input);
  const auto gram_at = [&](std::size_t row) -> const Gram& {
    return grams[row / (node.channels / node.groups)];
  };
  WeightRules rules{node.least, node.sums};
  // Where products are known between all columns; else the squared error is the better guide.
  if (!grams.empty() && grams[0].blocks.size() == 1)
    rules.cost = [&](std::size_t row, std::span<const float> e) { return gram_at(row).error(e); };
  node.weights = quantise_weights(*node.original, {node.outer, node.channels, node.inner}, rules);
  if (grams.empty()) return;
  for (std::size_t row = 0; row < node.channels; ++row) descend({node, row, gram_at(row)});
  take_mean_error_off(node, *input);
}

/// Of each channel its error, at each place of the kernel as often as that is no padding.
std::vector<double> errors_by_column(const std::vector<double>& of_channels,
                                     const LayerInput& input) {
  std::vector<double> errors(input.columns);
  const std::size_t places = input.inside.size();
  if (of_channels.size() * places != errors.size()) return {};
  for (std::size_t i = 0; i < errors.size(); ++i)
    errors[i] = of_channels[i / places] * input.inside[i % places];
  return errors;
}

NodeConstants constants_of(const Graph& graph, const ComputeNode& compute, float input_scale,
                           bool sums_in_16_bits, const LayerInput* input,
                           const InputErrors& errors) {
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
    made.bias = made.original_bias = floats(*graph.constant(node.input(*compute.bias)));
    made.least = least_weight_scales(made.bias, input_scale);
  }
  const auto error = errors.find(node.input(compute.activation));
  if (error != errors.end() && input != nullptr && is_op(node, "Conv"))
    made.input_error = errors_by_column(error->second, *input);
  round_weights_of(made, input);
  return made;
}

}  // namespace

std::vector<NodeConstants> quantise_constants(const Graph& graph, const Plan& plan,
                                              const std::vector<Affine>& affines,
                                              const LayerInputs& inputs,
                                              const InputErrors& errors) {
  std::vector<NodeConstants> all;
  for (const ComputeNode& compute : plan.compute) {
    const std::size_t group = plan.group_of.at(compute.node->input(compute.activation));
    all.push_back(constants_of(graph, compute, affines[group].scale, plan.sums_in_16_bits,
                               find_input(inputs, graph, compute), errors));
  }
  return all;
}

void take_mean_error_off(NodeConstants& node, const LayerInput& input) {
  if (node.bias.empty()) return;
  for (std::size_t row = 0; row < node.channels; ++row) {
    const std::size_t first = node.first_column(row);
    double moved = 0;
    for (std::size_t k = 0; k < node.columns(); ++k) {
      moved += node.error(row, k) * input.mean(first + k);
      if (!node.input_error.empty()) moved += node.weight(row, k) * node.input_error[first + k];
    }
    node.bias[row] = static_cast<float>(static_cast<double>(node.original_bias[row]) - moved);
  }
}

}  // namespace tamis
