#include "graph/integers.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "graph/skeleton.h"

namespace tamis {
namespace {

constexpr std::int64_t kMaxElements = 4096;
constexpr std::size_t kMaxElementsInAll = 4 << 20;  // a small file can ask for many copies

struct Integers {
  Shape shape;
  std::vector<std::int64_t> values;
};
using MaybeIntegers = std::optional<Integers>;

bool is_small(const Shape& shape) {
  std::int64_t count = 1;
  for (std::int64_t dim : shape) {
    if (dim < 0 || dim > kMaxElements) return false;
    count *= dim;
    if (count > kMaxElements) return false;
  }
  return true;
}

std::vector<std::int64_t> strides_of(const Shape& shape) {
  std::vector<std::int64_t> strides(shape.size(), 1);
  for (std::size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
  return strides;
}

// Reads `source` at start + Σ index·step for every index of `shape`, outermost first; absent where
// one lies outside.
MaybeIntegers gather_strided(const Integers& source, Shape shape, std::int64_t start,
                             const std::vector<std::int64_t>& steps) {
  Integers out{std::move(shape), {}};
  std::vector<std::int64_t> index(out.shape.size(), 0);
  for (std::int64_t n = element_count(out.shape); n > 0; --n) {
    std::int64_t at = start;
    for (std::size_t d = 0; d < index.size(); ++d) at += index[d] * steps[d];
    if (at < 0 || at >= static_cast<std::int64_t>(source.values.size())) return std::nullopt;
    out.values.push_back(source.values[static_cast<std::size_t>(at)]);
    for (std::size_t d = index.size(); d-- > 0;) {
      if (++index[d] < out.shape[d]) break;
      index[d] = 0;
    }
  }
  return out;
}

MaybeIntegers constant_of_shape(const onnx::NodeProto& node, const Integers& shape) {
  const onnx::AttributeProto* value = find_attribute(node, "value");
  if (value == nullptr || value->t().data_type() != onnx::TensorProto::INT64 ||
      !is_small(shape.values))
    return std::nullopt;
  std::vector<std::int64_t> filler = ints(value->t());
  if (filler.size() != 1) return std::nullopt;
  return Integers{
      shape.values,
      std::vector<std::int64_t>(static_cast<std::size_t>(element_count(shape.values)), filler[0])};
}

MaybeIntegers concat(const std::vector<Integers>& inputs) {
  Integers out{{0}, {}};
  for (const Integers& input : inputs) {
    if (input.shape.size() != 1 ||
        out.values.size() + input.values.size() > static_cast<std::size_t>(kMaxElements))
      return std::nullopt;
    out.values.insert(out.values.end(), input.values.begin(), input.values.end());
  }
  out.shape[0] = static_cast<std::int64_t>(out.values.size());
  return out;
}

MaybeIntegers reshape(const Integers& data, const Integers& wanted) {
  Shape shape = wanted.values;
  std::int64_t known = 1;
  std::optional<std::size_t> open;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 0 && i < data.shape.size()) shape[i] = data.shape[i];
    if (shape[i] == -1 && !open)
      open = i;
    else if (shape[i] <= 0 || shape[i] > kMaxElements)
      return std::nullopt;
    else
      known *= shape[i];
    if (known > kMaxElements) return std::nullopt;
  }
  auto count = static_cast<std::int64_t>(data.values.size());
  if (open) shape[*open] = count / known;
  if (!is_small(shape) || element_count(shape) != count) return std::nullopt;
  return Integers{std::move(shape), data.values};
}

MaybeIntegers transpose(const onnx::NodeProto& node, const Integers& data) {
  std::vector<std::int64_t> strides = strides_of(data.shape);
  std::vector<std::int64_t> order(data.shape.size());
  for (std::size_t i = 0; i < order.size(); ++i)
    order[i] = static_cast<std::int64_t>(order.size() - 1 - i);
  order = ints_attribute(node, "perm").value_or(order);
  if (order.size() != data.shape.size()) return std::nullopt;
  std::vector<std::int64_t> sorted = order;
  std::sort(sorted.begin(), sorted.end());
  for (std::size_t i = 0; i < sorted.size(); ++i)
    if (sorted[i] != static_cast<std::int64_t>(i)) return std::nullopt;
  Shape shape;
  std::vector<std::int64_t> steps;
  for (std::int64_t axis : order) {
    shape.push_back(data.shape[static_cast<std::size_t>(axis)]);
    steps.push_back(strides[static_cast<std::size_t>(axis)]);
  }
  return gather_strided(data, std::move(shape), 0, steps);
}

// ONNX Slice from opset 10 on: data, starts, ends, axes?, steps?. What repeated axes mean is not
// defined.
MaybeIntegers slice(const std::vector<Integers>& in) {
  if (in.size() < 3) return std::nullopt;
  const Integers& data = in[0];
  std::size_t count = in[1].values.size();
  for (std::size_t i = 2; i < in.size(); ++i)
    if (in[i].values.size() != count) return std::nullopt;
  Shape shape = data.shape;
  std::vector<std::int64_t> steps = strides_of(data.shape);
  std::vector<bool> cut(shape.size(), false);
  std::int64_t offset = 0;
  for (std::size_t i = 0; i < count; ++i) {
    auto rank = static_cast<std::int64_t>(data.shape.size());
    std::int64_t axis = in.size() > 3 ? in[3].values[i] : static_cast<std::int64_t>(i);
    std::int64_t step = in.size() > 4 ? in[4].values[i] : 1;
    if (axis < 0) axis += rank;
    if (axis < 0 || axis >= rank || step == 0 || step < -kMaxElements || step > kMaxElements)
      return std::nullopt;
    auto a = static_cast<std::size_t>(axis);
    std::int64_t dim = data.shape[a];
    if (cut[a] || dim == 0) return std::nullopt;
    cut[a] = true;
    auto place = [&](std::int64_t at, std::int64_t low, std::int64_t high) {
      return std::clamp(at < 0 ? at + dim : at, low, high);
    };
    std::int64_t from =
        step > 0 ? place(in[1].values[i], 0, dim) : place(in[1].values[i], 0, dim - 1);
    std::int64_t to =
        step > 0 ? place(in[2].values[i], 0, dim) : place(in[2].values[i], -1, dim - 1);
    std::int64_t length = step > 0 ? (to - from + step - 1) / step : (from - to - step - 1) / -step;
    shape[a] = std::max<std::int64_t>(length, 0);
    offset += from * steps[a];
    steps[a] *= step;
  }
  return gather_strided(data, std::move(shape), offset, steps);
}

MaybeIntegers compute(const onnx::NodeProto& node, const std::vector<Integers>& in) {
  if (is_op(node, "ConstantOfShape") && in.size() == 1) return constant_of_shape(node, in[0]);
  if (is_op(node, "Concat") && !in.empty()) return concat(in);
  if (is_op(node, "Reshape") && in.size() == 2) return reshape(in[0], in[1]);
  if (is_op(node, "Transpose") && in.size() == 1) return transpose(node, in[0]);
  if (is_op(node, "Slice")) return slice(in);
  if (is_op(node, "Cast") && in.size() == 1 &&
      int_attribute(node, "to") == onnx::TensorProto::INT64)
    return in[0];
  return std::nullopt;
}

class Finder {
 public:
  explicit Finder(const Graph& graph) : graph_(graph) {}

