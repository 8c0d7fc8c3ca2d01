#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "base/geometry.h"

namespace tamis {

/// Pictures above this many pixels are refused before they are decoded.
inline constexpr std::int64_t kMaxPicturePixels = std::int64_t{1} << 28;

/// What the first bytes of an encoded picture say.
struct PictureHeader {
  std::string format;   ///< jpeg, png, bmp, webp, pnm, tiff
  Size stored;          ///< pixels as stored
  int orientation = 1;  ///< EXIF 1..8 of JPEG and PNG; 1 = upright
  /// Pixels after the orientation is applied.
  Size upright() const;
};

/// Reads the header of a JPEG, PNG, BMP, WebP, PNM (P1..P6) or TIFF picture. Absent when the bytes
/// are none of these or end too early. Never reads outside `bytes`; sizes are as the file claims,
/// unchecked. Thread safe. Sources: ITU-T T.81, PNG (W3C), EXIF 2.32, RFC 9649 (WebP), TIFF 6.0.
std::optional<PictureHeader> parse_picture_header(std::span<const std::uint8_t> bytes);

/// The same from a file, reading its first part only where that suffices. Absent when it is no
/// picture or cannot be read.
std::optional<PictureHeader> probe_picture_header(const std::filesystem::path& file);

/// The same, absent also for pictures that decode_picture would refuse for their size.
std::optional<PictureHeader> probe_sane_header(const std::filesystem::path& file);

/// Whether the name ends like a picture that Tamis reads (.jpg .jpeg .png .bmp .webp .tif .tiff
/// .ppm .pgm), in any case.
bool is_picture_name(const std::filesystem::path& file);

}  // namespace tamis
