#pragma once

#include <functional>
#include <span>

#include "base/tensor.h"
#include "card/card.h"
#include "recipe/build.h"

namespace tamis {

/// A function that hands over each calibration item in order, prepared as the card says, as
/// [1, C, H, W]. A thread of its own decodes the next ones meanwhile, at most two ahead, so memory
/// does not depend on the number of items. What decoding throws comes out of the function, after
/// the items before; what the caller's function throws ends it early. May be called again, from one
/// thread at a time.
std::function<void(const std::function<void(std::span<const Tensor>)>&)> make_calibration_feed(
    const Card& card, const CalibrationItems& calibration, DataType input_type);

}  // namespace tamis
