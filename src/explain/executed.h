#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "explain/profile.h"
#include "graph/graph.h"

namespace tamis {

/// A model as a runtime executed it, beside the file's graph. A node is known by its first output.
struct Executed {
  std::vector<Layer> layers;                    ///< in the runtime's order
  std::map<std::string, std::size_t> layer_of;  ///< node → layer; Q, DQ and folded ones may lack
  /// Tensors of the file that go from one compute layer to another, through Q/DQ.
  std::vector<std::pair<std::size_t, std::size_t>> flow;

  double total_us() const;  ///< sum of the layers' medians
};

/// Of the interval of a layer's time. High, since a hundred layers are compared at once.
inline constexpr double kLayerConfidence = 0.999;

/// Time of several layers together: the median over the runs of their sum, with its interval (the
/// extremes where the runs are too few for one). Zero for no layers.
struct LayerTime {
  double us = 0, low = 0, high = 0;
};
LayerTime time_together(const Executed& run, const std::vector<std::size_t>& layers);

/// Finds which nodes of the file each layer executes: by the names in the profile, then nodes that
/// no layer names are taken to be fused with their neighbours. Marks transposes and casts that the
/// file does not have as inserted by the runtime, and completes conversions' precisions.
Executed map_to_graph(const Graph& graph, std::vector<Layer> layers);

bool is_quantise(const onnx::NodeProto& node);
bool is_dequantise(const onnx::NodeProto& node);

/// The node that makes the value, Q and DQ passed over; null for inputs and constants.
const onnx::NodeProto* source_of(const Graph& graph, const std::string& value);

/// The value as its consumers see it: behind the Q/DQ pair (of an integer: the DQ) that follows it,
/// else itself.
std::string dequantised(const Graph& graph, const std::string& value);

/// A convolution or matrix product whose data input (and weights) come from DequantizeLinear: the
/// file wants it in INT8.
bool wants_int8(const Graph& graph, const onnx::NodeProto& node);
bool is_heavy(const onnx::NodeProto& node);  ///< Conv, ConvTranspose, Gemm, MatMul

}  // namespace tamis
