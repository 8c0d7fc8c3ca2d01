#pragma once

#include "base/picture.h"
#include "vision/detect.h"

namespace tamis {

/// A box in the input's pixels, in the picture's and clipped to it.
Box to_picture(const Box& box, const Placement& placement);

/// Score and corners.
bool is_finite(const Detection& detection);

}  // namespace tamis
