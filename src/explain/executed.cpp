#include "explain/executed.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <regex>
#include <unordered_map>

#include "stats/interval.h"
#include "stats/percentile.h"

namespace tamis {
namespace {

std::string id_of(const onnx::NodeProto& node) {
  return node.output_size() == 0 ? "" : node.output(0);
}

/// What the runtimes put behind the names of nodes that they replace.
std::optional<std::string> without_suffix(const std::string& name) {
  constexpr std::array<std::string_view, 9> kSuffixes{"/WithoutBiases",
                                                      "/DequantizationMultiply",
                                                      "/QuickGeluFusion/",
                                                      "/GeluFusion/",
                                                      "/duplicated",
                                                      "_nchwc",
                                                      "_nhwc",
                                                      "_quant",
                                                      "_QuickGelu"};
  for (std::string_view suffix : kSuffixes)
    if (name.size() > suffix.size() && name.ends_with(suffix))
      return name.substr(0, name.size() - suffix.size());
  static const std::regex kToken("(.+)_token_[0-9]+");
  std::smatch found;
  if (std::regex_match(name, found, kToken)) return found[1].str();
  return std::nullopt;
}

class Mapper {
 public:
  Mapper(const Graph& graph, std::vector<Layer> layers) : graph_(graph), nodes_(graph.nodes()) {
    result_.layers = std::move(layers);
    for (const onnx::NodeProto* node : nodes_)
      if (!node->name().empty()) by_name_.emplace(node->name(), node);
  }

  Executed run() {
    claim_named();
    for (auto node = nodes_.rbegin(); node != nodes_.rend(); ++node) join_consumer(**node);
    for (const onnx::NodeProto* node : nodes_) join_producer(*node);
    for (const auto& [node, layer] : result_.layer_of) result_.layers[layer].nodes.push_back(node);
    mark_inserted();
    find_flow();
    complete_conversions();
    return std::move(result_);
  }

 private:
  const onnx::NodeProto* find(const std::string& name) const {
    auto found = by_name_.find(name);
    if (found != by_name_.end()) return found->second;
    return graph_.producer(name);
  }

  /// The node that a layer's name speaks of. A transpose of the runtime's own is numbered like the
  /// copies of a node: only its full name counts.
  const onnx::NodeProto* named(const Layer& layer) const {
    std::optional<std::string> name = layer.name;
    bool exact = layer.type == "Transpose" || layer.kind == LayerKind::layout;
    while (name) {
      const onnx::NodeProto* node = find(*name);
      if (node != nullptr && (!exact || node->op_type() == layer.type)) return node;
      name = exact ? std::nullopt : without_suffix(*name);
    }
    return nullptr;
  }

  void claim_named() {
    for (std::size_t i = 0; i < result_.layers.size(); ++i)
      if (const onnx::NodeProto* node = named(result_.layers[i]))
        result_.layer_of.emplace(id_of(*node), i);
    for (std::size_t i = 0; i < result_.layers.size(); ++i)
      for (const std::string& name : result_.layers[i].fused)
        if (const onnx::NodeProto* node = find(name)) result_.layer_of.emplace(id_of(*node), i);
  }

  bool free(const onnx::NodeProto& node) const {
    return !is_quantise(node) && !is_dequantise(node) && node.op_type() != "Constant" &&
           result_.layer_of.count(id_of(node)) == 0;
  }

  /// Whether the layer is more than the one operator: then what feeds that alone may be part of it.
  static bool is_fusion(const Layer& layer, const onnx::NodeProto& anchor) {
    if (layer.kind == LayerKind::layout) return false;
    if (is_quantise(anchor)) return layer.type == "Subgraph";
    return layer.type == "Subgraph" || layer.type.find(anchor.op_type()) == std::string::npos;
  }

  void join_consumer(const onnx::NodeProto& node) {
    if (!free(node) || is_heavy(node)) return;
    const onnx::NodeProto* next = nullptr;
    for (const std::string& output : node.output())
      if (const onnx::NodeProto* consumer = graph_.only_consumer(output)) next = consumer;
    if (next == nullptr) return;
    auto found = result_.layer_of.find(id_of(*next));
    if (found != result_.layer_of.end() && is_fusion(result_.layers[found->second], *next))
      result_.layer_of.emplace(id_of(node), found->second);
  }

  /// A node that nothing names is part of the latest layer that makes one of its inputs.
  void join_producer(const onnx::NodeProto& node) {
    if (!free(node)) return;
    std::optional<std::size_t> latest;
    for (const std::string& input : node.input()) {
      const onnx::NodeProto* source = source_of(graph_, input);
      if (source == nullptr) continue;
      auto found = result_.layer_of.find(id_of(*source));
      if (found != result_.layer_of.end())
        latest = std::max(latest.value_or(found->second), found->second);
    }
    if (latest) result_.layer_of.emplace(id_of(node), *latest);
  }

  bool has_compute(const Layer& layer) const {
    return std::any_of(layer.nodes.begin(), layer.nodes.end(), [&](const std::string& output) {
      const onnx::NodeProto* node = graph_.producer(output);
      return node != nullptr && !is_quantise(*node) && !is_dequantise(*node);
    });
  }

