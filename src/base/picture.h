#pragma once

#include <cstdint>
#include <vector>

#include "base/geometry.h"

namespace tamis {

/// A decoded picture: 8 bits per channel, rows top to bottom without padding, channels interleaved
/// (HWC). Three channels are in the order R, G, B.
struct Picture {
  int height = 0;
  int width = 0;
  int channels = 3;  ///< 1 (grey) or 3 (RGB)
  std::vector<std::uint8_t> pixels;
  Size size() const { return {height, width}; }
};

/// How a picture was laid into the model's input: model_x = picture_x * scale_x + pad_x (same for
/// y). Inverse maps predictions back.
struct Placement {
  Size picture;  ///< of the original
  Size input;    ///< of the model
  double scale_x = 1, scale_y = 1;
  double pad_x = 0, pad_y = 0;
};

}  // namespace tamis
