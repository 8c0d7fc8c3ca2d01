#include "quantize/smooth.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "quantize/corrections.h"
#include "quantize/roles.h"

namespace tamis {

namespace {

/// A constant input of a node with one value per channel.
struct PerChannel {
  onnx::NodeProto* node;
  int input;
};

bool per_channel(const Graph& graph, const std::string& value, std::int64_t channels) {
  const onnx::TensorProto* tensor = graph.constant(value);
  if (tensor == nullptr || tensor->data_type() != onnx::TensorProto::FLOAT) return false;
  const Shape shape = shape_of(*tensor);
  return !shape.empty() && shape.back() == channels && element_count(shape) == channels;
}

std::optional<PerChannel> factor_of(const Graph& graph, onnx::NodeProto& node,
                                    std::int64_t channels) {
  for (int i = 0; i < std::min(node.input_size(), 2); ++i) {
    if (per_channel(graph, node.input(i), channels)) return PerChannel{&node, i};
  }
  return std::nullopt;
}

/// The constants that have to be divided by s so that the value is; empty where there are none.
std::vector<PerChannel> constants_before(Graph& graph, const std::string& value,
                                         std::int64_t channels) {
  onnx::NodeProto* node = graph.producer(value);
  if (node == nullptr) return {};
  if (is_op(*node, "LayerNormalization")) {
    std::vector<PerChannel> found;
    for (int i = 1; i < node->input_size(); ++i) {
      if (node->input(i).empty()) continue;
      if (!per_channel(graph, node->input(i), channels)) return {};
      found.push_back({node, i});
    }
    return found;
  }
  std::vector<PerChannel> found;
  if (is_op(*node, "Add")) {
    const auto shift = factor_of(graph, *node, channels);
    if (!shift) return {};
    const std::string& product = node->input(1 - shift->input);
    if (graph.only_consumer(product) != node) return {};
    found.push_back(*shift);
    node = graph.producer(product);
  }
  if (node == nullptr || !is_op(*node, "Mul")) return {};
  const auto factor = factor_of(graph, *node, channels);
  if (!factor) return {};
  found.push_back(*factor);
  return found;
}

/// A product's weights as rows that meet the channels.
struct Product {
  onnx::NodeProto* node;
  bool transposed;  ///< [N, K] instead of [K, N]
};

/// All users of the value, or nothing where one is something else.
std::vector<Product> products_after(Graph& graph, const std::string& value) {
  std::vector<Product> products;
  if (graph.is_output(value)) return {};
  for (onnx::NodeProto* user : graph.consumers(value)) {
    std::string reason;
    const std::optional<ComputeNode> compute = as_compute(graph, *user, reason);
    if (!compute || is_op(*user, "Conv") || user->input(0) != value) return {};
    products.push_back({user, compute->axis == 0});
  }
  return products;
}

std::vector<double> largest_rows(const Graph& graph, const std::vector<Product>& products,
                                 std::size_t channels) {
  std::vector<double> largest(channels);
  for (const Product& product : products) {
    const std::vector<float> weights = floats(*graph.constant(product.node->input(1)));
    const std::size_t others = weights.size() / channels;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      double& most = largest[product.transposed ? i % channels : i / others];
      most = std::max(most, std::abs(static_cast<double>(weights[i])));
    }
  }
  return largest;
}

void replace(Graph& graph, onnx::NodeProto& node, int input, const std::vector<float>& values) {
  const Shape shape = shape_of(*graph.constant(node.input(input)));
  graph.set_input(node, input,
                  graph.add_initializer(node.input(input) + "_smoothed", shape,
                                        std::span<const float>(values)));
}

void apply(Graph& graph, const std::vector<PerChannel>& before,
           const std::vector<Product>& products, const std::vector<double>& s) {
  for (const PerChannel& one : before) {
    std::vector<float> values = floats(*graph.constant(one.node->input(one.input)));
    for (std::size_t j = 0; j < values.size(); ++j)
      values[j] = static_cast<float>(static_cast<double>(values[j]) / s[j]);
    replace(graph, *one.node, one.input, values);
  }
  for (const Product& product : products) {
    std::vector<float> values = floats(*graph.constant(product.node->input(1)));
    const std::size_t others = values.size() / s.size();
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double by = s[product.transposed ? i % s.size() : i / others];
      values[i] = static_cast<float>(static_cast<double>(values[i]) * by);
    }
    replace(graph, *product.node, 1, values);
  }
}

bool has_outlier(std::vector<float> largest) {
  std::sort(largest.begin(), largest.end());
  return largest.back() > kOutlierChannel * static_cast<double>(largest[largest.size() / 2]);
}

/// Of the geometric mean 1, so that the values stay where they are.
std::vector<double> factors(const LayerInput& input, const std::vector<double>& weights,
                            double alpha) {
  std::vector<double> s(input.columns, 1.0);
  double logarithms = 0;
  std::size_t known = 0;
  for (std::size_t j = 0; j < s.size(); ++j) {
    const auto x = static_cast<double>(input.largest[j]);
    if (!(x > 0 && weights[j] > 0)) continue;
    s[j] = std::pow(x, alpha) / std::pow(weights[j], 1 - alpha);
    logarithms += std::log(s[j]);
    ++known;
  }
  const double middle = known == 0 ? 1 : std::exp(logarithms / static_cast<double>(known));
  for (std::size_t j = 0; j < s.size(); ++j) {
    if (input.largest[j] > 0 && weights[j] > 0) s[j] /= middle;
  }
  return s;
}

}  // namespace

std::size_t smooth_channels(Graph& graph, const LayerInputs& inputs, double alpha) {
  std::size_t changed = 0;
  std::set<std::string> done;
  for (onnx::NodeProto* node : graph.nodes()) {
    std::string reason;
    const std::optional<ComputeNode> compute = as_compute(graph, *node, reason);
    if (!compute || is_op(*node, "Conv") || !done.insert(node->input(0)).second) continue;
    const auto input = inputs.find(*input_key(graph, *compute));
    if (input == inputs.end() || input->second.count == 0) continue;
    if (!has_outlier(input->second.largest)) continue;
    const std::string value = node->input(0);
    const std::size_t channels = input->second.columns;
    const auto before = constants_before(graph, value, static_cast<std::int64_t>(channels));
    const std::vector<Product> products = products_after(graph, value);
    if (before.empty() || products.empty()) continue;
    apply(graph, before, products,
          factors(input->second, largest_rows(graph, products, channels), alpha));
    changed += products.size();
  }
  graph.remove_dead();
  return changed;
}

std::vector<Attempt> attempt_smoothing(const Form& form, const CorrectionTools& tools) {
  std::vector<double> alphas{0.5};
  if (tools.options.corrections == CorrectionLevel::all) alphas = {0.5, 0.35, 0.65, 0.8};
  std::vector<Attempt> attempts;
  for (const double alpha : alphas) {
    Graph smoothed = form.parent->load();
    const std::size_t changed = smooth_channels(smoothed, form.planned->inputs, alpha);
    if (changed == 0) return {};
    smoothed.infer_shapes();
    char text[40];
    std::snprintf(text, sizeof text, ", alpha %.2f", alpha);
    attempts.push_back({tools.form_of(std::move(smoothed)), layers_text(changed) + text});
  }
  return attempts;
}

}  // namespace tamis
