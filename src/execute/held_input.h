#pragma once

#include <vector>

#include "base/tensor.h"

namespace tamis {

/// The tensor of an input beside the picture that is held at these numbers (Card::hold), in
/// row-major order; one number stands for all elements. Its shape must be concrete. Throws
/// invalid_argument naming the input where the numbers are too few or too many.
Tensor held_input(const TensorInfo& input, const std::vector<double>& numbers);

}  // namespace tamis
