#pragma once

#include <onnx/onnx_pb.h>

#include <unordered_set>
#include <vector>

#include "graph/graph.h"
#include "quantize/roles.h"

namespace tamis {

/// The nodes after the last real convolution or matrix product of every branch: what leads to graph
/// outputs only. A convolution to one channel whose input comes from a Softmax (the expected value
/// of a detector's distance bins, DFL) is no real one, and part of it. Thread safe.
///
///   Conv → Sigmoid → out            {Sigmoid}
///   Conv → Softmax → Conv1 → … out  {Softmax, Conv1, …}
///   Conv → Relu → Conv → out        {}
std::unordered_set<const onnx::NodeProto*> output_tail(const Graph& graph);

}  // namespace tamis