  std::map<std::string, Integers> find() {
    take_propagated();
    for (const onnx::NodeProto* node : graph_.nodes()) {
      if (node->output_size() != 1 || found_.count(node->output(0)) != 0) continue;
      auto inputs = inputs_of(*node);
      if (!inputs) continue;
      MaybeIntegers result = compute(*node, *inputs);
      if (!result || result->values.size() + result->shape.size() > room_) continue;
      room_ -= result->values.size() + result->shape.size();
      found_[node->output(0)] = std::move(*result);
    }
    return std::move(found_);
  }

 private:
  void take_propagated() {
    onnx::shape_inference::DataValueMap data;
    inferred_skeleton(graph_.proto(), graph_.source(), Strictness::lenient, &data);
    for (const auto& [name, shape] : data) {
      Integers result;
      for (const auto& dim : shape.dim())
        if (dim.has_dim_value()) result.values.push_back(dim.dim_value());
      auto known = graph_.static_shape(name);
      bool whole = static_cast<int>(result.values.size()) == shape.dim_size();
      if (!whole || !known || known->size() > 1 || graph_.type(name) != onnx::TensorProto::INT64)
        continue;
      if (find_element_count(*known) != shape.dim_size()) continue;
      result.shape = *known;
      found_[name] = std::move(result);
    }
  }

  std::optional<std::vector<Integers>> inputs_of(const onnx::NodeProto& node) const {
    std::vector<Integers> inputs;
    for (const std::string& value : node.input()) {
      auto found = found_.find(value);
      const onnx::TensorProto* tensor = graph_.constant(value);
      if (found != found_.end())
        inputs.push_back(found->second);
      else if (tensor != nullptr && tensor->data_type() == onnx::TensorProto::INT64 &&
               is_small(shape_of(*tensor)))
        inputs.push_back({shape_of(*tensor), ints(*tensor)});
      else
        return std::nullopt;
    }
    return inputs;
  }

  const Graph& graph_;
  std::map<std::string, Integers> found_;
  std::size_t room_ = kMaxElementsInAll;
};

}  // namespace

std::map<std::string, onnx::TensorProto> known_integers(const Graph& graph) {
  std::map<std::string, onnx::TensorProto> tensors;
  for (const auto& [name, integers] : Finder(graph).find()) {
    onnx::TensorProto& tensor = tensors[name];
    tensor.set_name(name);
    tensor.set_data_type(onnx::TensorProto::INT64);
    for (std::int64_t dim : integers.shape) tensor.add_dims(dim);
    tensor.set_raw_data(integers.values.data(), integers.values.size() * sizeof(std::int64_t));
  }
  return tensors;
}

}  // namespace tamis
