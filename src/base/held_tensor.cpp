#include "base/held_tensor.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/elements.h"
#include "base/error.h"

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

/// The least and the greatest whole number of the type; absent for those of fractions.
std::optional<std::pair<double, double>> whole_range(DataType type) {
  const auto range = [](auto zero) {
    using T = decltype(zero);
    return std::pair(static_cast<double>(std::numeric_limits<T>::lowest()),
                     static_cast<double>(std::numeric_limits<T>::max()));
  };
  switch (type) {
    case DataType::boolean:
      return range(false);
    case DataType::u8:
      return range(std::uint8_t{});
    case DataType::i8:
      return range(std::int8_t{});
    case DataType::i32:
      return range(std::int32_t{});
    case DataType::i64:  // the greatest as a double would be one too many
      return std::pair(-0x1p63, std::nextafter(0x1p63, 0.0));
    case DataType::f32:
    case DataType::f64:
    case DataType::f16:
    case DataType::bf16:
      return std::nullopt;
  }
  return std::nullopt;
}

void require_values_of(const TensorInfo& input, const std::vector<double>& numbers) {
  const auto range = whole_range(input.type);
  if (!range) return;
  for (const double value : numbers)
    if (value != std::floor(value) || value < range->first || value > range->second)
      fail(input.name, fmt::format("{} is not a value of its type; give whole numbers", value));
}

}  // namespace

Tensor held_tensor(const TensorInfo& input, const std::vector<double>& numbers) {
  Tensor tensor(input.type, shape_for(input, numbers.size()));
  const auto count = static_cast<std::size_t>(tensor.elements());
  if (numbers.size() != 1 && numbers.size() != count)
    fail(input.name, fmt::format("it is {}, so that {} numbers are wanted, not {}",
                                 to_text(tensor.shape()), count, numbers.size()));
  require_values_of(input, numbers);
  for (std::size_t i = 0; i < count; ++i)
    set_element(tensor, i, numbers.size() == 1 ? numbers[0] : numbers[i]);
  return tensor;
}

}  // namespace tamis
