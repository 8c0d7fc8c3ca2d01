#pragma once

#include "graph/graph.h"
#include "quantize/quantize.h"

namespace tamis {

/// Dynamic INT8: each matrix product with constant weights is computed on 8-bit integers, its input
/// quantised at run time from the extremes of that very tensor. No calibration. Weights s8,
/// symmetric, one scale per column; activations u8 with zero point, per tensor.
///
///   before  y = a · W (+ b)               MatMul, Gemm (transB too); W [K, N] f32 constant
///   after   q, s, z = DynamicQuantizeLinear(a)
///           y = Cast(MatMulInteger(q, Wq, z)) · (s · s_W) (+ b)
///
/// Inputs that several products read are quantised once. ONNX Runtime fuses this to
/// com.microsoft.DynamicQuantizeMatMul or MatMulIntegerToFloat; the file holds standard operators
/// only. Convolutions stay in float: ConvInteger is slower than a float convolution. The opset is
/// raised to 13 where it is lower. Inputs and outputs keep name, type and shape. Throws unsupported
/// when there is no such product or the model is quantised already; the graph is then untouched.
/// Not thread safe for one graph. Source: ONNX's DynamicQuantizeLinear-11 and MatMulInteger-10.
QuantizeReport quantize_dynamic(Graph& graph);

}  // namespace tamis
