#pragma once

#include <cstddef>
#include <cstdint>

/// The C interface of the plugin tamis-pictures.so. No exception and no ownership crosses it.
extern "C" {

/// Raised whenever anything below changes.
inline constexpr int kTamisPicturesAbi = 2;

/// Gives the plugin room for height * width * channels bytes, owned by the caller; null ends the
/// decoding.
typedef std::uint8_t* (*TamisPictureRoom)(void* context, int height, int width, int channels);

/// `int tamis_pictures_abi()`: the plugin's kTamisPicturesAbi.
typedef int (*TamisPicturesAbi)();

/// `tamis_pictures_decode`: decodes to 8-bit RGB (or one grey channel), rows without padding,
/// orientation as stored. Returns 0, or another value and a reason (NUL-terminated, cut at
/// reason_size) in `reason`. Thread safe.
typedef int (*TamisPicturesDecode)(const std::uint8_t* bytes, std::size_t size, int grey,
                                   TamisPictureRoom room, void* context, char* reason,
                                   std::size_t reason_size);

/// Gives the plugin room for `size` bytes, owned by the caller; null ends the encoding.
typedef std::uint8_t* (*TamisBytesRoom)(void* context, std::size_t size);

/// 8-bit pixels as `tamis_pictures_decode` gives them: RGB, or one grey channel.
struct TamisRaster {
  const std::uint8_t* pixels;
  int height, width, channels;
};

/// `tamis_pictures_encode`: makes a JPEG file of quality 1..100. Returns and explains as decoding
/// does. Thread safe.
typedef int (*TamisPicturesEncode)(const TamisRaster* raster, int quality, TamisBytesRoom room,
                                   void* context, char* reason, std::size_t reason_size);
}
