#pragma once

#include <utility>
#include <vector>

#include "base/mask.h"

namespace tamis {

/// The outline of the largest connected region of a mask: corners x, y in its pixels, where pixel
/// (0, 0) covers 0..1, clockwise; points on a straight line are left out. Empty for an empty mask.
/// Holes are not told. Pure; safe from any thread.
std::vector<std::pair<double, double>> mask_outline(const Mask& mask);

}  // namespace tamis
