#include "graph/selection.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "graph/subgraphs.h"

namespace tamis {
namespace {

/// Sorts or chooses by value.
bool selects(const onnx::NodeProto& node) {
  constexpr std::array<std::string_view, 3> kOperators{"TopK", "NonMaxSuppression", "NonZero"};
  const std::string& op = node.op_type();
  return std::find(kOperators.begin(), kOperators.end(), op) != kOperators.end() ||
         op.find("NMS") != std::string::npos || op.find("Detection") != std::string::npos;
}

/// Whether the value hangs on a node that selects.
bool is_selected(const Graph& graph, const std::string& value, std::set<std::string>& seen) {
  std::vector<std::string> waiting{value};
  while (!waiting.empty()) {
    const std::string name = waiting.back();
    waiting.pop_back();
    if (!seen.insert(name).second) continue;
    const onnx::NodeProto* node = graph.producer(name);
    if (node == nullptr) continue;
    if (selects(*node)) return true;
    for (const std::string& needed : needed_values(*node)) waiting.push_back(needed);
  }
  return false;
}

}  // namespace

std::set<std::string> outputs_in_any_order(const Graph& graph) {
  std::set<std::string> found;
  for (const onnx::ValueInfoProto& output : graph.graph().output()) {
    std::set<std::string> seen;
    if (is_selected(graph, output.name(), seen)) found.insert(output.name());
  }
  return found;
}

}  // namespace tamis
