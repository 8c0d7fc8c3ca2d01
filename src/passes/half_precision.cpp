#include "passes/half_precision.h"

#include <onnx/defs/schema.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <string_view>
#include <vector>

#include "graph/attributes.h"
#include "graph/subgraphs.h"
#include "graph/tensor_data.h"

namespace tamis {
namespace {

constexpr double kHalfLeast = 6.104e-5;  // the least normal f16

/// Inputs and outputs of a node whose f32 becomes f16; empty reason: it can.
struct Slots {
  std::vector<int> inputs, outputs;
};

const onnx::OpSchema* schema_of(const Graph& graph, const onnx::NodeProto& node) {
  const std::optional<int> opset = graph.opset(node.domain());
  if (!opset) return nullptr;
  return onnx::OpSchemaRegistry::Schema(node.op_type(), *opset, node.domain());
}

bool takes_half(const onnx::OpSchema::FormalParameter& parameter) {
  for (const auto& type : parameter.GetTypes())
    if (*type == "tensor(float16)") return true;
  return false;
}

/// The formal parameter of a place; the last one repeats where it is variadic.
const onnx::OpSchema::FormalParameter& formal(
    const std::vector<onnx::OpSchema::FormalParameter>& all, int place) {
  return all[std::min(static_cast<std::size_t>(place), all.size() - 1)];
}

bool is_f32(const Graph& graph, const std::string& value) {
  if (value.empty()) return false;
  if (const onnx::TensorProto* constant = graph.constant(value))
    return constant->data_type() == onnx::TensorProto::FLOAT;
  return graph.type(value) == onnx::TensorProto::FLOAT;
}

/// ONNX lets some inputs of these have another float type than the result, and OpenVINO does not
/// load such a mix: all become f16 together. (Elsewhere they stay: a Resize's scales and a
/// GridSample's positions lose their meaning in f16, and nobody minds their type.)
bool takes_one_type(const onnx::NodeProto& node) {
  constexpr std::array<std::string_view, 4> kTypes{"BatchNormalization", "Pow", "RMSNormalization",
                                                   "Attention"};
  return std::any_of(kTypes.begin(), kTypes.end(),
                     [&](std::string_view type) { return is_op(node, type); });
}

bool is_quantising(const onnx::NodeProto& node) {
  return is_op(node, "QuantizeLinear") || is_op(node, "DequantizeLinear") ||
         is_op(node, "DynamicQuantizeLinear");
}

class Half {
 public:
  Half(Graph& graph, const std::map<std::string, double>& largest)
      : graph_(graph), largest_(largest) {}

  HalfPrecision run() {
    std::vector<std::pair<onnx::NodeProto*, Slots>> chosen;
    for (onnx::NodeProto* node : graph_.nodes()) {
      Slots slots;
      const std::string reason = look(*node, slots);
      if (reason.empty())
        chosen.emplace_back(node, slots);
      else if (reason != kNoFloat)
        result_.kept[describe(*node)] = reason;
    }
    for (const auto& [node, slots] : chosen)
      for (const int place : slots.outputs) outputs_.insert(node->output(place));
    for (const auto& [node, slots] : chosen) convert(*node, slots);
    result_.converted = chosen.size();
    graph_.sort();
    graph_.remove_dead();
    graph_.infer_shapes();
    return result_;
  }

 private:
  static constexpr const char* kNoFloat = "it computes nothing in f32";

