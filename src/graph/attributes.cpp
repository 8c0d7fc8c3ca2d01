#include "graph/attributes.h"

#include <utility>

namespace tamis {
namespace {

onnx::AttributeProto& fresh_attribute(onnx::NodeProto& node, const std::string& name,
                                      onnx::AttributeProto::AttributeType type) {
  erase_attribute(node, name);
  onnx::AttributeProto& attribute = *node.add_attribute();
  attribute.set_name(name);
  attribute.set_type(type);
  return attribute;
}

const onnx::AttributeProto* find_typed(const onnx::NodeProto& node, std::string_view name,
                                       onnx::AttributeProto::AttributeType type) {
  const onnx::AttributeProto* attribute = find_attribute(node, name);
  return attribute != nullptr && attribute->type() == type ? attribute : nullptr;
}

}  // namespace

const onnx::AttributeProto* find_attribute(const onnx::NodeProto& node, std::string_view name) {
  for (const onnx::AttributeProto& attribute : node.attribute())
    if (attribute.name() == name) return &attribute;
  return nullptr;
}

std::optional<std::int64_t> int_attribute(const onnx::NodeProto& node, std::string_view name) {
  const auto* attribute = find_typed(node, name, onnx::AttributeProto::INT);
  if (attribute == nullptr) return std::nullopt;
  return attribute->i();
}

std::optional<float> float_attribute(const onnx::NodeProto& node, std::string_view name) {
  const auto* attribute = find_typed(node, name, onnx::AttributeProto::FLOAT);
  if (attribute == nullptr) return std::nullopt;
  return attribute->f();
}

std::optional<std::string> string_attribute(const onnx::NodeProto& node, std::string_view name) {
  const auto* attribute = find_typed(node, name, onnx::AttributeProto::STRING);
  if (attribute == nullptr) return std::nullopt;
  return attribute->s();
}

std::optional<std::vector<std::int64_t>> ints_attribute(const onnx::NodeProto& node,
                                                        std::string_view name) {
  const auto* attribute = find_typed(node, name, onnx::AttributeProto::INTS);
  if (attribute == nullptr) return std::nullopt;
  return std::vector<std::int64_t>(attribute->ints().begin(), attribute->ints().end());
}

std::optional<std::vector<float>> floats_attribute(const onnx::NodeProto& node,
                                                   std::string_view name) {
  const auto* attribute = find_typed(node, name, onnx::AttributeProto::FLOATS);
  if (attribute == nullptr) return std::nullopt;
  return std::vector<float>(attribute->floats().begin(), attribute->floats().end());
}

void set_attribute(onnx::NodeProto& node, const std::string& name, std::int64_t value) {
  fresh_attribute(node, name, onnx::AttributeProto::INT).set_i(value);
}

void set_attribute(onnx::NodeProto& node, const std::string& name, float value) {
  fresh_attribute(node, name, onnx::AttributeProto::FLOAT).set_f(value);
}

void set_attribute(onnx::NodeProto& node, const std::string& name, const std::string& value) {
  fresh_attribute(node, name, onnx::AttributeProto::STRING).set_s(value);
}

void set_attribute(onnx::NodeProto& node, const std::string& name,
                   const std::vector<std::int64_t>& values) {
  auto& attribute = fresh_attribute(node, name, onnx::AttributeProto::INTS);
  attribute.mutable_ints()->Add(values.begin(), values.end());
}

void set_attribute(onnx::NodeProto& node, const std::string& name,
                   const std::vector<float>& values) {
  auto& attribute = fresh_attribute(node, name, onnx::AttributeProto::FLOATS);
  attribute.mutable_floats()->Add(values.begin(), values.end());
}

void set_attribute(onnx::NodeProto& node, const std::string& name, onnx::TensorProto value) {
  *fresh_attribute(node, name, onnx::AttributeProto::TENSOR).mutable_t() = std::move(value);
}

void erase_attribute(onnx::NodeProto& node, std::string_view name) {
  for (int i = 0; i < node.attribute_size(); ++i) {
    if (node.attribute(i).name() != name) continue;
    node.mutable_attribute()->DeleteSubrange(i, 1);
    return;
  }
}

bool is_op(const onnx::NodeProto& node, std::string_view op_type) {
  return node.op_type() == op_type && (node.domain().empty() || node.domain() == "ai.onnx");
}

}  // namespace tamis
