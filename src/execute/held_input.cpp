#include "execute/held_input.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/half.h"
#include "runtime/tensor_info.h"

namespace tamis {
namespace {

template <typename T>
void set(Tensor& tensor, std::size_t i, T value) {
  tensor.data<T>()[i] = value;
}

void set_element(Tensor& tensor, std::size_t i, double value) {
  switch (tensor.type()) {
    case DataType::f32:
      return set(tensor, i, static_cast<float>(value));
    case DataType::f64:
      return set(tensor, i, value);
    case DataType::f16:
      return set(tensor, i, float_to_half(static_cast<float>(value)));
    case DataType::bf16:
      return set(tensor, i, float_to_bfloat16(static_cast<float>(value)));
    case DataType::u8:
    case DataType::boolean:
      return set(tensor, i, static_cast<std::uint8_t>(value));
    case DataType::i8:
      return set(tensor, i, static_cast<std::int8_t>(value));
    case DataType::i32:
      return set(tensor, i, static_cast<std::int32_t>(value));
    case DataType::i64:
      return set(tensor, i, static_cast<std::int64_t>(value));
  }
}

}  // namespace

Tensor held_input(const TensorInfo& input, const std::vector<double>& numbers) {
  Tensor tensor(input.type, resolve_shape(input, nullptr));
  const auto count = static_cast<std::size_t>(tensor.elements());
  if (numbers.size() != 1 && numbers.size() != count)
    throw Error(ErrorCode::invalid_argument,
                fmt::format("--hold-input {}: it is {}, so that {} numbers are wanted, not {}",
                            input.name, to_text(tensor.shape()), count, numbers.size()));
  for (std::size_t i = 0; i < count; ++i)
    set_element(tensor, i, numbers.size() == 1 ? numbers[0] : numbers[i]);
  return tensor;
}

}  // namespace tamis
