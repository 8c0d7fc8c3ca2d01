#pragma once

#include <vector>

#include "base/tensor.h"

namespace tamis {

/// The tensor of an input that is held at constant numbers (`--hold-input`, Card::hold), in
/// row-major order; one number stands for all elements. An open first dimension is 1, another one
/// as long as the numbers say. Throws invalid_argument naming the input: for another count of
/// numbers than the shape has elements, for two open dimensions, and for numbers that the type does
/// not have. Thread safe.
Tensor held_tensor(const TensorInfo& input, const std::vector<double>& numbers);

}  // namespace tamis
