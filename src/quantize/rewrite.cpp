#include "quantize/rewrite.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "graph/attributes.h"
#include "graph/tensor_data.h"

namespace tamis {

namespace {

class Writer {
 public:
  Writer(Graph& graph, const Plan& plan, const std::vector<Affine>& affines)
      : graph_(graph), plan_(plan), affines_(affines) {}

  std::vector<std::string> write(const std::vector<NodeConstants>& constants,
                                 bool with_quick_gelu) {
    for (std::size_t i = 0; i < constants.size(); ++i)
      write_constants(plan_.compute[i], constants[i]);
    if (with_quick_gelu) replace_silus();
    for (const auto& [value, group] : plan_.group_of)
      u8_names_[value] = graph_.unique_value_name(value + "_u8");
    for (const auto& [value, group] : plan_.group_of) wrap(value, group);
    for (const auto& [node, movement] : plan_.movers) {
      if (movement == Movement::on_u8) read_u8(*mutable_node(node));
    }
    anchor_pool();
    std::vector<std::string> computed;
    for (const ComputeNode& compute : plan_.compute) computed.push_back(compute.node->output(0));
    graph_.sort();
    graph_.remove_dead();
    return computed;
  }

 private:
  /// The plan looked at this very graph.
  static onnx::NodeProto* mutable_node(const onnx::NodeProto* node) {
    return const_cast<onnx::NodeProto*>(node);
  }

  struct Parameters {
    std::string scale;
    std::string zero_point;
  };

  const Parameters& parameters(std::size_t group) {
    const auto [at, fresh] = parameters_.try_emplace(group);
    if (fresh) {
      const std::string& name = plan_.groups[group].members.front();
      const Affine& affine = affines_[group];
      at->second.scale =
          graph_.add_initializer(name + "_scale", {}, std::span<const float>(&affine.scale, 1));
      at->second.zero_point = plan_.groups[group].pooled_zero_point
                                  ? pooled(affine.zero_point)
                                  : zero_point(name, affine.zero_point);
    }
    return at->second;
  }

  std::string zero_point(const std::string& name, std::uint8_t value) {
    return graph_.add_initializer(name + "_zero_point", {},
                                  std::span<const std::uint8_t>(&value, 1));
  }

  /// OpenVINO leaves the first user of a shared zero point unfused. So that this is no convolution,
  /// the bounds of a Clip in the float tail are written as dequantised constants of the same value.
  void anchor_pool() {
    std::vector<std::pair<onnx::NodeProto*, int>> bounds;
    for (const onnx::NodeProto* node : graph_.nodes_of("Clip"))
      for (int i = 1; i < node->input_size(); ++i)
        if (graph_.constant(node->input(i)) != nullptr) bounds.emplace_back(mutable_node(node), i);
    for (const auto& [zero_point, name] : pool_) {
      for (auto bound = bounds.begin(); bound != bounds.end(); ++bound) {
        if (!anchor(*bound->first, bound->second, zero_point, name)) continue;
        bounds.erase(bound);
        break;
      }
    }
  }

  /// Whether the bound can be (q - zero_point) * scale exactly.
  bool anchor(onnx::NodeProto& clip, int input, std::uint8_t zero_point, const std::string& name) {
    const onnx::TensorProto& bound = *graph_.constant(clip.input(input));
    if (bound.data_type() != onnx::TensorProto::FLOAT || !shape_of(bound).empty()) return false;
    const float value = floats(bound).front();
    for (int steps = value < 0 ? zero_point : 255 - zero_point; steps > 0; --steps) {
      const float scale = std::abs(value) / static_cast<float>(steps);
      if (scale <= 0 || scale * static_cast<float>(steps) != std::abs(value)) continue;
      const auto q = static_cast<std::uint8_t>(zero_point + (value < 0 ? -steps : steps));
      const std::string stored =
          graph_.add_initializer(name + "_anchor", {}, std::span<const std::uint8_t>(&q, 1));
      const std::string unit =
          graph_.add_initializer(name + "_anchor_scale", {}, std::span<const float>(&scale, 1));
      const std::string made =
          graph_.add_node({"DequantizeLinear", {stored, unit, name}, {}, {}}).output(0);
      graph_.set_input(clip, input, made);
      return true;
    }
    return false;
  }

  const std::string& pooled(std::uint8_t value) {
    std::string& name = pool_[value];
    if (name.empty()) name = zero_point("before_silu_" + std::to_string(value), value);
    return name;
  }

  void add_pair_half(const char* op, const std::string& from, const std::string& to,
                     std::size_t group) {
    const Parameters& p = parameters(group);
    graph_.add_node(
        {op, {from, p.scale, p.zero_point}, {to}, graph_.unique_node_name(to + "/" + op)});
  }

