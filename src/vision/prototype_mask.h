#pragma once

#include <span>

#include "base/mask.h"
#include "base/picture.h"

namespace tamis {

/// M maps of h × w that cover the model's input; a mask is where their weighted sum is above 0.
struct Prototypes {
  const float* values = nullptr;  ///< [M,h,w]
  int count = 0, height = 0, width = 0;
};

/// The pixels of the picture within `box` (its pixels; x0 <= x < x1) at which the sum of the
/// prototypes, weighted by the M coefficients and bilinearly interpolated at the pixel's middle, is
/// above 0. As Ultralytics' process_mask_native (utils/ops.py), except that pixels are placed by
/// `placement` itself, where that rounds the padding to whole prototype cells. Throws
/// backend_failed where a sum is not finite.
Mask prototype_mask(const Prototypes& prototypes, std::span<const float> coefficients,
                    const Box& box, const Placement& placement);

}  // namespace tamis
