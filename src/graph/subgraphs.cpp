#include "graph/subgraphs.h"

namespace tamis {
namespace {

void collect_free(const onnx::GraphProto& body, std::set<std::string>& needed) {
  std::set<std::string> made;
  for (const auto& input : body.input()) made.insert(input.name());
  for (const auto& tensor : body.initializer()) made.insert(tensor.name());
  for (const auto& tensor : body.sparse_initializer()) made.insert(tensor.values().name());
  std::set<std::string> inner;
  for (const auto& node : body.node()) {
    for (const std::string& value : needed_values(node)) inner.insert(value);
    for (const std::string& value : node.output()) made.insert(value);
  }
  for (const auto& output : body.output()) inner.insert(output.name());
  for (const std::string& value : inner)
    if (made.count(value) == 0) needed.insert(value);
}

std::size_t rename_in_body(onnx::GraphProto& body, const std::string& from, const std::string& to) {
  std::size_t count = 0;
  for (auto& node : *body.mutable_node()) count += rename_needed(node, from, to);
  for (auto& output : *body.mutable_output()) {
    if (output.name() != from) continue;
    output.set_name(to);
    ++count;
  }
  return count;
}

}  // namespace

void for_each_body(const onnx::NodeProto& node,
                   const std::function<void(const onnx::GraphProto&)>& visit) {
  for (const auto& attribute : node.attribute()) {
    if (attribute.has_g()) visit(attribute.g());
    for (const auto& body : attribute.graphs()) visit(body);
  }
}

std::set<std::string> needed_values(const onnx::NodeProto& node) {
  std::set<std::string> needed(node.input().begin(), node.input().end());
  for_each_body(node, [&](const onnx::GraphProto& body) { collect_free(body, needed); });
  needed.erase("");
  return needed;
}

std::size_t rename_needed(onnx::NodeProto& node, const std::string& from, const std::string& to) {
  std::size_t count = 0;
  for (std::string& input : *node.mutable_input()) {
    if (input != from) continue;
    input = to;
    ++count;
  }
  for (auto& attribute : *node.mutable_attribute()) {
    if (attribute.has_g()) count += rename_in_body(*attribute.mutable_g(), from, to);
    for (auto& body : *attribute.mutable_graphs()) count += rename_in_body(body, from, to);
  }
  return count;
}

}  // namespace tamis
