#pragma once

#include "graph/graph.h"
#include "quantize/affine.h"

namespace tamis {

/// What TensorRT's explicit quantisation asks of scales, beside the placement (placement.h):
/// symmetric, s8, zero point 0. Until the graph is written that is u8 with the zero point 128,
/// which holds the same numbers; so calibration, ranges and writer need not know of it. Source:
/// NVIDIA TensorRT documentation, "Working with Quantized Types" (symmetric scheme, s8 in [-128,
/// 127]) and "Explicit Quantization" (Q/DQ of ONNX, zero point 0, weights per channel, bias not
/// quantised).

/// real = scale * (q - 128), the least scale that holds the range. Thread safe.
Affine symmetric_affine(const ValueRange& range);

/// Turns each Q/DQ pair with the u8 zero point 128 into one with the s8 zero point 0, exactly the
/// same in its numbers. Not thread safe for one graph.
void make_pairs_signed(Graph& graph);

}  // namespace tamis
