#pragma once

#include <onnx/onnx_pb.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/half.h"
#include "base/tensor.h"

namespace tamis {

/// Reading and making ONNX tensors, whichever of its encodings (raw bytes or typed fields) is used.
/// Pure functions, thread safe.

Shape shape_of(const onnx::TensorProto& tensor);

/// The elements as numbers: from f32, f64, f16, bf16, bool and all integers up to 64 bits. Throws
/// unsupported for other types (strings, 4-bit, float8) and corrupt_data when the number of
/// elements and the shape disagree, naming the tensor.
std::vector<float> floats(const onnx::TensorProto& tensor);
std::vector<double> doubles(const onnx::TensorProto& tensor);
/// From integer types and bool only.
std::vector<std::int64_t> ints(const onnx::TensorProto& tensor);

/// The one element of a tensor with exactly one, whatever its rank; absent otherwise.
std::optional<double> scalar(const onnx::TensorProto& tensor);

/// Holds the tensor's elements as raw data.
onnx::TensorProto to_proto(const Tensor& tensor, const std::string& name);

/// onnx::TensorProto_DataType ↔ DataType; absent where there is no counterpart.
std::optional<DataType> data_type(int onnx_type);
int onnx_type(DataType type);

/// "float", "int64", … for messages.
std::string type_name(int onnx_type);

/// Makes a tensor of the type `onnx_type` (f32, f64, f16, bf16) from values, each rounded once to
/// the nearest, raw encoding.
onnx::TensorProto make_tensor(const std::string& name, int onnx_type, const Shape& shape,
                              const std::vector<double>& values);

/// Bytes of the elements as stored in raw form; 0 for types without a fixed size.
std::size_t data_bytes(const onnx::TensorProto& tensor);

}  // namespace tamis
