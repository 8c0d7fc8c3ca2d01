#include <algorithm>
#include <cassert>
#include <utility>

#include "base/error.h"
#include "graph/graph.h"
#include "graph/node_order.h"
#include "graph/subgraphs.h"

namespace tamis {
namespace {

std::string unique_in(std::unordered_set<std::string>& names, const std::string& hint) {
  std::string name = hint;
  for (int i = 1; name.empty() || names.count(name) != 0; ++i)
    name = hint + "_" + std::to_string(i);
  names.insert(name);
  return name;
}

template <typename T>
onnx::TensorProto raw_tensor(const std::string& name, int type, const Shape& shape,
                             std::span<const T> values) {
  assert(element_count(shape) == static_cast<std::int64_t>(values.size()));
  onnx::TensorProto tensor;
  tensor.set_name(name);
  tensor.set_data_type(type);
  for (std::int64_t dim : shape) tensor.add_dims(dim);
  tensor.mutable_raw_data()->assign(reinterpret_cast<const char*>(values.data()),
                                    values.size_bytes());
  return tensor;
}

// Erases the elements of a repeated field for which `drop` holds, in one sweep.
template <typename Field, typename Drop>
std::size_t erase_where(Field& field, Drop drop) {
  int kept = 0;
  for (int i = 0; i < field.size(); ++i) {
    if (drop(field.Get(i))) continue;
    if (i != kept) field.SwapElements(i, kept);
    ++kept;
  }
  int erased = field.size() - kept;
  if (erased > 0) field.DeleteSubrange(kept, erased);
  return static_cast<std::size_t>(erased);
}

}  // namespace

std::string Graph::unique_value_name(const std::string& hint) {
  return unique_in(value_names_, hint);
}

std::string Graph::unique_node_name(const std::string& hint) {
  return unique_in(node_names_, hint);
}

std::string Graph::add_initializer(const std::string& hint, const Shape& shape,
                                   std::span<const float> values) {
  return add_initializer(raw_tensor(hint, onnx::TensorProto::FLOAT, shape, values));
}
std::string Graph::add_initializer(const std::string& hint, const Shape& shape,
                                   std::span<const double> values) {
  return add_initializer(raw_tensor(hint, onnx::TensorProto::DOUBLE, shape, values));
}
std::string Graph::add_initializer(const std::string& hint, const Shape& shape,
                                   std::span<const std::int64_t> values) {
  return add_initializer(raw_tensor(hint, onnx::TensorProto::INT64, shape, values));
}
std::string Graph::add_initializer(const std::string& hint, const Shape& shape,
                                   std::span<const std::int32_t> values) {
  return add_initializer(raw_tensor(hint, onnx::TensorProto::INT32, shape, values));
}
std::string Graph::add_initializer(const std::string& hint, const Shape& shape,
                                   std::span<const std::int8_t> values) {
  return add_initializer(raw_tensor(hint, onnx::TensorProto::INT8, shape, values));
}
std::string Graph::add_initializer(const std::string& hint, const Shape& shape,
                                   std::span<const std::uint8_t> values) {
  return add_initializer(raw_tensor(hint, onnx::TensorProto::UINT8, shape, values));
}

std::string Graph::add_initializer(onnx::TensorProto tensor) {
  std::string name = unique_value_name(tensor.name().empty() ? "constant" : tensor.name());
  tensor.set_name(name);
  onnx::TensorProto& added = *graph().add_initializer();
  added = std::move(tensor);
  initializers_[name] = &added;
  return name;
}

void Graph::erase_initializer(const std::string& name) {
  initializers_.erase(name);
  erase_where(*graph().mutable_initializer(), [&](const auto& t) { return t.name() == name; });
}

onnx::NodeProto& Graph::add_node(const NodeSpec& spec) {
  onnx::NodeProto& node = *graph().add_node();
  node.set_op_type(spec.op_type);
  node.set_domain(spec.domain);
  node.set_name(unique_node_name(spec.name.empty() ? spec.op_type : spec.name));
  for (const std::string& input : spec.inputs) node.add_input(input);
  for (const std::string& output : spec.outputs) node.add_output(output);
  for (int i = 0; spec.outputs.empty() && i < spec.output_count; ++i)
    node.add_output(unique_value_name(node.name() + "_out"));
  index_node(node);
  return node;
}

void Graph::erase_node(const onnx::NodeProto& node) {
  unindex_node(node);
  auto& all = *graph().mutable_node();
  for (int i = 0; i < all.size(); ++i)
    if (&all.Get(i) == &node) return all.DeleteSubrange(i, 1);
}

void Graph::set_input(onnx::NodeProto& node, int index, const std::string& value) {
  std::string old = node.input(index);
  if (old == value) return;
  bool used_already = needed_values(node).count(value) != 0;
  node.set_input(index, value);
  if (needed_values(node).count(old) == 0) remove_use(old, node);
  if (!used_already && !value.empty()) consumers_[value].push_back(&node);
  value_names_.insert(value);
}

void Graph::add_input(onnx::NodeProto& node, const std::string& value) {
  node.add_input("");
  set_input(node, node.input_size() - 1, value);
}

void Graph::set_output(onnx::NodeProto& node, int index, const std::string& value) {
  auto found = producers_.find(node.output(index));
  if (found != producers_.end() && found->second == &node) producers_.erase(found);
  node.set_output(index, value);
  if (value.empty()) return;
  producers_[value] = &node;
  value_names_.insert(value);
}

std::size_t Graph::replace_uses(const std::string& from, const std::string& to,
                                const onnx::NodeProto* except) {
  if (from == to) return 0;
  std::size_t count = 0;
  for (onnx::NodeProto* node : consumers(from)) {
    if (node == except) continue;
    bool used_already = needed_values(*node).count(to) != 0;
    count += rename_needed(*node, from, to);
    remove_use(from, *node);
    if (!used_already) consumers_[to].push_back(node);
  }
  return count;
}

bool Graph::can_bypass(const onnx::NodeProto& node, int index) const {
  if (index >= node.input_size() || node.input(index).empty() || node.output_size() == 0)
    return false;
  for (int i = 1; i < node.output_size(); ++i)
    if (!node.output(i).empty() &&
        (is_output(node.output(i)) || consumers_.count(node.output(i)) != 0))
      return false;
  const std::string& value = node.input(index);
  return !is_output(node.output(0)) || (producer(value) != nullptr && !is_output(value));
}

void Graph::bypass(onnx::NodeProto& node, int index) {
  assert(can_bypass(node, index));
  std::string value = node.input(index);
  std::string result = node.output(0);
  bool was_output = is_output(result);
  onnx::NodeProto* maker = producer(value);
  erase_node(node);
  if (!was_output) {
    replace_uses(result, value);
    return;
  }
  for (int i = 0; i < maker->output_size(); ++i)
    if (maker->output(i) == value) set_output(*maker, i, result);
  replace_uses(value, result);
}

void Graph::add_output(const std::string& value) {
  onnx::ValueInfoProto& output = *graph().add_output();
  output.set_name(value);
  outputs_.insert(value);
  auto& tensor = *output.mutable_type()->mutable_tensor_type();
  if (auto known = type(value)) tensor.set_elem_type(*known);
  if (auto known = shape(value)) {
    auto& dims = *tensor.mutable_shape();
    for (const auto& dim : *known) {
      auto& added = *dims.add_dim();
      if (dim) added.set_dim_value(*dim);
    }
  }
}

void Graph::sort() {
  if (const onnx::NodeProto* node = sort_nodes(*graph().mutable_node()))
    throw Error(ErrorCode::corrupt_data,
                "sort " + source_ + ": " + describe(*node) + " needs its own result (a cycle)");
}

std::size_t Graph::remove_dead() {
  std::unordered_set<const onnx::NodeProto*> alive;
  std::vector<const onnx::NodeProto*> open;
  auto need = [&](const std::string& value) {
    const onnx::NodeProto* maker = producer(value);
    if (maker != nullptr && alive.insert(maker).second) open.push_back(maker);
  };
  for (const std::string& output : outputs_) need(output);
  while (!open.empty()) {
    const onnx::NodeProto* node = open.back();
    open.pop_back();
    for (const std::string& value : needed_values(*node)) need(value);
  }
  auto dead = [&](const onnx::NodeProto& node) { return alive.count(&node) == 0; };
  for (const onnx::NodeProto* node : nodes())
    if (dead(*node)) unindex_node(*node);
  std::size_t erased = erase_where(*graph().mutable_node(), dead);

  auto unused = [&](const onnx::TensorProto& tensor) {
    const std::string& name = tensor.name();
    return consumers_.count(name) == 0 && outputs_.count(name) == 0;
  };
  std::unordered_set<std::string> gone;
  for (const auto& tensor : graph().initializer())
    if (unused(tensor)) gone.insert(tensor.name());
  erased += erase_where(*graph().mutable_initializer(), unused);
  for (const std::string& name : gone) initializers_.erase(name);
  erase_where(*graph().mutable_value_info(),
              [&](const auto& info) { return producers_.count(info.name()) == 0; });
  erase_where(*graph().mutable_quantization_annotation(), [&](const auto& note) {
    return producers_.count(note.tensor_name()) == 0 &&
           initializers_.count(note.tensor_name()) == 0;
  });
  return erased;
}

}  // namespace tamis
