#include <algorithm>
#include <utility>

#include "graph/graph.h"
#include "graph/subgraphs.h"

namespace tamis {
namespace {

template <typename T>
const T* lookup(const std::unordered_map<std::string, T*>& map, const std::string& name) {
  auto found = map.find(name);
  return found == map.end() ? nullptr : found->second;
}

}  // namespace

void Graph::reindex() {
  producers_.clear();
  consumers_.clear();
  initializers_.clear();
  inputs_.clear();
  outputs_.clear();
  value_names_.clear();
  node_names_.clear();
  types_.clear();
  onnx::GraphProto& g = *model_.mutable_graph();
  for (auto& tensor : *g.mutable_initializer()) initializers_[tensor.name()] = &tensor;
  for (const auto& tensor : g.initializer()) value_names_.insert(tensor.name());
  for (const auto& tensor : g.sparse_initializer()) value_names_.insert(tensor.values().name());
  for (const auto& input : g.input()) {
    value_names_.insert(input.name());
    if (initializers_.count(input.name()) == 0) inputs_.insert(input.name());
  }
  for (const auto& output : g.output()) outputs_.insert(output.name());
  for (auto& node : *g.mutable_node()) index_node(node);
}

void Graph::index_node(onnx::NodeProto& node) {
  if (!node.name().empty()) node_names_.insert(node.name());
  for (const std::string& value : needed_values(node)) {
    consumers_[value].push_back(&node);
    value_names_.insert(value);
  }
  for (const std::string& value : node.output()) {
    if (value.empty()) continue;
    producers_[value] = &node;
    value_names_.insert(value);
  }
  for_each_body(node, [&](const onnx::GraphProto& body) {
    for (const auto& inner : body.node())
      for (const std::string& value : inner.output()) value_names_.insert(value);
  });
}

void Graph::unindex_node(const onnx::NodeProto& node) {
  for (const std::string& value : needed_values(node)) remove_use(value, node);
  for (const std::string& value : node.output()) {
    auto found = producers_.find(value);
    if (found != producers_.end() && found->second == &node) producers_.erase(found);
  }
}

void Graph::remove_use(const std::string& value, const onnx::NodeProto& node) {
  auto found = consumers_.find(value);
  if (found == consumers_.end()) return;
  std::erase(found->second, &node);
  if (found->second.empty()) consumers_.erase(found);
}

std::vector<const onnx::NodeProto*> Graph::nodes() const {
  std::vector<const onnx::NodeProto*> all;
  for (const auto& node : model_.graph().node()) all.push_back(&node);
  return all;
}

std::vector<onnx::NodeProto*> Graph::nodes() {
  std::vector<onnx::NodeProto*> all;
  for (auto& node : *graph().mutable_node()) all.push_back(&node);
  return all;
}

std::vector<const onnx::NodeProto*> Graph::nodes_of(std::string_view op_type) const {
  auto all = nodes();
  std::erase_if(all, [&](const onnx::NodeProto* node) { return !is_op(*node, op_type); });
  return all;
}

std::vector<onnx::NodeProto*> Graph::nodes_of(std::string_view op_type) {
  auto all = nodes();
  std::erase_if(all, [&](const onnx::NodeProto* node) { return !is_op(*node, op_type); });
  return all;
}

const onnx::NodeProto* Graph::producer(const std::string& value) const {
  return lookup(producers_, value);
}

onnx::NodeProto* Graph::producer(const std::string& value) {
  auto found = producers_.find(value);
  return found == producers_.end() ? nullptr : found->second;
}

std::vector<const onnx::NodeProto*> Graph::consumers(const std::string& value) const {
  auto found = consumers_.find(value);
  if (found == consumers_.end()) return {};
  return {found->second.begin(), found->second.end()};
}

std::vector<onnx::NodeProto*> Graph::consumers(const std::string& value) {
  auto found = consumers_.find(value);
  return found == consumers_.end() ? std::vector<onnx::NodeProto*>() : found->second;
}

const onnx::NodeProto* Graph::only_consumer(const std::string& value) const {
  auto found = consumers_.find(value);
  if (is_output(value) || found == consumers_.end() || found->second.size() != 1) return nullptr;
  return found->second.front();
}

onnx::NodeProto* Graph::only_consumer(const std::string& value) {
  auto found = consumers_.find(value);
  if (is_output(value) || found == consumers_.end() || found->second.size() != 1) return nullptr;
  return found->second.front();
}

const onnx::TensorProto* Graph::constant(const std::string& value) const {
  if (const auto* tensor = lookup(initializers_, value)) return tensor;
  const onnx::NodeProto* node = producer(value);
  if (node == nullptr || !is_op(*node, "Constant")) return nullptr;
  const onnx::AttributeProto* attribute = find_attribute(*node, "value");
  return attribute != nullptr && attribute->has_t() ? &attribute->t() : nullptr;
}

const onnx::TensorProto* Graph::initializer(const std::string& name) const {
  return lookup(initializers_, name);
}

onnx::TensorProto* Graph::initializer(const std::string& name) {
  auto found = initializers_.find(name);
  return found == initializers_.end() ? nullptr : found->second;
}

}  // namespace tamis
