#pragma once

#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/tensor.h"

namespace tamis::fake {

/// What the fake backend reads of an ONNX file.
struct OnnxFile {
  std::vector<TensorInfo> inputs, outputs;  ///< initialisers are no inputs
  std::set<std::string> operators;          ///< of the main graph
};

/// Reads the few fields of ModelProto that are needed; nothing is checked beyond what reading them
/// takes. Throws corrupt_data naming the file.
/// Source: onnx.proto (field numbers), protobuf's encoding.
OnnxFile parse_onnx(std::span<const std::uint8_t> bytes, const std::string& file);

}  // namespace tamis::fake
