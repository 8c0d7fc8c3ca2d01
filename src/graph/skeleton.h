#pragma once

#include <onnx/onnx_pb.h>
#include <onnx/shape_inference/implementation.h>

#include <string>
#include <string_view>

namespace tamis {

/// lenient: what cannot be inferred stays unknown; strict: an operator that contradicts its inputs
/// is an error.
enum class Strictness { lenient, strict };

/// A copy of the model after ONNX's shape inference (with the values of shape arithmetic where
/// may_propagate_values()), without the data of large float initializers
/// (inference does not look at them). `source` names the model in errors; `data`, when given, gets
/// the values of shape arithmetic. Throws corrupt_data naming node and operator.
onnx::ModelProto inferred_skeleton(const onnx::ModelProto& model, const std::string& source,
                                   Strictness strictness,
                                   onnx::shape_inference::DataValueMap* data = nullptr);

/// A vendor's message on one line, without doubled spaces, at most 400 characters.
std::string one_line(std::string_view text);

}  // namespace tamis
