#include "runtime/tensor_info.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "base/error.h"
#include "runtime/backend.h"

namespace tamis {

std::optional<DataType> parse_data_type(std::string_view name) {
  constexpr std::array kTypes{DataType::f32, DataType::f16,     DataType::u8,
                              DataType::i8,  DataType::i32,     DataType::i64,
                              DataType::f64, DataType::boolean, DataType::bf16};
  for (DataType type : kTypes)
    if (to_text(type) == name) return type;
  return std::nullopt;
}

Json to_json(const TensorInfo& info) {
  Json shape = Json::array();
  for (const auto& d : info.shape) shape.push_back(d ? Json(*d) : Json());
  return {{"name", info.name}, {"type", to_text(info.type)}, {"shape", shape}};
}

TensorInfo parse_tensor_info(const Json& json) {
  TensorInfo info;
  info.name = json.at("name").get<std::string>();
  auto type = parse_data_type(json.at("type").get<std::string>());
  if (!type)
    throw Error(ErrorCode::corrupt_data,
                "tensor " + info.name + ": unknown type " + json_text(json.at("type")));
  info.type = *type;
  for (const Json& d : json.at("shape"))
    info.shape.push_back(d.is_null() ? std::nullopt : std::optional(d.get<std::int64_t>()));
  return info;
}

std::optional<Shape> concrete_shape(const TensorInfo& info) {
  Shape shape;
  for (const auto& d : info.shape) {
    if (!d) return std::nullopt;
    shape.push_back(*d);
  }
  return shape;
}

TensorInfo concrete_info(std::string name, DataType type, const Shape& shape) {
  return {std::move(name), type, {shape.begin(), shape.end()}};
}

std::string shape_text(const TensorInfo& info) {
  std::string text = "[";
  for (std::size_t i = 0; i < info.shape.size(); ++i)
    text += (i == 0 ? "" : ",") + (info.shape[i] ? std::to_string(*info.shape[i]) : "?");
  return text + "]";
}

Shape resolve_shape(const TensorInfo& info, const Shape* asked) {
  if (asked == nullptr) {
    if (auto shape = concrete_shape(info)) return *shape;
    throw Error(ErrorCode::invalid_argument, "open model: input " + info.name +
                                                 " has the dynamic shape " + shape_text(info) +
                                                 "; say which shape to use");
  }
  bool fits = asked->size() == info.shape.size();
  for (std::size_t i = 0; fits && i < asked->size(); ++i)
    fits = info.shape[i] ? *info.shape[i] == (*asked)[i] : (*asked)[i] >= 1;
  if (!fits)
    throw Error(ErrorCode::invalid_argument, "open model: input " + info.name + " is " +
                                                 shape_text(info) + " and cannot be " +
                                                 to_text(*asked));
  return *asked;
}

namespace {

[[noreturn]] void fail_with_counts(std::size_t given, std::size_t inputs) {
  throw Error(ErrorCode::invalid_argument, "open model: " + std::to_string(given) +
                                               " input shapes given, the model has " +
                                               std::to_string(inputs) + " inputs");
}

}  // namespace

std::size_t input_for(const std::vector<TensorInfo>& inputs, const Shape& shape) {
  if (inputs.size() == 1) return 0;
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].shape.size() != shape.size()) continue;
    if (found) fail_with_counts(1, inputs.size());
    found = i;
  }
  if (!found) fail_with_counts(1, inputs.size());
  return *found;
}

std::vector<Shape> resolve_shapes(const std::vector<TensorInfo>& inputs,
                                  const std::vector<Shape>& asked) {
  const bool all = asked.size() == inputs.size(), alone = !all && asked.size() == 1;
  if (!asked.empty() && !all && !alone) fail_with_counts(asked.size(), inputs.size());
  const std::size_t only = alone ? input_for(inputs, asked[0]) : 0;
  std::vector<Shape> shapes;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Shape* own = all ? &asked[i] : alone && i == only ? asked.data() : nullptr;
    shapes.push_back(resolve_shape(inputs[i], own));
  }
  return shapes;
}

std::vector<Tensor> make_tensors(const std::vector<TensorInfo>& infos) {
  std::vector<Tensor> tensors;
  for (const TensorInfo& info : infos)
    tensors.emplace_back(info.type, resolve_shape(info, nullptr));
  return tensors;
}

void require_rank(const std::string& name, std::size_t rank) {
  static_assert(std::size(tamis_tensor{}.dims) == kMaxRank);
  if (rank <= kMaxRank) return;
  throw Error(ErrorCode::unsupported, "open model: tensor " + name + " has " +
                                          std::to_string(rank) + " dimensions, more than the " +
                                          std::to_string(kMaxRank) +
                                          " that Tamis carries; export the model with fewer");
}

void set_shape(tamis_tensor& edge, const std::string& name, DataType type, const Shape& shape) {
  require_rank(name, shape.size());
  edge.type = static_cast<std::int32_t>(type);
  edge.rank = static_cast<std::int32_t>(shape.size());
  std::copy(shape.begin(), shape.end(), edge.dims);
  edge.bytes = byte_count(type, shape);
}

}  // namespace tamis