  /// Layers that stand for no node of the file, or for a Q or DQ alone.
  void mark_inserted() {
    for (Layer& layer : result_.layers) {
      if (layer.kind != LayerKind::compute) continue;
      if (layer.nodes.empty() && layer.type == "Transpose") layer.kind = LayerKind::layout;
      bool cast = layer.type == "Cast" || layer.type == "Convert";
      if (!has_compute(layer) && (!layer.nodes.empty() || cast)) {
        layer.kind = LayerKind::conversion;
        layer.from = layer.precision;
      }
    }
  }

  void find_flow() {
    std::set<std::pair<std::size_t, std::size_t>> seen;
    for (const onnx::NodeProto* node : nodes_) {
      auto here = result_.layer_of.find(id_of(*node));
      if (here == result_.layer_of.end() || is_quantise(*node) || is_dequantise(*node)) continue;
      for (const std::string& input : node->input()) {
        const onnx::NodeProto* source = source_of(graph_, input);
        auto from =
            source == nullptr ? result_.layer_of.end() : result_.layer_of.find(id_of(*source));
        if (from == result_.layer_of.end() || from->second == here->second) continue;
        if (seen.emplace(from->second, here->second).second)
          result_.flow.emplace_back(from->second, here->second);
      }
    }
  }

  /// What a conversion whose result the profile does not tell (FakeQuantize in OpenVINO) makes is
  /// what the layers behind it compute in.
  void complete_conversions() {
    for (Layer& layer : result_.layers) {
      if (layer.kind != LayerKind::conversion || !layer.to.empty()) continue;
      std::set<std::string> behind;
      for (const std::string& output : layer.nodes) collect_behind(output, behind);
      if (behind.size() == 1) layer.to = *behind.begin();
    }
  }

  void collect_behind(const std::string& value, std::set<std::string>& precisions) const {
    for (const onnx::NodeProto* node : graph_.consumers(value)) {
      if (is_quantise(*node) || is_dequantise(*node)) {
        collect_behind(id_of(*node), precisions);
        continue;
      }
      auto found = result_.layer_of.find(id_of(*node));
      if (found != result_.layer_of.end())
        precisions.insert(result_.layers[found->second].precision);
    }
  }

  const Graph& graph_;
  std::vector<const onnx::NodeProto*> nodes_;
  std::unordered_map<std::string, const onnx::NodeProto*> by_name_;
  Executed result_;
};

}  // namespace

double Executed::total_us() const {
  double total = 0;
  for (const Layer& layer : layers) total += layer.us();
  return total;
}

LayerTime time_together(const Executed& run, const std::vector<std::size_t>& layers) {
  std::vector<double> sums;
  for (std::size_t i : layers) {
    const std::vector<double>& times = run.layers[i].runs_us;
    sums.resize(std::max(sums.size(), times.size()));
    for (std::size_t r = 0; r < times.size(); ++r) sums[r] += times[r];
  }
  if (sums.empty()) return {};
  Interval interval = median_interval(sums, kLayerConfidence);
  auto [least, most] = std::minmax_element(sums.begin(), sums.end());
  return {median(sums), std::isfinite(interval.low) ? interval.low : *least,
          std::isfinite(interval.high) ? interval.high : *most};
}

Executed map_to_graph(const Graph& graph, std::vector<Layer> layers) {
  return Mapper(graph, std::move(layers)).run();
}

bool is_quantise(const onnx::NodeProto& node) { return node.op_type() == "QuantizeLinear"; }
bool is_dequantise(const onnx::NodeProto& node) { return node.op_type() == "DequantizeLinear"; }

const onnx::NodeProto* source_of(const Graph& graph, const std::string& value) {
  const onnx::NodeProto* node = graph.producer(value);
  while (node != nullptr && (is_quantise(*node) || is_dequantise(*node)))
    node = graph.producer(node->input(0));
  return node;
}

std::string dequantised(const Graph& graph, const std::string& value) {
  for (const onnx::NodeProto* quantise : graph.consumers(value)) {
    if (is_dequantise(*quantise) && quantise->input(0) == value) return quantise->output(0);
    if (!is_quantise(*quantise)) continue;
    for (const onnx::NodeProto* node : graph.consumers(quantise->output(0)))
      if (is_dequantise(*node)) return node->output(0);
  }
  return value;
}

bool is_heavy(const onnx::NodeProto& node) {
  const std::string& op = node.op_type();
  return op == "Conv" || op == "ConvTranspose" || op == "Gemm" || op == "MatMul";
}

bool wants_int8(const Graph& graph, const onnx::NodeProto& node) {
  if (!is_heavy(node) || node.input_size() < 2) return false;
  for (int i = 0; i < 2; ++i) {
    const onnx::NodeProto* maker = graph.producer(node.input(i));
    if (maker == nullptr || !is_dequantise(*maker)) return false;
  }
  return true;
}

}  // namespace tamis
