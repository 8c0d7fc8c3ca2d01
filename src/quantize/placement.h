#pragma once

#include "graph/graph.h"
#include "quantize/plan.h"
#include "quantize/quantize.h"

namespace tamis {

/// Whether a SiLU whose input is quantised becomes one com.microsoft.QuickGelu. ONNX Runtime is as
/// fast with Sigmoid and Mul in u8, which lose more (measured, bench/README.md); OpenVINO fuses
/// only the former into the convolution.
bool writes_quick_gelu(const QuantizeOptions& options);

/// Whether the height or width (or layout's other sides) of the model's one picture is open.
bool has_open_sides(const Graph& graph);

/// Given plan.compute, decides which values are quantised for the target, which share a scale, and
/// how movers are written: fills the plan's groups, group_of, movers and silus. Thread safe.
///
///   ort, portable  a Q on every convolution's own output (after a Relu or Clip that it absorbs),
///   around Add, Concat and pooling: each becomes an integer kernel. With open sides the portable
///   form has none on a convolution that float nodes alone read
///
///   openvino       a Q only where a convolution reads, pushed up through what moves data; SiLU,
///   Relu and Add stay free to be fused into the convolution
///
///   tensorrt       as openvino, with pairs around what moves data too, and on the residual input
///   of each Add (NVIDIA TensorRT documentation, "Q/DQ Layer-Placement Recommendations")
void place(const Graph& graph, const QuantizeOptions& options, Plan& plan);

}  // namespace tamis
