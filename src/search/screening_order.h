#pragma once

#include <cstddef>
#include <vector>

#include "base/geometry.h"
#include "grid/axes.h"
#include "grid/variant.h"

namespace tamis {

/// How long the variant may take, by rules of thumb, as a share of the parent in the reference
/// runtime: its pixels, its precision, the runtime (Capabilities::usual_share). Only for the order
/// of measuring, so that a budget that ends early has seen those that usually win; nothing is
/// decided by it. `size`: the parent's picture.
double expected_relative_time(const Variant& variant, const PlaceFacts& place, Size size);

/// The baseline (index 0), then the others, the most promising first; equals in the plan's order.
std::vector<std::size_t> screening_order(const std::vector<Variant>& variants,
                                         const PlaceFacts& place, Size size);

}  // namespace tamis
