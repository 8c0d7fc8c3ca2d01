#include "base/elements.h"

#include "base/half.h"

namespace tamis {
namespace {

template <typename T>
double at(const Tensor& tensor, std::size_t i) {
  return static_cast<double>(tensor.data<T>()[i]);
}

template <typename T>
void put(Tensor& tensor, std::size_t i, T value) {
  tensor.data<T>()[i] = value;
}

}  // namespace

double element(const Tensor& tensor, std::size_t i) {
  switch (tensor.type()) {
    case DataType::f32:
      return at<float>(tensor, i);
    case DataType::f64:
      return at<double>(tensor, i);
    case DataType::f16:
      return static_cast<double>(half_to_float(tensor.data<std::uint16_t>()[i]));
    case DataType::bf16:
      return static_cast<double>(bfloat16_to_float(tensor.data<std::uint16_t>()[i]));
    case DataType::u8:
    case DataType::boolean:
      return at<std::uint8_t>(tensor, i);
    case DataType::i8:
      return at<std::int8_t>(tensor, i);
    case DataType::i32:
      return at<std::int32_t>(tensor, i);
    case DataType::i64:
      return at<std::int64_t>(tensor, i);
  }
  return 0;
}

void set_element(Tensor& tensor, std::size_t i, double value) {
  switch (tensor.type()) {
    case DataType::f32:
      return put(tensor, i, static_cast<float>(value));
    case DataType::f64:
      return put(tensor, i, value);
    case DataType::f16:
      return put(tensor, i, float_to_half(static_cast<float>(value)));
    case DataType::bf16:
      return put(tensor, i, float_to_bfloat16(static_cast<float>(value)));
    case DataType::u8:
    case DataType::boolean:
      return put(tensor, i, static_cast<std::uint8_t>(value));
    case DataType::i8:
      return put(tensor, i, static_cast<std::int8_t>(value));
    case DataType::i32:
      return put(tensor, i, static_cast<std::int32_t>(value));
    case DataType::i64:
      return put(tensor, i, static_cast<std::int64_t>(value));
  }
}

}  // namespace tamis
