#include "data/encode.h"

#include <array>
#include <new>

#include "base/error.h"
#include "data/pictures/pictures_plugin.h"

namespace tamis {
namespace {

std::uint8_t* make_room(void* context, std::size_t size) noexcept {
  auto* bytes = static_cast<std::vector<std::uint8_t>*>(context);
  try {
    bytes->resize(size);
    return bytes->data();
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

}  // namespace

std::vector<std::uint8_t> encode_jpeg(const Picture& picture, int quality) {
  const auto pixels = static_cast<std::size_t>(picture.height) *
                      static_cast<std::size_t>(picture.width) *
                      static_cast<std::size_t>(picture.channels);
  if (pixels == 0 || picture.pixels.size() != pixels)
    throw Error(ErrorCode::invalid_argument,
                "encode image: it has no pixels, or not as many as its size says");
  std::vector<std::uint8_t> bytes;
  std::array<char, 512> reason{};
  const TamisRaster raster{picture.pixels.data(), picture.height, picture.width, picture.channels};
  if (pictures_plugin().encode(&raster, quality, make_room, &bytes, reason.data(), reason.size()) !=
      0)
    throw Error(ErrorCode::unavailable, std::string("encode image: ") + reason.data());
  return bytes;
}

}  // namespace tamis