  std::string look(const onnx::NodeProto& node, Slots& slots) const {
    if (is_op(node, "Constant")) return kNoFloat;
    const bool makes = std::any_of(node.output().begin(), node.output().end(),
                                   [&](const std::string& v) { return is_f32(graph_, v); });
    if (!makes) return kNoFloat;
    if (is_quantising(node)) return "it is quantised arithmetic";
    if (is_op(node, "Cast")) return "it says its type itself";
    bool has_body = false;
    for_each_body(node, [&](const onnx::GraphProto&) { has_body = true; });
    if (has_body) return "it has a body";
    const onnx::OpSchema* schema = schema_of(graph_, node);
    if (schema == nullptr || schema->inputs().empty()) return "its operator has no f16 form";
    std::set<std::string> types;
    for (int i = 0; i < node.output_size(); ++i) {
      if (!is_f32(graph_, node.output(i))) continue;
      const auto& parameter = formal(schema->outputs(), i);
      if (!takes_half(parameter)) return "its operator has no f16 form";
      types.insert(parameter.GetTypeStr());
      slots.outputs.push_back(i);
    }
    for (int i = 0; i < node.input_size(); ++i) {
      const auto& parameter = formal(schema->inputs(), i);
      const bool together = takes_one_type(node) && takes_half(parameter);
      if (is_f32(graph_, node.input(i)) && (together || types.count(parameter.GetTypeStr()) != 0))
        slots.inputs.push_back(i);
    }
    if (slots.inputs.empty()) return "its operator says its type itself";
    return values_reason(node, slots);
  }

  std::string values_reason(const onnx::NodeProto& node, const Slots& slots) const {
    bool only_quantised = true;
    for (const int place : slots.inputs) {
      const std::string& value = node.input(place);
      if (const onnx::TensorProto* constant = graph_.constant(value)) {
        if (!fits(*constant)) return "its constant \"" + value + "\" is beyond f16";
        only_quantised = false;
      } else {
        const onnx::NodeProto* before = graph_.producer(value);
        only_quantised = only_quantised && before != nullptr && is_op(*before, "DequantizeLinear");
        if (is_large(value)) return "its input \"" + value + "\" gets too large for f16";
      }
    }
    if (only_quantised) return "it is quantised arithmetic";
    for (const int place : slots.outputs)
      if (is_large(node.output(place)))
        return "its output \"" + node.output(place) + "\" gets too large for f16";
    return {};
  }

  bool is_large(const std::string& value) const {
    auto seen = largest_.find(value);
    return seen != largest_.end() && !(seen->second <= kHalfMost / kHalfMargin);
  }

  static bool fits(const onnx::TensorProto& tensor) {
    double most = 0;
    for (const float value : floats(tensor)) most = std::max(most, std::abs(double{value}));
    return most <= kHalfMost && (most == 0 || most >= kHalfLeast);
  }

  void convert(onnx::NodeProto& node, const Slots& slots) {
    for (const int place : slots.inputs) graph_.set_input(node, place, half_of(node.input(place)));
    for (const int place : slots.outputs) {
      const std::string value = node.output(place);
      graph_.set_output(node, place, half_of(value));
      // For whatever reads f32; without such a reader it is dead.
      cast(half_of(value), value, onnx::TensorProto::FLOAT);
    }
  }

  /// The f16 twin of a value: a converted constant, what a converted node makes, or a Cast.
  std::string half_of(const std::string& value) {
    auto [at, fresh] = halves_.try_emplace(value);
    if (!fresh) return at->second;
    std::string name = value + "_f16";
    if (const onnx::TensorProto* constant = graph_.constant(value)) {
      name = graph_.add_initializer(
          make_tensor(name, onnx::TensorProto::FLOAT16, shape_of(*constant), doubles(*constant)));
    } else {
      name = graph_.unique_value_name(name);
      if (outputs_.count(value) == 0) cast(value, name, onnx::TensorProto::FLOAT16);
    }
    return halves_[value] = name;
  }

  void cast(const std::string& from, const std::string& to, std::int64_t type) {
    onnx::NodeProto& node =
        graph_.add_node({"Cast", {from}, {to}, graph_.unique_node_name(to + "/Cast")});
    set_attribute(node, "to", type);
  }

  Graph& graph_;
  const std::map<std::string, double>& largest_;
  std::set<std::string> outputs_;  ///< of converted nodes
  std::map<std::string, std::string> halves_;
  HalfPrecision result_;
};

}  // namespace

HalfPrecision to_half_precision(Graph& graph, const std::map<std::string, double>& largest) {
  return Half(graph, largest).run();
}

}  // namespace tamis
