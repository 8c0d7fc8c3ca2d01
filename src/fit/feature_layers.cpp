#include "fit/feature_layers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "base/error.h"
#include "base/units.h"
#include "graph/subgraphs.h"

namespace tamis {
namespace {

constexpr std::size_t kLayers = 3;
constexpr int kFirstStride = 4;

std::optional<FeatureLayer> as_layer(const Graph& graph, const std::string& value, int height) {
  auto shape = graph.static_shape(value);
  if (!shape || shape->size() != 4 || (*shape)[0] != 1 || (*shape)[2] < 2 || (*shape)[3] < 2)
    return std::nullopt;
  if (graph.type(value) != onnx::TensorProto_DataType_FLOAT) return std::nullopt;
  Size size{static_cast<int>((*shape)[2]), static_cast<int>((*shape)[3])};
  const double stride = static_cast<double>(height) / size.height;
  return FeatureLayer{value, static_cast<std::size_t>((*shape)[1]), size,
                      static_cast<int>(std::lround(stride))};
}

/// The nodes that a value is made by, in the order of the file.
std::vector<const onnx::NodeProto*> makers(const Graph& graph, const std::string& value) {
  std::unordered_set<const onnx::NodeProto*> found;
  std::vector<std::string> open{value};
  while (!open.empty()) {
    const onnx::NodeProto* node = graph.producer(open.back());
    open.pop_back();
    if (node == nullptr || !found.insert(node).second) continue;
    for (const std::string& needed : needed_values(*node)) open.push_back(needed);
  }
  std::vector<const onnx::NodeProto*> ordered;
  for (const onnx::NodeProto* node : graph.nodes())
    if (found.count(node) != 0 && !is_op(*node, "Constant")) ordered.push_back(node);
  return ordered;
}

/// Those nodes of `makers` behind which nothing uses what was made before them.
std::vector<const onnx::NodeProto*> bottlenecks(const std::vector<const onnx::NodeProto*>& makers) {
  std::unordered_map<std::string, std::size_t> made, last_use;
  for (std::size_t i = 0; i < makers.size(); ++i) {
    for (const std::string& value : makers[i]->output()) made.emplace(value, i);
    for (const std::string& value : needed_values(*makers[i])) last_use[value] = i;
  }
  std::vector<const onnx::NodeProto*> found;
  std::size_t reach = 0;  // the last node that uses anything made before this one
  for (std::size_t i = 0; i < makers.size(); ++i) {
    if (reach <= i) found.push_back(makers[i]);
    for (const std::string& value : makers[i]->output())
      if (auto use = last_use.find(value); use != last_use.end())
        reach = std::max(reach, use->second);
  }
  return found;
}

bool is_sum(const Graph& graph, const onnx::NodeProto& node) {
  return is_op(node, "Add") && !graph.is_constant(node.input(0)) &&
         !graph.is_constant(node.input(1));
}

bool is_residual(const Graph& graph, const onnx::NodeProto& node) {
  if (is_sum(graph, node)) return true;
  static const std::unordered_set<std::string> activations{"Relu",  "Clip",      "LeakyRelu",
                                                           "PRelu", "HardSwish", "Gelu"};
  const onnx::NodeProto* before = graph.producer(node.input(0));
  return activations.count(node.op_type()) != 0 && before != nullptr && is_sum(graph, *before);
}

/// The first value of each stride, in the order of the file, as long as strides grow.
std::vector<FeatureLayer> first_of_strides(const Graph& graph, int height) {
  std::vector<FeatureLayer> firsts;
  for (const onnx::NodeProto* node : graph.nodes()) {
    if (graph.is_constant(node->output(0))) continue;
    auto layer = as_layer(graph, node->output(0), height);
    if (layer && (firsts.empty() || layer->stride > firsts.back().stride)) firsts.push_back(*layer);
  }
  return firsts;
}

/// The value of its stride to tap; `next` is the first value of the next stride, or "".
FeatureLayer best_of_stride(const Graph& graph, const FeatureLayer& first, const std::string& next,
                            int height) {
  std::string end = next;
  if (end.empty())  // the deepest: all that has this stride
    for (const onnx::NodeProto* node : graph.nodes())
      if (auto layer = as_layer(graph, node->output(0), height);
          layer && layer->stride == first.stride)
        end = node->output(0);
  std::optional<FeatureLayer> last, last_sum;
  for (const onnx::NodeProto* node : bottlenecks(makers(graph, end))) {
    auto layer = as_layer(graph, node->output(0), height);
    if (!layer || layer->stride != first.stride) continue;
    last = layer;
    if (is_residual(graph, *node)) last_sum = layer;
  }
  return last_sum ? *last_sum : last.value_or(first);
}

std::vector<FeatureLayer> named_layers(const Graph& graph, const std::vector<std::string>& names,
                                       int height) {
  std::map<std::string, std::string> values;  // node or value → value
  for (const onnx::NodeProto* node : graph.nodes()) {
    values.emplace(node->output(0), node->output(0));
    if (!node->name().empty()) values.emplace(node->name(), node->output(0));
  }
  std::vector<FeatureLayer> layers;
  for (const std::string& name : names) {
    auto found = values.find(name);
    if (found == values.end()) {
      std::vector<std::string> known;
      for (const auto& [key, value] : values)
        if (as_layer(graph, value, height)) known.push_back(key);
      throw Error(ErrorCode::invalid_argument,
                  fmt::format("fit anomaly: the backbone has no layer '{}'; {} (--layers)", name,
                              suggest(name, known)));
    }
    auto layer = as_layer(graph, found->second, height);
    if (!layer)
      throw Error(ErrorCode::invalid_argument,
                  fmt::format("fit anomaly: '{}' is not a spatial feature map [1,C,H,W] of floats; "
                              "give others with --layers",
                              name));
    layers.push_back(*layer);
  }
  std::stable_sort(layers.begin(), layers.end(), [](const FeatureLayer& a, const FeatureLayer& b) {
    return a.size.height > b.size.height;
  });
  return layers;
}

}  // namespace

std::vector<FeatureLayer> choose_layers(const Graph& graph, const std::vector<std::string>& names) {
  const std::vector<TensorInfo> inputs = graph.inputs();
  if (inputs.size() != 1 || inputs[0].shape.size() != 4 || !inputs[0].shape[2])
    throw Error(ErrorCode::unsupported,
                "fit anomaly: the backbone does not take one image [1,C,H,W]");
  const auto height = static_cast<int>(*inputs[0].shape[2]);
  if (!names.empty()) return named_layers(graph, names, height);
  const std::vector<FeatureLayer> firsts = first_of_strides(graph, height);
  if (firsts.empty())
    throw Error(ErrorCode::unsupported,
                "fit anomaly: the backbone has no spatial feature maps [1,C,H,W]; give a "
                "convolutional one");
  auto from = std::find_if(firsts.begin(), firsts.end(),
                           [](const FeatureLayer& f) { return f.stride >= kFirstStride; });
  std::size_t begin = static_cast<std::size_t>(from - firsts.begin());
  if (begin + kLayers > firsts.size()) begin = firsts.size() - std::min(kLayers, firsts.size());
  std::vector<FeatureLayer> layers;
  for (std::size_t i = begin; i < std::min(begin + kLayers, firsts.size()); ++i)
    layers.push_back(
        best_of_stride(graph, firsts[i], i + 1 < firsts.size() ? firsts[i + 1].value : "", height));
  return layers;
}

}  // namespace tamis
