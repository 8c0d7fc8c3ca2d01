#include "graph/memory_need.h"

#include <algorithm>
#include <array>
#include <limits>
#include <set>
#include <string_view>

#include "graph/attributes.h"
#include "graph/tensor_data.h"

namespace tamis {
namespace {

constexpr std::array<std::string_view, 10> kCounted{
    "Conv",   "ConvTranspose", "QLinearConv", "MaxPool", "AveragePool",
    "Resize", "Upsample",      "Expand",      "Tile",    "ConstantOfShape"};

std::uint64_t sum(std::uint64_t a, std::uint64_t b) {
  return a > std::numeric_limits<std::uint64_t>::max() - b
             ? std::numeric_limits<std::uint64_t>::max()
             : a + b;
}

bool is_float(DataType type) {
  return type == DataType::f32 || type == DataType::f64 || type == DataType::f16;
}

bool quantises(const Graph& graph) {
  return !graph.nodes_of("QuantizeLinear").empty() ||
         !graph.nodes_of("DynamicQuantizeLinear").empty();
}

/// Runtimes leave out what nobody reads, or asks only for its shape.
bool is_read(const Graph& graph, const std::string& value) {
  if (graph.is_output(value)) return true;
  const auto readers = graph.consumers(value);
  return std::any_of(readers.begin(), readers.end(), [](const onnx::NodeProto* node) {
    return !is_op(*node, "Shape") && !is_op(*node, "Size");
  });
}

class Sizes {
 public:
  explicit Sizes(const Graph& graph) : graph_(graph), quantised_(quantises(graph)) {}

  /// As the caller holds it; 0 where that is not known.
  std::uint64_t of_port(const std::string& value) const { return of(value, false); }

  /// What the layer holds beside weights and the graph's own inputs and outputs.
  std::uint64_t of_layer(const onnx::NodeProto& node) const {
    std::set<std::string> values(node.input().begin(), node.input().end());
    values.insert(node.output().begin(), node.output().end());
    std::uint64_t bytes = 0;
    for (const std::string& value : values)
      if (!value.empty() && !graph_.is_constant(value) && !graph_.is_input(value) &&
          !graph_.is_output(value))
        bytes = sum(bytes, of(value, quantised_));
    return bytes;
  }

 private:
  std::uint64_t of(const std::string& value, bool quantised) const {
    const auto shape = graph_.static_shape(value);
    const auto type = data_type(graph_.type(value).value_or(0));
    if (!shape || !type) return 0;
    if (std::any_of(shape->begin(), shape->end(), [](std::int64_t d) { return d < 0; })) return 0;
    const auto count = find_element_count(*shape);
    if (!count) return std::numeric_limits<std::uint64_t>::max();  // more than can be counted
    return static_cast<std::uint64_t>(*count) *
           (quantised && is_float(*type) ? 1 : byte_size(*type));
  }

  const Graph& graph_;
  bool quantised_;
};

}  // namespace

MemoryNeed least_memory(const Graph& graph) {
  const Sizes sizes(graph);
  MemoryNeed need;
  std::uint64_t most = 0;
  for (const onnx::NodeProto* node : graph.nodes()) {
    const bool counted = std::any_of(kCounted.begin(), kCounted.end(),
                                     [&](std::string_view type) { return is_op(*node, type); });
    if (!counted || !is_read(graph, node->output(0))) continue;
    const std::uint64_t bytes = sizes.of_layer(*node);
    if (bytes <= most) continue;
    most = bytes;
    need.layer = describe(*node);
  }
  need.bytes = most;
  for (const auto& tensor : graph.graph().initializer())
    need.bytes = sum(need.bytes, data_bytes(tensor));
  for (const auto& input : graph.graph().input())
    if (graph.is_input(input.name())) need.bytes = sum(need.bytes, sizes.of_port(input.name()));
  for (const auto& output : graph.graph().output())
    need.bytes = sum(need.bytes, sizes.of_port(output.name()));
  return need;
}

}  // namespace tamis
