#include "graph/held_inputs.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/held_tensor.h"
#include "graph/tensor_data.h"

namespace tamis {
namespace {

constexpr const char* kHeldMetadata = "tamis.held_inputs";  // "NAME=VALUES;NAME=VALUES"

[[noreturn]] void fail(const std::string& name, const std::string& problem) {
  throw Error(ErrorCode::invalid_argument, "--hold-input " + name + ": " + problem);
}

std::string text_of(const std::vector<double>& numbers) {
  return fmt::format("{}", fmt::join(numbers, ","));
}

onnx::ValueInfoProto* find_input(Graph& graph, const std::string& name) {
  for (auto& input : *graph.graph().mutable_input())
    if (input.name() == name) return &input;
  return nullptr;
}

std::string names_of(const Graph& graph) {
  std::vector<std::string> names;
  for (const auto& input : graph.graph().input()) names.push_back(input.name());
  return fmt::format("{}", fmt::join(names, ", "));
}

TensorInfo info_of(const onnx::ValueInfoProto& input) {
  const auto& tensor = input.type().tensor_type();
  const std::optional<DataType> type = data_type(tensor.elem_type());
  if (!type)
    throw Error(ErrorCode::unsupported,
                fmt::format("--hold-input {}: its type {} has no numbers that could be given",
                            input.name(), type_name(tensor.elem_type())));
  TensorInfo info{input.name(), *type, {}};
  for (const auto& dim : tensor.shape().dim()) {
    const bool fixed = dim.has_dim_value() && dim.dim_value() >= 0;
    info.shape.push_back(fixed ? std::optional(dim.dim_value()) : std::nullopt);
  }
  return info;
}

std::string without_spaces(std::string_view text) {
  std::string all(text);
  all.erase(std::remove(all.begin(), all.end(), ' '), all.end());
  return all;
}

/// What earlier calls have held, by name.
std::map<std::string, std::string> held_already(const Graph& graph) {
  std::map<std::string, std::string> held;
  const auto metadata = graph.metadata();
  const auto known = metadata.find(kHeldMetadata);
  if (known == metadata.end()) return held;
  std::string_view rest = known->second;
  while (!rest.empty()) {
    const std::string_view one = rest.substr(0, rest.find(';'));
    rest.remove_prefix(std::min(rest.size(), one.size() + 1));
    if (const std::size_t equals = one.find('='); equals != one.npos)
      held.emplace(one.substr(0, equals), without_spaces(one.substr(equals + 1)));
  }
  return held;
}

void hold(Graph& graph, const onnx::ValueInfoProto& input, const std::vector<double>& values) {
  if (!input.type().has_tensor_type()) fail(input.name(), "it is not a tensor");
  const std::string name = input.name();
  *graph.graph().add_initializer() = to_proto(held_tensor(info_of(input), values), name);
  auto& inputs = *graph.graph().mutable_input();
  for (int i = 0; i < inputs.size(); ++i)
    if (inputs.Get(i).name() == name) {
      inputs.DeleteSubrange(i, 1);
      break;
    }
  graph.reindex();
  graph.note(fmt::format("the input \"{}\" is held at {}", name, text_of(values)));
}

}  // namespace

bool hold_inputs(Graph& graph, const std::map<std::string, std::vector<double>>& values) {
  auto held = held_already(graph);
  bool changed = false;
  for (const auto& [name, numbers] : values) {
    const std::string text = text_of(numbers);
    if (auto known = held.find(name); known != held.end() && known->second == text) continue;
    const onnx::ValueInfoProto* input = find_input(graph, name);
    if (input == nullptr && held.count(name) != 0)
      fail(name, fmt::format("the model holds it at {} already; leave it out", held.at(name)));
    if (input == nullptr)
      fail(name, fmt::format("the model has no such input; it has {}", names_of(graph)));
    if (graph.graph().input_size() == 1)
      fail(name, "it is the model's only input, the image's; leave it out");
    hold(graph, *input, numbers);
    held[name] = text;
    changed = true;
  }
  if (!changed) return false;
  std::string all;
  for (const auto& [name, text] : held) all += (all.empty() ? "" : ";") + name + "=" + text;
  graph.set_metadata(kHeldMetadata, all);
  return true;
}

}  // namespace tamis
