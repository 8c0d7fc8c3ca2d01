#include "graph/held_inputs.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <vector>

#include "base/error.h"

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

/// The input's shape, with open dimensions as the number of values says.
Shape shape_for(const onnx::ValueInfoProto& input, std::size_t count) {
  Shape shape;
  std::optional<std::size_t> open;
  std::int64_t known = 1;
  for (const auto& dim : input.type().tensor_type().shape().dim()) {
    const bool fixed = dim.has_dim_value() && dim.dim_value() >= 0;
    const bool batch = !fixed && shape.empty();
    if (!fixed && !batch && open)
      fail(input.name(), "two of its dimensions are open; export the model with fixed ones");
    if (!fixed && !batch) open = shape.size();
    shape.push_back(fixed ? dim.dim_value() : 1);
    known *= shape.back();
  }
  if (open && count > 1)
    shape[*open] = static_cast<std::int64_t>(count) / std::max<std::int64_t>(known, 1);
  return shape;
}

template <typename T>
void append(std::string& raw, double value) {
  const T stored = static_cast<T>(value);
  raw.append(reinterpret_cast<const char*>(&stored), sizeof stored);
}

/// Whole numbers that the type can hold.
template <typename T>
void append_whole(const std::string& name, std::string& raw, const std::vector<double>& values) {
  for (const double value : values) {
    if (value != std::floor(value) ||
        value < static_cast<double>(std::numeric_limits<T>::lowest()) ||
        value > static_cast<double>(std::numeric_limits<T>::max()))
      fail(name, fmt::format("{} is not a value of its type; give whole numbers", value));
    append<T>(raw, value);
  }
}

onnx::TensorProto tensor_of(const onnx::ValueInfoProto& input, const Shape& shape,
                            const std::vector<double>& values) {
  using onnx::TensorProto;
  const int type = input.type().tensor_type().elem_type();
  if (type == TensorProto::FLOAT || type == TensorProto::DOUBLE || type == TensorProto::FLOAT16 ||
      type == TensorProto::BFLOAT16)
    return make_tensor(input.name(), type, shape, values);
  TensorProto tensor;
  tensor.set_name(input.name());
  tensor.set_data_type(type);
  for (const std::int64_t side : shape) tensor.add_dims(side);
  std::string& raw = *tensor.mutable_raw_data();
  switch (type) {
    case TensorProto::INT64:
      append_whole<std::int64_t>(input.name(), raw, values);
      break;
    case TensorProto::INT32:
      append_whole<std::int32_t>(input.name(), raw, values);
      break;
    case TensorProto::UINT8:
      append_whole<std::uint8_t>(input.name(), raw, values);
      break;
    case TensorProto::INT8:
      append_whole<std::int8_t>(input.name(), raw, values);
      break;
    case TensorProto::BOOL:
      append_whole<bool>(input.name(), raw, values);
      break;
    default:
      throw Error(ErrorCode::unsupported,
                  fmt::format("--hold-input {}: its type {} has no numbers that could be given",
                              input.name(), type_name(type)));
  }
  return tensor;
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

void hold(Graph& graph, const onnx::ValueInfoProto& input, std::vector<double> values) {
  if (!input.type().has_tensor_type()) fail(input.name(), "it is not a tensor");
  const std::string text = text_of(values);
  const Shape shape = shape_for(input, values.size());
  const auto count = static_cast<std::size_t>(element_count(shape));
  if (values.size() == 1) values.resize(count, values[0]);
  if (values.size() != count)
    fail(input.name(), fmt::format("it is {}, so that {} numbers are wanted, not {}",
                                   to_text(shape), count, values.size()));
  const std::string name = input.name();
  *graph.graph().add_initializer() = tensor_of(input, shape, values);
  auto& inputs = *graph.graph().mutable_input();
  for (int i = 0; i < inputs.size(); ++i)
    if (inputs.Get(i).name() == name) {
      inputs.DeleteSubrange(i, 1);
      break;
    }
  graph.reindex();
  graph.note(fmt::format("the input \"{}\" is held at {}", name, text));
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
