#include "quantize/input_kinds.h"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <utility>

#include "base/error.h"
#include "graph/subgraphs.h"
#include "graph/tensor_data.h"

namespace tamis {

namespace {

bool is_half(int type) {
  return type == onnx::TensorProto::FLOAT16 || type == onnx::TensorProto::BFLOAT16;
}

bool quantises(const onnx::NodeProto& node) {
  constexpr std::array<std::string_view, 9> kOperators{
      "QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear",
      "ConvInteger",    "MatMulInteger",    "MatMulNBits",
      "QGemm",          "QAttention",       "QMoE"};
  return std::find(kOperators.begin(), kOperators.end(), node.op_type()) != kOperators.end() ||
         node.op_type().rfind("QLinear", 0) == 0;
}

void for_each_node(const onnx::GraphProto& graph,
                   const std::function<void(const onnx::NodeProto&)>& visit) {
  for (const onnx::NodeProto& node : graph.node()) {
    visit(node);
    for_each_body(node, [&](const onnx::GraphProto& body) { for_each_node(body, visit); });
  }
}

/// Widens everything inside one graph, and in the bodies below it.
class Widener {
 public:
  std::size_t changed() const { return changed_; }

  void widen(onnx::GraphProto& graph) {
    for (onnx::TensorProto& tensor : *graph.mutable_initializer()) widen(tensor);
    for (onnx::NodeProto& node : *graph.mutable_node()) widen(node);
    auto* notes = graph.mutable_value_info();
    for (int i = notes->size() - 1; i >= 0; --i) widen(*notes->Mutable(i));
  }

  void widen(onnx::ValueInfoProto& value) {
    if (!value.type().has_tensor_type() || !is_half(value.type().tensor_type().elem_type())) return;
    value.mutable_type()->mutable_tensor_type()->set_elem_type(onnx::TensorProto::FLOAT);
    ++changed_;
  }

 private:
  void widen(onnx::TensorProto& tensor) {
    if (!is_half(tensor.data_type())) return;
    tensor =
        make_tensor(tensor.name(), onnx::TensorProto::FLOAT, shape_of(tensor), doubles(tensor));
    ++changed_;
  }

  void widen(onnx::NodeProto& node) {
    for (onnx::AttributeProto& attribute : *node.mutable_attribute()) {
      if (attribute.has_t()) widen(*attribute.mutable_t());
      const bool names_a_type = attribute.name() == "to" || attribute.name() == "dtype";
      if (names_a_type && is_half(static_cast<int>(attribute.i()))) {
        attribute.set_i(onnx::TensorProto::FLOAT);
        ++changed_;
      }
      if (!attribute.has_g()) continue;
      onnx::GraphProto& body = *attribute.mutable_g();
      widen(body);
      for (onnx::ValueInfoProto& value : *body.mutable_input()) widen(value);
      for (onnx::ValueInfoProto& value : *body.mutable_output()) widen(value);
    }
  }

  std::size_t changed_ = 0;
};

void add_cast(Graph& graph, const std::string& from, const std::string& to, int type) {
  onnx::NodeProto& cast =
      graph.add_node({"Cast", {from}, {to}, graph.unique_node_name(to + "/Cast")});
  set_attribute(cast, "to", std::int64_t{type});
}

int type_of(const onnx::ValueInfoProto& value) {
  return value.type().has_tensor_type() ? value.type().tensor_type().elem_type() : 0;
}

}  // namespace

void refuse_quantised(const Graph& graph) {
  std::map<std::string, std::size_t> counts;
  for_each_node(graph.graph(), [&](const onnx::NodeProto& node) {
    if (quantises(node)) ++counts[node.op_type()];
  });
  if (counts.empty()) return;
  std::string found;
  for (const auto& [name, count] : counts)
    found += (found.empty() ? "" : ", ") + std::to_string(count) + " " + name;
  throw Error(ErrorCode::unsupported, "quantize: " + graph.source() + " is quantised already: " +
                                          found + "; give the float model it was made from");
}

std::size_t convert_to_f32(Graph& graph) {
  std::vector<std::pair<std::string, int>> inputs;
  std::vector<std::pair<std::string, int>> outputs;
  for (const onnx::ValueInfoProto& value : graph.graph().input()) {
    if (graph.is_input(value.name()) && is_half(type_of(value)))
      inputs.emplace_back(value.name(), type_of(value));
  }
  for (const onnx::ValueInfoProto& value : graph.graph().output())
    if (is_half(type_of(value))) outputs.emplace_back(value.name(), type_of(value));

  Widener widener;
  widener.widen(graph.graph());
  // Initializers that are listed as inputs too, as older files do.
  for (onnx::ValueInfoProto& value : *graph.graph().mutable_input())
    if (!graph.is_input(value.name())) widener.widen(value);
  graph.reindex();
  for (const auto& [name, type] : inputs) {
    const std::string seen = graph.unique_value_name(name + "_f32");
    graph.replace_uses(name, seen);
    add_cast(graph, name, seen, onnx::TensorProto::FLOAT);
  }
  for (const auto& [name, type] : outputs) {
    onnx::NodeProto* producer = graph.producer(name);
    if (producer == nullptr) continue;  // an input handed through
    const std::string computed = graph.unique_value_name(name + "_f32");
    for (int i = 0; i < producer->output_size(); ++i)
      if (producer->output(i) == name) graph.set_output(*producer, i, computed);
    graph.replace_uses(name, computed);
    add_cast(graph, computed, name, type);
  }
  const std::size_t changed = widener.changed() + inputs.size() + outputs.size();
  if (changed == 0) return 0;
  graph.sort();
  return changed;
}

QuantizeReport prepare_for_quantising(Graph& graph) {
  refuse_quantised(graph);
  QuantizeReport report;
  if (const std::size_t changed = convert_to_f32(graph); changed != 0)
    report.notes.push_back("the model is in half precision: " + std::to_string(changed) +
                           " tensors were converted to f32 first");
  constexpr int kLeastOpset = 13;
  const int before = graph.opset().value_or(kLeastOpset);
  graph.upgrade_opset(kLeastOpset);
  if (before < kLeastOpset)
    report.notes.push_back("raised from opset " + std::to_string(before) + " to " +
                           std::to_string(kLeastOpset));
  graph.sort();
  graph.infer_shapes();
  return report;
}

void merge_equal_weights(Graph& graph) {
  constexpr std::size_t kWorthIt_bytes = 1024;
  std::map<std::string, std::string> first;
  std::vector<std::pair<std::string, std::string>> equal;
  for (const onnx::TensorProto& tensor : graph.graph().initializer()) {
    if (tensor.data_type() != onnx::TensorProto::INT8 || data_bytes(tensor) < kWorthIt_bytes)
      continue;
    onnx::TensorProto nameless = tensor;
    nameless.clear_name();
    const auto [at, fresh] = first.emplace(nameless.SerializeAsString(), tensor.name());
    if (!fresh) equal.emplace_back(tensor.name(), at->second);
  }
  for (const auto& [from, to] : equal) {
    graph.replace_uses(from, to);
    graph.erase_initializer(from);
  }
}

std::string reason_of_bodies(const onnx::NodeProto& node) {
  bool multiplies = false;
  for_each_body(node, [&](const onnx::GraphProto& body) {
    for_each_node(body, [&](const onnx::NodeProto& inner) {
      multiplies |= is_op(inner, "Conv") || is_op(inner, "MatMul") || is_op(inner, "Gemm");
    });
  });
  return multiplies ? "the body of " + node.op_type() + " is left in float" : "";
}

}  // namespace tamis