  void wrap(const std::string& value, std::size_t group) {
    const std::string& u8 = u8_names_.at(value);
    if (graph_.is_input(value)) {
      const std::string seen = graph_.unique_value_name(value + "_dequantised");
      graph_.replace_uses(value, seen);
      add_pair_half("QuantizeLinear", value, u8, group);
      add_pair_half("DequantizeLinear", u8, seen, group);
      return;
    }
    onnx::NodeProto& producer = *graph_.producer(value);
    const auto mover = plan_.movers.find(&producer);
    if (mover != plan_.movers.end() && mover->second == Movement::on_u8) {
      rename_output(producer, value, u8);
    } else {
      const std::string computed = graph_.unique_value_name(value + "_float");
      rename_output(producer, value, computed);
      add_pair_half("QuantizeLinear", computed, u8, group);
    }
    add_pair_half("DequantizeLinear", u8, value, group);
  }

  void rename_output(onnx::NodeProto& node, const std::string& from, const std::string& to) {
    for (int i = 0; i < node.output_size(); ++i) {
      if (node.output(i) == from) graph_.set_output(node, i, to);
    }
  }

  void read_u8(onnx::NodeProto& node) {
    const int inputs = is_op(node, "Concat") ? node.input_size() : 1;
    for (int i = 0; i < inputs; ++i) {
      // A graph input is read through the name that its pair gave it.
      std::string value = node.input(i);
      if (const onnx::NodeProto* pair = graph_.producer(value); pair != nullptr)
        value = pair->input(0);
      graph_.set_input(node, i, value);
    }
  }

  void write_constants(const ComputeNode& compute, const NodeConstants& constants) {
    onnx::NodeProto& node = *mutable_node(compute.node);
    const QuantisedWeights& weights = constants.weights;
    const std::string stored =
        graph_.add_initializer(node.input(compute.weights) + "_s8", constants.shape,
                               std::span<const std::int8_t>(weights.values));
    graph_.set_input(node, compute.weights,
                     dequantised<std::int8_t>(stored, weights.scales, compute.axis));
    if (!compute.bias) return;
    std::vector<float> bias_scales = weights.scales;
    for (float& scale : bias_scales) scale *= constants.input_scale;
    const std::vector<std::int32_t> values =
        quantise_bias(constants.bias, constants.input_scale, weights.scales);
    const std::string stored_bias = graph_.add_initializer(
        node.input(*compute.bias) + "_s32", {static_cast<std::int64_t>(constants.channels)},
        std::span<const std::int32_t>(values));
    graph_.set_input(node, *compute.bias, dequantised<std::int32_t>(stored_bias, bias_scales, 0));
  }

  template <typename T>
  std::string dequantised(const std::string& stored, const std::vector<float>& scales, int axis) {
    const Shape shape{static_cast<std::int64_t>(scales.size())};
    const std::vector<T> zeros(scales.size(), T{0});
    const std::string scale =
        graph_.add_initializer(stored + "_scale", shape, std::span<const float>(scales));
    const std::string zero =
        graph_.add_initializer(stored + "_zero_point", shape, std::span<const T>(zeros));
    onnx::NodeProto& node = graph_.add_node({"DequantizeLinear", {stored, scale, zero}, {}, {}});
    set_attribute(node, "axis", std::int64_t{axis});
    return node.output(0);
  }

  void replace_silus() {
    if (plan_.silus.empty()) return;
    if (!graph_.opset("com.microsoft")) graph_.set_opset("com.microsoft", 1);
    for (const Silu& silu : plan_.silus) {
      const std::string name = silu.multiply->name();
      graph_.erase_node(*silu.multiply);
      graph_.erase_node(*silu.sigmoid);
      onnx::NodeProto& node = graph_.add_node(
          {"QuickGelu", {silu.x}, {silu.y}, graph_.unique_node_name(name), "com.microsoft"});
      set_attribute(node, "alpha", 1.0F);
    }
  }

  Graph& graph_;
  const Plan& plan_;
  const std::vector<Affine>& affines_;
  std::map<std::size_t, Parameters> parameters_;
  std::map<std::uint8_t, std::string> pool_;
  std::map<std::string, std::string> u8_names_;
};

}  // namespace

std::vector<std::string> write_quantised(Graph& graph, const Plan& plan,
                                         const std::vector<Affine>& affines,
                                         const std::vector<NodeConstants>& constants,
                                         bool with_quick_gelu) {
  return Writer(graph, plan, affines).write(constants, with_quick_gelu);
}

}  // namespace tamis
