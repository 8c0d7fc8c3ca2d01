#include "base/held_tensor.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/half.h"

namespace tamis {
namespace {

[[noreturn]] void fail(const std::string& name, const std::string& problem) {
  throw Error(ErrorCode::invalid_argument, "--hold-input " + name + ": " + problem);
}

/// With open dimensions as the number of values says.
Shape shape_for(const TensorInfo& input, std::size_t count) {
  Shape shape;
  std::optional<std::size_t> open;
  for (const auto& side : input.shape) {
    if (!side && !shape.empty()) {
      if (open)
        fail(input.name, "two of its dimensions are open; export the model with fixed ones");
      open = shape.size();
    }
    shape.push_back(side.value_or(1));
  }
  if (open && count > 1)
    shape[*open] =
        static_cast<std::int64_t>(count) / std::max<std::int64_t>(element_count(shape), 1);
  return shape;
}

template <typename T>
T whole(const std::string& name, double value) {
  if (value != std::floor(value) || value < static_cast<double>(std::numeric_limits<T>::lowest()) ||
      value > static_cast<double>(std::numeric_limits<T>::max()))
    fail(name, fmt::format("{} is not a value of its type; give whole numbers", value));
  return static_cast<T>(value);
}

template <typename T, typename Convert>
void fill(Tensor& tensor, const std::vector<double>& numbers, Convert convert) {
  const auto count = static_cast<std::size_t>(tensor.elements());
  for (std::size_t i = 0; i < count; ++i)
    tensor.data<T>()[i] = convert(numbers.size() == 1 ? numbers[0] : numbers[i]);
}

template <typename T>
void fill_whole(Tensor& tensor, const std::string& name, const std::vector<double>& numbers) {
  fill<T>(tensor, numbers, [&](double value) { return whole<T>(name, value); });
}

void fill(Tensor& tensor, const std::string& name, const std::vector<double>& numbers) {
  switch (tensor.type()) {
    case DataType::f32:
      return fill<float>(tensor, numbers, [](double v) { return static_cast<float>(v); });
    case DataType::f64:
      return fill<double>(tensor, numbers, [](double v) { return v; });
    case DataType::f16:
      return fill<std::uint16_t>(tensor, numbers,
                                 [](double v) { return float_to_half(static_cast<float>(v)); });
    case DataType::bf16:
      return fill<std::uint16_t>(tensor, numbers,
                                 [](double v) { return float_to_bfloat16(static_cast<float>(v)); });
    case DataType::boolean:
      return fill<std::uint8_t>(tensor, numbers, [&](double v) {
        return static_cast<std::uint8_t>(whole<bool>(name, v));
      });
    case DataType::u8:
      return fill_whole<std::uint8_t>(tensor, name, numbers);
    case DataType::i8:
      return fill_whole<std::int8_t>(tensor, name, numbers);
    case DataType::i32:
      return fill_whole<std::int32_t>(tensor, name, numbers);
    case DataType::i64:
      return fill_whole<std::int64_t>(tensor, name, numbers);
  }
}

}  // namespace

Tensor held_tensor(const TensorInfo& input, const std::vector<double>& numbers) {
  Tensor tensor(input.type, shape_for(input, numbers.size()));
  const auto count = static_cast<std::size_t>(tensor.elements());
  if (numbers.size() != 1 && numbers.size() != count)
    fail(input.name, fmt::format("it is {}, so that {} numbers are wanted, not {}",
                                 to_text(tensor.shape()), count, numbers.size()));
  fill(tensor, input.name, numbers);
  return tensor;
}

}  // namespace tamis
