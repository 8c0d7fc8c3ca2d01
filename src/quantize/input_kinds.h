#pragma once

#include <onnx/onnx_pb.h>

#include <cstddef>
#include <string>

#include "graph/graph.h"
#include "quantize/quantize.h"

namespace tamis {

/// Throws unsupported where the graph, or a body of it, holds operators of quantisation: those of
/// ONNX (QuantizeLinear, QLinearConv, MatMulInteger, …) or of com.microsoft (MatMulNBits,
/// QLinear…). Thread safe.
void refuse_quantised(const Graph& graph);

/// Turns f16 and bf16 into f32: constants, Cast and what else names a type, inside of If, Loop and
/// Scan too. Graph inputs and outputs keep their type and get a Cast. Widening is exact; what the
/// model computes differs from the half-precision result by the rounding that is no longer done.
/// Returns the number of tensors and values turned; 0 leaves the graph as it was. Not thread safe
/// for one graph.
std::size_t convert_to_f32(Graph& graph);

/// What every form begins with: refuses what is quantised already, converts to f32, raises the
/// opset to 13 (the first with per-channel DequantizeLinear), sorts and infers shapes. Returns a
/// report that holds the notes. Not thread safe for one graph.
QuantizeReport prepare_for_quantising(Graph& graph);

/// Lets nodes that hold equal s8 weights of 1 KiB or more share them: one initializer that feeds
/// several convolutions is quantised once for each of them. Not thread safe for one graph.
void merge_equal_weights(Graph& graph);

/// For an If, Loop or Scan whose body multiplies tensors: the reason why that stays in float; else
/// "". Thread safe.
std::string reason_of_bodies(const onnx::NodeProto& node);

}  // namespace tamis
