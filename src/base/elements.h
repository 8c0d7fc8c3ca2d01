#pragma once

#include <cstddef>

#include "base/tensor.h"

namespace tamis {

/// Element i, in row-major order, of a tensor of any type in host memory; i must be less than
/// elements(). Integers beyond 2^53 are rounded. Thread safe on a const tensor.
double element(const Tensor& tensor, std::size_t i);

/// Stores the value as the tensor's type holds it: floats rounded to nearest, integers cut off.
void set_element(Tensor& tensor, std::size_t i, double value);

}  // namespace tamis
