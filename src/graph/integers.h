#pragma once

#include <onnx/onnx_pb.h>

#include <map>
#include <string>

#include "graph/graph.h"

namespace tamis {

/// The int64 values of shape arithmetic that are constant although no tensor of the file says so:
/// what ONNX's data propagation finds (Shape, Gather, Concat, Add, …), and what follows from it and
/// from constants through ConstantOfShape, Concat, Reshape, Slice, Transpose and Cast (the chains
/// that PyTorch writes for F.pad), up to 4096 elements. Needs graph.infer_shapes() first. Value
/// name → int64 tensor of that name. Throws as infer_shapes(). Thread safe.
std::map<std::string, onnx::TensorProto> known_integers(const Graph& graph);

}  // namespace tamis
