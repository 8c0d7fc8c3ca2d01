#pragma once

#include <cstdint>
#include <vector>

#include "base/picture.h"

namespace tamis {

/// A picture as a JPEG file's bytes; quality 1..100. Throws unavailable where the pictures plugin
/// is missing, invalid_argument for a picture without pixels. Thread safe.
std::vector<std::uint8_t> encode_jpeg(const Picture& picture, int quality);

}  // namespace tamis
