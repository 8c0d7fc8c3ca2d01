#pragma once

#include <span>
#include <vector>

#include "base/geometry.h"
#include "base/picture.h"

namespace tamis {

/// A map over the model's whole input, of any resolution, as one value per pixel of the picture:
/// bilinear between the centres of the map's cells, the outermost cells continued (where the map
/// covers the picture, cv2.resize INTER_LINEAR). Pixels that were cut off take the nearest value.
/// `map`: rows, size.height * size.width values. Throws invalid_argument where they are not. Safe
/// from any thread.
std::vector<float> map_to_picture(std::span<const float> map, Size size,
                                  const Placement& placement);

}  // namespace tamis
