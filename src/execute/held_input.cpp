#include "execute/held_input.h"

#include <fmt/format.h>

#include "base/elements.h"
#include "base/error.h"
#include "runtime/tensor_info.h"

namespace tamis {
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
