#pragma once

#include <onnx/onnx_pb.h>

#include <optional>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace tamis {

/// What a node is to the quantiser. All functions look only and are thread safe on a const graph
/// after infer_shapes().

/// A node whose multiplications can run in INT8: Conv, Gemm or MatMul with constant f32 weights.
struct ComputeNode {
  const onnx::NodeProto* node = nullptr;
  int activation = 0;       ///< input index
  int weights = 1;          ///< input index
  std::optional<int> bias;  ///< input index of a constant f32 bias with one value per channel
  int axis = 0;             ///< output channels of the weights
};

/// The node as a compute node; else absent, and `reason` says why where it multiplies tensors at
/// all.
std::optional<ComputeNode> as_compute(const Graph& graph, const onnx::NodeProto& node,
                                      std::string& reason);

/// y = x * Sigmoid(x), the Sigmoid used for nothing else.
struct Silu {
  const onnx::NodeProto* multiply = nullptr;
  const onnx::NodeProto* sigmoid = nullptr;
  std::string x;
  std::string y;
};
std::optional<Silu> as_silu(const Graph& graph, const onnx::NodeProto& multiply);

/// Moves elements and computes nothing: its outputs hold values of its data inputs only (Pad: and
/// zeros), so that they share a scale.
bool moves_data(const Graph& graph, const onnx::NodeProto& node);

/// Relu, or Clip from 0 on: what a QuantizeLinear with zero point 0 does by itself.
bool cuts_at_zero(const Graph& graph, const onnx::NodeProto& node);

/// The inputs of a mover, Concat, Add, pooling, Relu or Clip that hold activations; empty when an
/// operator or its operands do not fit (a constant operand).
std::vector<std::string> data_inputs(const Graph& graph, const onnx::NodeProto& node);

}  // namespace tamis
