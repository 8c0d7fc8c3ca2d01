#include <onnx/defs/schema.h>
#include <onnx/version_converter/convert.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "base/error.h"
#include "graph/graph.h"
#include "graph/skeleton.h"

namespace tamis {
namespace {

ValueType value_type(const onnx::TypeProto& type) {
  ValueType out;
  if (!type.has_tensor_type()) return out;
  out.type = type.tensor_type().elem_type();
  if (!type.tensor_type().has_shape()) return out;
  out.shape.emplace();
  for (const auto& dim : type.tensor_type().shape().dim())
    out.shape->push_back(dim.has_dim_value() && dim.dim_value() >= 0
                             ? std::optional<std::int64_t>(dim.dim_value())
                             : std::nullopt);
  return out;
}

TensorInfo tensor_info(const std::string& source, const onnx::ValueInfoProto& info,
                       const std::optional<PartialShape>& inferred) {
  ValueType type = value_type(info.type());
  std::optional<DataType> ours = data_type(type.type);
  if (!ours)
    throw Error(ErrorCode::unsupported,
                "read " + source + ": \"" + info.name() + "\" is " +
                    (info.type().has_tensor_type() ? "a tensor of " + type_name(type.type)
                                                   : std::string("no tensor")) +
                    "; export the model with plain numeric tensors as inputs and outputs");
  if (!type.shape) type.shape = inferred;
  return {info.name(), *ours, type.shape.value_or(PartialShape())};
}

// What the version converter does not carry over.
void restore_frame(const onnx::ModelProto& before, onnx::ModelProto& after) {
  *after.mutable_metadata_props() = before.metadata_props();
  *after.mutable_functions() = before.functions();
  after.set_producer_name(before.producer_name());
  after.set_producer_version(before.producer_version());
  after.set_domain(before.domain());
  after.set_model_version(before.model_version());
  after.set_doc_string(before.doc_string());
  for (const auto& import : before.opset_import()) {
    bool there = std::any_of(after.opset_import().begin(), after.opset_import().end(),
                             [&](const auto& o) { return o.domain() == import.domain(); });
    if (!there && !import.domain().empty() && import.domain() != "ai.onnx")
      *after.add_opset_import() = import;
  }
  *after.mutable_graph()->mutable_input() = before.graph().input();
  *after.mutable_graph()->mutable_output() = before.graph().output();
}

// ONNX's versioning table: the first IR version that goes with each opset (docs/Versioning.md of
// ONNX).
int ir_version_for(int opset) {
  constexpr std::pair<int, int> kFirst[] = {{21, 10}, {19, 9}, {15, 8}, {12, 7},
                                            {11, 6},  {10, 5}, {9, 4}};
  for (auto [first, ir] : kFirst)
    if (opset >= first) return ir;
  return 3;
}

}  // namespace

std::vector<TensorInfo> Graph::inputs() const {
  std::vector<TensorInfo> all;
  for (const auto& input : graph().input())
    if (is_input(input.name())) all.push_back(tensor_info(source_, input, shape(input.name())));
  return all;
}

std::vector<TensorInfo> Graph::outputs() const {
  std::vector<TensorInfo> all;
  for (const auto& output : graph().output())
    all.push_back(tensor_info(source_, output, shape(output.name())));
  return all;
}

void Graph::infer_shapes() {
  onnx::ModelProto inferred = inferred_skeleton(model_, source_, Strictness::lenient);
  types_.clear();
  for (const auto* list :
       {&inferred.graph().value_info(), &inferred.graph().input(), &inferred.graph().output()})
    for (const auto& info : *list)
      if (info.type().has_tensor_type()) types_[info.name()] = value_type(info.type());
}

std::optional<PartialShape> Graph::shape(const std::string& value) const {
  auto found = types_.find(value);
  if (found != types_.end() && found->second.shape) return found->second.shape;
  if (const onnx::TensorProto* tensor = constant(value))
    return PartialShape(tensor->dims().begin(), tensor->dims().end());
  return std::nullopt;
}

std::optional<Shape> Graph::static_shape(const std::string& value) const {
  std::optional<PartialShape> partial = shape(value);
  if (!partial) return std::nullopt;
  Shape known;
  for (const auto& dim : *partial) {
    if (!dim) return std::nullopt;
    known.push_back(*dim);
  }
  return known;
}

std::optional<int> Graph::type(const std::string& value) const {
  auto found = types_.find(value);
  if (found != types_.end() && found->second.type != 0) return found->second.type;
  if (const onnx::TensorProto* tensor = constant(value)) return tensor->data_type();
  return std::nullopt;
}

void Graph::upgrade_opset(int version) {
  std::optional<int> current = opset();
  if (current && *current >= version) return;
  onnx::ModelProto upgraded;
  try {
    upgraded = onnx::version_conversion::ConvertVersion(model_, version);
  } catch (const std::exception& error) {
    throw Error(ErrorCode::unsupported,
                "upgrade " + source_ + " to opset " + std::to_string(version) + ": " +
                    one_line(error.what()) + "; export the model with opset " +
                    std::to_string(version) + " or later");
  }
  restore_frame(model_, upgraded);
  upgraded.set_ir_version(std::max<std::int64_t>(model_.ir_version(), ir_version_for(version)));
  *this = Graph(std::move(upgraded), source_);
}

}  // namespace tamis
