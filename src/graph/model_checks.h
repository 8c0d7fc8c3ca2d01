#pragma once

#include <onnx/onnx_pb.h>

#include <functional>
#include <string>

namespace tamis {

/// Calls `visit` for every tensor of a model: initializers, attributes, bodies and functions.
void for_each_tensor(onnx::ModelProto& model, const std::function<void(onnx::TensorProto&)>& visit);

/// Tensors hold what their shapes say, operators and opsets are known, and ONNX's checker agrees.
/// `operation` is the prefix of errors ("load x.onnx"). Throws corrupt_data or unsupported in one
/// line naming node and operator.
void check_model(const onnx::ModelProto& model, const std::string& operation);

}  // namespace tamis
