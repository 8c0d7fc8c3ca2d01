#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/picture.h"

namespace tamis {

/// Decodes a JPEG with libjpeg-turbo in its default settings (accurate integer DCT, smooth chroma
/// upsampling), which gives the same pixels as OpenCV: RGB or one grey channel, as stored. Returns
/// the reason of the failure, empty on success. Data that ends early or does not decode is a
/// failure, where libjpeg itself fills the rest with grey and only warns. Thread safe.
std::string decode_jpeg(std::span<const std::uint8_t> bytes, bool grey, Picture& picture);

}  // namespace tamis
