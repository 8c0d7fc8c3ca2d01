#include "backends/fake/onnx.h"

#include <optional>

#include "base/error.h"

namespace tamis::fake {
namespace {

using Bytes = std::span<const std::uint8_t>;

/// Field after field of one protobuf message.
class Message {
 public:
  explicit Message(Bytes all) : left_(all) {}

  /// False at the end.
  bool next() {
    if (left_.empty()) return false;
    const std::uint64_t key = varint();
    number = key >> 3;
    switch (key & 7) {
      case 0:
        value = varint();
        return true;
      case 1:
        bytes = take(8);
        return true;
      case 2:
        bytes = take(varint());
        return true;
      case 5:
        bytes = take(4);
        return true;
      default:
        throw Error(ErrorCode::corrupt_data, "unknown wire type");
    }
  }

  std::uint64_t number = 0, value = 0;
  Bytes bytes;
  std::string text() const { return {bytes.begin(), bytes.end()}; }

 private:
  std::uint64_t varint() {
    std::uint64_t result = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const std::uint8_t byte = take(1)[0];
      result |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
      if ((byte & 0x80) == 0) return result;
    }
    throw Error(ErrorCode::corrupt_data, "a number is too long");
  }

  Bytes take(std::uint64_t count) {
    if (count > left_.size()) throw Error(ErrorCode::corrupt_data, "it ends too early");
    const Bytes taken = left_.first(static_cast<std::size_t>(count));
    left_ = left_.subspan(static_cast<std::size_t>(count));
    return taken;
  }

  Bytes left_;
};

DataType data_type(std::uint64_t onnx) {
  switch (onnx) {
    case 1:
      return DataType::f32;
    case 2:
      return DataType::u8;
    case 3:
      return DataType::i8;
    case 6:
      return DataType::i32;
    case 7:
      return DataType::i64;
    case 9:
      return DataType::boolean;
    case 10:
      return DataType::f16;
    case 11:
      return DataType::f64;
    case 16:
      return DataType::bf16;
    default:
      throw Error(ErrorCode::unsupported, "element type " + std::to_string(onnx));
  }
}

std::optional<std::int64_t> parse_dimension(Bytes bytes) {
  std::optional<std::int64_t> size;
  for (Message dim(bytes); dim.next();)
    if (dim.number == 1) size = static_cast<std::int64_t>(dim.value);
  return size;
}

void parse_tensor_type(Bytes bytes, TensorInfo& info) {
  for (Message type(bytes); type.next();) {
    if (type.number == 1) info.type = data_type(type.value);
    if (type.number != 2) continue;
    for (Message shape(type.bytes); shape.next();)
      if (shape.number == 1) info.shape.push_back(parse_dimension(shape.bytes));
  }
}

/// ValueInfoProto.
TensorInfo parse_value(Bytes bytes) {
  TensorInfo info;
  for (Message value(bytes); value.next();) {
    if (value.number == 1) info.name = value.text();
    if (value.number != 2) continue;
    for (Message type(value.bytes); type.next();)
      if (type.number == 1) parse_tensor_type(type.bytes, info);
  }
  return info;
}

std::string text_field(Bytes bytes, std::uint64_t number) {
  std::string text;
  for (Message message(bytes); message.next();)
    if (message.number == number) text = message.text();
  return text;
}

OnnxFile parse_graph(Bytes bytes) {
  OnnxFile file;
  std::set<std::string> initialisers;
  for (Message graph(bytes); graph.next();) {
    if (graph.number == 1) file.operators.insert(text_field(graph.bytes, 4));
    if (graph.number == 5) initialisers.insert(text_field(graph.bytes, 8));
    if (graph.number == 11) file.inputs.push_back(parse_value(graph.bytes));
    if (graph.number == 12) file.outputs.push_back(parse_value(graph.bytes));
  }
  std::erase_if(file.inputs,
                [&](const TensorInfo& input) { return initialisers.count(input.name) != 0; });
  return file;
}

}  // namespace

OnnxFile parse_onnx(Bytes bytes, const std::string& file) {
  try {
    for (Message model(bytes); model.next();)
      if (model.number == 7) return parse_graph(model.bytes);
  } catch (const Error& e) {
    throw Error(e.code(), "open model: " + file + ": " + e.what());
  }
  throw Error(ErrorCode::corrupt_data, "open model: " + file + " holds no graph");
}

}  // namespace tamis::fake
