#include "passes/fuse_conv_bn.h"

#include <cmath>
#include <utility>

namespace tamis {
namespace {

struct ConvBnMatch {
  onnx::NodeProto* conv = nullptr;
  onnx::NodeProto* bn = nullptr;
  const onnx::TensorProto* weights = nullptr;
  std::vector<double> bias, gamma, beta, mean, variance;  // [Cout]
  double epsilon = 1e-5;
  std::string refusal;  // why a Conv + BN pair stays
};

bool is_inference(const Graph& graph, const onnx::NodeProto& bn) {
  int opset = graph.opset().value_or(0);
  if (opset < 7) return int_attribute(bn, "is_test").value_or(0) != 0;
  if (opset < 9 && int_attribute(bn, "spatial").value_or(1) != 1) return false;
  for (int i = 1; i < bn.output_size(); ++i)
    if (!bn.output(i).empty()) return false;
  return int_attribute(bn, "training_mode").value_or(0) == 0;
}

// Reads a [channels] constant of the weights' type into `out`.
bool read_vector(const Graph& graph, const onnx::NodeProto& node, int input,
                 const ConvBnMatch& match, std::vector<double>& out) {
  const onnx::TensorProto* tensor = graph.constant(node.input(input));
  if (tensor == nullptr || tensor->data_type() != match.weights->data_type() ||
      tensor->dims_size() != 1 || tensor->dims(0) != match.weights->dims(0))
    return false;
  out = doubles(*tensor);
  return true;
}

std::string refuse(const Graph& graph, ConvBnMatch& match) {
  const onnx::NodeProto& conv = *match.conv;
  const onnx::NodeProto& bn = *match.bn;
  if (graph.only_consumer(conv.output(0)) != match.bn)
    return "the Conv's result has another user or is a graph output";
  if (!is_inference(graph, bn)) return "it is in training form";
  match.weights = graph.constant(conv.input(1));
  if (match.weights == nullptr) return "the Conv's weights are not constant";
  int type = match.weights->data_type();
  if (type != onnx::TensorProto::FLOAT && type != onnx::TensorProto::DOUBLE)
    return "the weights are " + type_name(type) + ", not float or double";
  if (bn.input_size() != 5 || !read_vector(graph, bn, 1, match, match.gamma) ||
      !read_vector(graph, bn, 2, match, match.beta) ||
      !read_vector(graph, bn, 3, match, match.mean) ||
      !read_vector(graph, bn, 4, match, match.variance))
    return "its parameters are not constants of the weights' type, one per channel";
  match.bias.assign(match.gamma.size(), 0.0);
  bool has_bias = conv.input_size() > 2 && !conv.input(2).empty();
  if (has_bias && !read_vector(graph, conv, 2, match, match.bias))
    return "the Conv's bias is not constant";
  match.epsilon = float_attribute(bn, "epsilon").value_or(1e-5f);
  return "";
}

void rewrite(Graph& graph, const ConvBnMatch& match) {
  std::size_t channels = match.gamma.size();
  std::vector<double> weights = doubles(*match.weights);
  std::vector<double> bias(channels);
  std::size_t per_channel = channels == 0 ? 0 : weights.size() / channels;
  for (std::size_t c = 0; c < channels; ++c) {
    double scale = match.gamma[c] / std::sqrt(match.variance[c] + match.epsilon);
    for (std::size_t i = 0; i < per_channel; ++i) weights[c * per_channel + i] *= scale;
    bias[c] = scale * (match.bias[c] - match.mean[c]) + match.beta[c];
  }
  onnx::NodeProto& conv = *match.conv;
  int type = match.weights->data_type();
  Shape shape = shape_of(*match.weights);
  std::string hint = conv.name().empty() ? conv.output(0) : conv.name();
  std::string w = graph.add_initializer(make_tensor(hint + "_fused_weight", type, shape, weights));
  std::string b = graph.add_initializer(
      make_tensor(hint + "_fused_bias", type, {static_cast<std::int64_t>(channels)}, bias));
  graph.set_input(conv, 1, w);
  while (conv.input_size() < 3) graph.add_input(conv, "");
  graph.set_input(conv, 2, b);
  std::string result = match.bn->output(0);
  graph.erase_node(*match.bn);
  graph.set_output(conv, 0, result);
}

}  // namespace

PassResult fuse_conv_bn(Graph& graph, const PassContext&) {
  PassResult result;
  for (onnx::NodeProto* bn : graph.nodes_of("BatchNormalization")) {
    ConvBnMatch match;
    match.bn = bn;
    match.conv = graph.producer(bn->input(0));
    if (match.conv == nullptr || !is_op(*match.conv, "Conv")) continue;
    match.refusal = refuse(graph, match);
    if (!match.refusal.empty()) {
      result.skipped.push_back(describe(*bn) + ": " + match.refusal);
      continue;
    }
    rewrite(graph, match);
    ++result.changes;
  }
  if (result.changes > 0) graph.remove_dead();
  return result;
}

}  // namespace tamis
