#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/tensor.h"

namespace tamis {

/// A tensor's values as doubles, whatever its type.
struct TinyTensor {
  DataType type;
  Shape shape;
  std::vector<double> values;
};

/// An ONNX model with inputs and the outputs that onnx.reference gives
/// (scripts/make_tiny_models.py).
struct TinyModel {
  std::string name;
  std::span<const std::uint8_t> bytes;
  std::vector<TinyTensor> inputs, outputs;
};

std::vector<TinyModel> tiny_models();

}  // namespace tamis
