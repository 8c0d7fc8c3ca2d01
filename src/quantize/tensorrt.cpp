#include "quantize/tensorrt.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

namespace tamis {

Affine symmetric_affine(const ValueRange& range) {
  constexpr double kMost = 127;
  const double scale = std::max(std::abs(range.low), std::abs(range.high)) / kMost;
  if (!(scale > std::numeric_limits<float>::min())) return {1.0F, 128};
  return {static_cast<float>(scale), 128};
}

void make_pairs_signed(Graph& graph) {
  std::set<std::string> zero_points;
  for (const onnx::NodeProto* node : graph.nodes()) {
    if (!is_op(*node, "QuantizeLinear") && !is_op(*node, "DequantizeLinear")) continue;
    const onnx::TensorProto* zero = graph.initializer(node->input(2));
    if (zero != nullptr && zero->data_type() == onnx::TensorProto::UINT8)
      zero_points.insert(node->input(2));
  }
  const std::int8_t zero = 0;
  for (const std::string& name : zero_points) {
    const std::string made = graph.add_initializer(name + "_s8", {}, std::span(&zero, 1));
    graph.replace_uses(name, made);
    graph.erase_initializer(name);
  }
}

}  // namespace tamis
