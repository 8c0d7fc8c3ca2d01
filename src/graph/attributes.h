#pragma once

#include <onnx/onnx_pb.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tamis {

/// Attributes of a node. Getters give absent when the node has no such attribute or one of another
/// kind. Thread safe on a const node.
const onnx::AttributeProto* find_attribute(const onnx::NodeProto& node, std::string_view name);
std::optional<std::int64_t> int_attribute(const onnx::NodeProto& node, std::string_view name);
std::optional<float> float_attribute(const onnx::NodeProto& node, std::string_view name);
std::optional<std::string> string_attribute(const onnx::NodeProto& node, std::string_view name);
std::optional<std::vector<std::int64_t>> ints_attribute(const onnx::NodeProto& node,
                                                        std::string_view name);
std::optional<std::vector<float>> floats_attribute(const onnx::NodeProto& node,
                                                   std::string_view name);

/// Adds or replaces.
void set_attribute(onnx::NodeProto& node, const std::string& name, std::int64_t value);
void set_attribute(onnx::NodeProto& node, const std::string& name, float value);
void set_attribute(onnx::NodeProto& node, const std::string& name, const std::string& value);
void set_attribute(onnx::NodeProto& node, const std::string& name,
                   const std::vector<std::int64_t>& values);
void set_attribute(onnx::NodeProto& node, const std::string& name,
                   const std::vector<float>& values);
void set_attribute(onnx::NodeProto& node, const std::string& name, onnx::TensorProto value);
void erase_attribute(onnx::NodeProto& node, std::string_view name);

/// Operator of ONNX's own domain ("" or "ai.onnx").
bool is_op(const onnx::NodeProto& node, std::string_view op_type);

}  // namespace tamis
