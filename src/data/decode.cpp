#include <array>
#include <cstddef>
#include <new>
#include <span>
#include <string>
#include <utility>

#include "base/error.h"
#include "data/dataset.h"
#include "data/jpeg.h"
#include "data/picture_header.h"
#include "data/pictures/pictures_plugin.h"

namespace tamis {
namespace {

std::uint8_t* make_room(void* context, int height, int width, int channels) noexcept {
  auto* picture = static_cast<Picture*>(context);
  try {
    picture->height = height;
    picture->width = width;
    picture->channels = channels;
    picture->pixels.resize(static_cast<std::size_t>(height) * static_cast<std::size_t>(width) *
                           static_cast<std::size_t>(channels));
    return picture->pixels.data();
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

PictureHeader check_header(const std::vector<std::uint8_t>& bytes, const std::string& name) {
  auto header = parse_picture_header(bytes);
  if (!header)
    throw Error(
        ErrorCode::corrupt_data,
        "image " + name + ": cannot be decoded: " +
            (bytes.empty() ? "the file is empty" : "no JPEG, PNG, BMP, WebP, PNM or TIFF header"));
  auto [height, width] = header->stored;
  std::string size = std::to_string(width) + " x " + std::to_string(height);
  if (height <= 0 || width <= 0)
    throw Error(ErrorCode::corrupt_data,
                "image " + name + ": cannot be decoded: its header says " + size + " pixels");
  if (std::int64_t{height} * width > kMaxPicturePixels)
    throw Error(ErrorCode::unsupported,
                "image " + name + ": its header says " + size + " pixels, more than the limit of " +
                    std::to_string(kMaxPicturePixels) + "; scale it down or cut it into tiles");
  return *header;
}

/// Where upright pixel (y, x) lies in a stored picture of size s, for EXIF orientations 1..8.
std::pair<int, int> stored_position(int orientation, Size s, int y, int x) {
  switch (orientation) {
    case 2:
      return {y, s.width - 1 - x};
    case 3:
      return {s.height - 1 - y, s.width - 1 - x};
    case 4:
      return {s.height - 1 - y, x};
    case 5:
      return {x, y};
    case 6:
      return {s.height - 1 - x, y};
    case 7:
      return {s.height - 1 - x, s.width - 1 - y};
    case 8:
      return {x, s.width - 1 - y};
    default:
      return {y, x};
  }
}

Picture turn_upright(Picture stored, const PictureHeader& header) {
  if (header.orientation == 1) return stored;
  Picture upright;
  upright.channels = stored.channels;
  upright.height = header.upright().height;
  upright.width = header.upright().width;
  upright.pixels.resize(stored.pixels.size());
  auto channels = static_cast<std::size_t>(stored.channels);
  std::uint8_t* to = upright.pixels.data();
  for (int y = 0; y < upright.height; ++y) {
    for (int x = 0; x < upright.width; ++x) {
      auto [row, column] = stored_position(header.orientation, stored.size(), y, x);
      std::size_t from = static_cast<std::size_t>(row) * static_cast<std::size_t>(stored.width) +
                         static_cast<std::size_t>(column);
      for (std::size_t c = 0; c < channels; ++c) *to++ = stored.pixels[from * channels + c];
    }
  }
  return upright;
}

/// The reason of the failure, or empty.
std::string decode(const PictureHeader& header, std::span<const std::uint8_t> bytes, bool grey,
                   Picture& picture) {
  if (header.format == "jpeg") return decode_jpeg(bytes, grey, picture);
  std::array<char, 512> reason{};
  const int failed = pictures_plugin().decode(bytes.data(), bytes.size(), grey ? 1 : 0, make_room,
                                              &picture, reason.data(), reason.size());
  if (failed == 0) return "";
  return reason[0] == 0 ? "for no reason that the decoder gives" : reason.data();
}

}  // namespace

Picture decode_picture(const std::vector<std::uint8_t>& bytes, const std::string& name, bool grey) {
  PictureHeader header = check_header(bytes, name);
  Picture picture;
  if (const std::string reason = decode(header, bytes, grey, picture); !reason.empty())
    throw Error(ErrorCode::corrupt_data, "image " + name + ": cannot be decoded: " + reason);
  if (picture.size() != header.stored)
    throw Error(ErrorCode::corrupt_data,
                "image " + name + ": cannot be decoded: its size differs from its header's");
  return turn_upright(std::move(picture), header);
}

}  // namespace tamis
