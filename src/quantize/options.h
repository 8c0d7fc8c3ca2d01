#pragma once

#include "quantize/quantize.h"

namespace tamis {

/// Throws invalid_argument for values out of range and combinations that mean nothing.
void check_options(const QuantizeOptions& options);

}  // namespace tamis
