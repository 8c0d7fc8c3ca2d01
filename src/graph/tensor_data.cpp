#include "graph/tensor_data.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/error.h"

namespace tamis {
namespace {

using onnx::TensorProto;

struct TypeRow {
  int onnx_type;
  const char* name;
  std::size_t bytes;  // of one element in raw form; 0 = none
  std::optional<DataType> ours;
};

constexpr TypeRow kTypes[] = {
    {TensorProto::FLOAT, "float", 4, DataType::f32},
    {TensorProto::UINT8, "uint8", 1, DataType::u8},
    {TensorProto::INT8, "int8", 1, DataType::i8},
    {TensorProto::UINT16, "uint16", 2, std::nullopt},
    {TensorProto::INT16, "int16", 2, std::nullopt},
    {TensorProto::INT32, "int32", 4, DataType::i32},
    {TensorProto::INT64, "int64", 8, DataType::i64},
    {TensorProto::STRING, "string", 0, std::nullopt},
    {TensorProto::BOOL, "bool", 1, DataType::boolean},
    {TensorProto::FLOAT16, "float16", 2, DataType::f16},
    {TensorProto::DOUBLE, "double", 8, DataType::f64},
    {TensorProto::UINT32, "uint32", 4, std::nullopt},
    {TensorProto::UINT64, "uint64", 8, std::nullopt},
    {TensorProto::BFLOAT16, "bfloat16", 2, DataType::bf16},
};

const TypeRow* find_type(int onnx_type) {
  for (const TypeRow& row : kTypes)
    if (row.onnx_type == onnx_type) return &row;
  return nullptr;
}

[[noreturn]] void throw_unsupported(const TensorProto& tensor, const char* wanted) {
  throw Error(ErrorCode::unsupported, "read tensor \"" + tensor.name() + "\": its type is " +
                                          type_name(tensor.data_type()) + ", not " + wanted);
}

// The number of elements that the shape stands for, with every product checked.
std::size_t checked_count(const TensorProto& tensor) {
  std::size_t count = 1;
  for (std::int64_t dim : tensor.dims()) {
    if (dim < 0 || (dim > 0 && count > std::numeric_limits<std::int64_t>::max() / 16 /
                                           static_cast<std::size_t>(dim)))
      throw Error(ErrorCode::corrupt_data, "read tensor \"" + tensor.name() +
                                               "\": impossible shape " + to_text(shape_of(tensor)));
    count *= static_cast<std::size_t>(dim);
  }
  return count;
}

void require_count(const TensorProto& tensor, std::size_t have, std::size_t want) {
  if (have == want) return;
  throw Error(ErrorCode::corrupt_data,
              "read tensor \"" + tensor.name() + "\": shape " + to_text(shape_of(tensor)) +
                  " needs " + std::to_string(want) + " elements, it holds " + std::to_string(have));
}

template <typename Stored, typename Out, typename Convert>
std::vector<Out> from_raw(const TensorProto& tensor, Convert convert) {
  std::size_t count = checked_count(tensor);
  const std::string& raw = tensor.raw_data();
  if (raw.size() != count * sizeof(Stored))
    require_count(tensor, raw.size() / sizeof(Stored) + (raw.size() % sizeof(Stored) != 0), count);
  std::vector<Out> out(count);
  for (std::size_t i = 0; i < count; ++i) {
    Stored stored;
    std::memcpy(&stored, raw.data() + i * sizeof(Stored), sizeof(Stored));
    out[i] = convert(stored);
  }
  return out;
}

template <typename Out, typename Field, typename Convert>
std::vector<Out> from_field(const TensorProto& tensor, const Field& field, Convert convert) {
  require_count(tensor, static_cast<std::size_t>(field.size()), checked_count(tensor));
  std::vector<Out> out;
  out.reserve(static_cast<std::size_t>(field.size()));
  for (auto value : field) out.push_back(convert(value));
  return out;
}

template <typename Stored, typename Out, typename Field, typename Convert>
std::vector<Out> from_either(const TensorProto& tensor, const Field& field, Convert convert) {
  if (tensor.has_raw_data()) return from_raw<Stored, Out>(tensor, convert);
  return from_field<Out>(tensor, field,
                         [&](auto value) { return convert(static_cast<Stored>(value)); });
}

template <typename Out>
std::vector<Out> integers(const TensorProto& tensor) {
  auto plain = [](auto value) { return static_cast<Out>(value); };
  const auto& small = tensor.int32_data();
  switch (tensor.data_type()) {
    case TensorProto::INT64:
      return from_either<std::int64_t, Out>(tensor, tensor.int64_data(), plain);
    case TensorProto::INT32:
      return from_either<std::int32_t, Out>(tensor, small, plain);
    case TensorProto::INT16:
      return from_either<std::int16_t, Out>(tensor, small, plain);
    case TensorProto::INT8:
      return from_either<std::int8_t, Out>(tensor, small, plain);
    case TensorProto::UINT8:
    case TensorProto::BOOL:
      return from_either<std::uint8_t, Out>(tensor, small, plain);
    case TensorProto::UINT16:
      return from_either<std::uint16_t, Out>(tensor, small, plain);
    case TensorProto::UINT32:
      return from_either<std::uint32_t, Out>(tensor, tensor.uint64_data(), plain);
    case TensorProto::UINT64:
      return from_either<std::uint64_t, Out>(tensor, tensor.uint64_data(), plain);
    default:
      throw_unsupported(tensor, "an integer type");
  }
}

template <typename Out>
std::vector<Out> numbers(const TensorProto& tensor) {
  auto plain = [](auto value) { return static_cast<Out>(value); };
  auto half = [](std::uint16_t bits) { return static_cast<Out>(half_to_float(bits)); };
  auto brain = [](std::uint16_t bits) { return static_cast<Out>(bfloat16_to_float(bits)); };
  switch (tensor.data_type()) {
    case TensorProto::FLOAT:
      return from_either<float, Out>(tensor, tensor.float_data(), plain);
    case TensorProto::DOUBLE:
      return from_either<double, Out>(tensor, tensor.double_data(), plain);
    case TensorProto::FLOAT16:
      return from_either<std::uint16_t, Out>(tensor, tensor.int32_data(), half);
    case TensorProto::BFLOAT16:
      return from_either<std::uint16_t, Out>(tensor, tensor.int32_data(), brain);
    case TensorProto::STRING:
      throw_unsupported(tensor, "a number");
    default:
      return integers<Out>(tensor);
  }
}

template <typename T>
void append_raw(std::string& raw, T value) {
  raw.append(reinterpret_cast<const char*>(&value), sizeof value);
}

}  // namespace

Shape shape_of(const TensorProto& tensor) { return {tensor.dims().begin(), tensor.dims().end()}; }

std::vector<float> floats(const TensorProto& tensor) { return numbers<float>(tensor); }
std::vector<double> doubles(const TensorProto& tensor) { return numbers<double>(tensor); }
std::vector<std::int64_t> ints(const TensorProto& tensor) { return integers<std::int64_t>(tensor); }

std::optional<double> scalar(const TensorProto& tensor) {
  const TypeRow* row = find_type(tensor.data_type());
  if (row == nullptr || row->bytes == 0 || find_element_count(shape_of(tensor)) != 1)
    return std::nullopt;
  return doubles(tensor).front();
}

TensorProto to_proto(const Tensor& tensor, const std::string& name) {
  TensorProto out;
  out.set_name(name);
  out.set_data_type(onnx_type(tensor.type()));
  for (std::int64_t dim : tensor.shape()) out.add_dims(dim);
  out.set_raw_data(tensor.bytes() == 0 ? "" : tensor.raw(), tensor.bytes());
  return out;
}

std::optional<DataType> data_type(int onnx_type) {
  const TypeRow* row = find_type(onnx_type);
  return row == nullptr ? std::nullopt : row->ours;
}

int onnx_type(DataType type) {
  for (const TypeRow& row : kTypes)
    if (row.ours == type) return row.onnx_type;
  throw Error(ErrorCode::unsupported, "make tensor: type has no ONNX counterpart");
}

std::string type_name(int onnx_type) {
  const TypeRow* row = find_type(onnx_type);
  if (row != nullptr) return row->name;
  return onnx::TensorProto_DataType_IsValid(onnx_type)
             ? onnx::TensorProto_DataType_Name(static_cast<onnx::TensorProto_DataType>(onnx_type))
             : "unknown type " + std::to_string(onnx_type);
}

TensorProto make_tensor(const std::string& name, int onnx_type, const Shape& shape,
                        const std::vector<double>& values) {
  TensorProto out;
  out.set_name(name);
  out.set_data_type(onnx_type);
  for (std::int64_t dim : shape) out.add_dims(dim);
  std::string& raw = *out.mutable_raw_data();
  for (double value : values) {
    switch (onnx_type) {
      case TensorProto::FLOAT:
        append_raw(raw, static_cast<float>(value));
        break;
      case TensorProto::DOUBLE:
        append_raw(raw, value);
        break;
      case TensorProto::FLOAT16:
        append_raw(raw, float_to_half(static_cast<float>(value)));
        break;
      case TensorProto::BFLOAT16:
        append_raw(raw, float_to_bfloat16(static_cast<float>(value)));
        break;
      default:
        throw_unsupported(out, "a floating-point type");
    }
  }
  require_count(out, values.size(), checked_count(out));
  return out;
}

std::size_t data_bytes(const TensorProto& tensor) {
  const TypeRow* row = find_type(tensor.data_type());
  return row == nullptr ? 0 : row->bytes * checked_count(tensor);
}

}  // namespace tamis
