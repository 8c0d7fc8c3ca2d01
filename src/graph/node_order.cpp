#include "graph/node_order.h"

#include <algorithm>
#include <functional>
#include <queue>
#include <string>
#include <unordered_map>
#include <vector>

#include "graph/subgraphs.h"

namespace tamis {
namespace {

void sort_bodies(NodeList& nodes);

void sort_graph(onnx::GraphProto& graph) {
  sort_nodes(*graph.mutable_node());
  sort_bodies(*graph.mutable_node());
}

void sort_bodies(NodeList& nodes) {
  for (auto& node : nodes)
    for (auto& attribute : *node.mutable_attribute()) {
      if (attribute.has_g()) sort_graph(*attribute.mutable_g());
      for (auto& body : *attribute.mutable_graphs()) sort_graph(body);
    }
}

/// Who waits for whom, by place in the list.
struct Waiting {
  std::vector<int> missing;                 ///< how many makers a node waits for
  std::vector<std::vector<int>> followers;  ///< who waits for a node
};

Waiting waiting_in(const NodeList& nodes) {
  std::unordered_map<std::string, int> maker;
  for (int i = 0; i < nodes.size(); ++i)
    for (const std::string& value : nodes.Get(i).output()) maker[value] = i;
  Waiting waiting;
  waiting.missing.resize(static_cast<std::size_t>(nodes.size()));
  waiting.followers.resize(waiting.missing.size());
  for (int i = 0; i < nodes.size(); ++i)
    for (const std::string& value : needed_values(nodes.Get(i))) {
      auto made = maker.find(value);
      if (made == maker.end()) continue;
      waiting.followers[static_cast<std::size_t>(made->second)].push_back(i);
      ++waiting.missing[static_cast<std::size_t>(i)];
    }
  return waiting;
}

}  // namespace

const onnx::NodeProto* sort_nodes(NodeList& nodes) {
  Waiting waiting = waiting_in(nodes);
  std::priority_queue<int, std::vector<int>, std::greater<>> ready;
  for (int i = 0; i < nodes.size(); ++i)
    if (waiting.missing[static_cast<std::size_t>(i)] == 0) ready.push(i);
  std::vector<onnx::NodeProto*> sorted;
  while (!ready.empty()) {
    const int next = ready.top();
    ready.pop();
    sorted.push_back(nodes.Mutable(next));
    for (int follower : waiting.followers[static_cast<std::size_t>(next)])
      if (--waiting.missing[static_cast<std::size_t>(follower)] == 0) ready.push(follower);
  }
  for (int i = 0; i < nodes.size(); ++i)
    if (waiting.missing[static_cast<std::size_t>(i)] != 0) return &nodes.Get(i);
  std::copy(sorted.begin(), sorted.end(), nodes.pointer_begin());
  return nullptr;
}

void sort_all_nodes(onnx::ModelProto& model) {
  if (model.has_graph()) sort_graph(*model.mutable_graph());
  for (auto& function : *model.mutable_functions()) {
    sort_nodes(*function.mutable_node());
    sort_bodies(*function.mutable_node());
  }
}

}  // namespace tamis
