#include <algorithm>
#include <cstdio>
#include <exception>
#include <opencv2/imgcodecs.hpp>
#include <span>
#include <string>
#include <vector>

#include "data/pictures/pictures_abi.h"

namespace tamis {
namespace {

void copy_rgb(const cv::Mat& bgr, std::uint8_t* to) {
  for (int y = 0; y < bgr.rows; ++y) {
    const std::uint8_t* from = bgr.ptr<std::uint8_t>(y);
    for (int x = 0; x < bgr.cols; ++x, from += 3, to += 3) {
      to[0] = from[2];
      to[1] = from[1];
      to[2] = from[0];
    }
  }
}

void copy_grey(const cv::Mat& grey, std::uint8_t* to) {
  for (int y = 0; y < grey.rows; ++y, to += grey.cols)
    std::copy_n(grey.ptr<std::uint8_t>(y), grey.cols, to);
}

/// Orientation is the caller's affair.
std::string decode_with_opencv(std::span<const std::uint8_t> bytes, bool grey,
                               TamisPictureRoom room, void* context) {
  cv::Mat encoded(1, static_cast<int>(bytes.size()), CV_8U,
                  const_cast<std::uint8_t*>(bytes.data()));
  int how = (grey ? cv::IMREAD_GRAYSCALE : cv::IMREAD_COLOR) | cv::IMREAD_IGNORE_ORIENTATION;
  cv::Mat picture = cv::imdecode(encoded, how);
  if (picture.empty()) return "damaged or of a kind that the decoder does not know";
  std::uint8_t* pixels = room(context, picture.rows, picture.cols, grey ? 1 : 3);
  if (pixels == nullptr) return "no memory for its pixels";
  grey ? copy_grey(picture, pixels) : copy_rgb(picture, pixels);
  return "";
}

std::string decode(std::span<const std::uint8_t> bytes, bool grey, TamisPictureRoom room,
                   void* context) {
  try {
    return decode_with_opencv(bytes, grey, room, context);
  } catch (const std::exception& e) {
    return std::string("decoder failed: ") + e.what();
  }
}

cv::Mat as_bgr(const TamisRaster& raster) {
  const int type = raster.channels == 1 ? CV_8UC1 : CV_8UC3;
  cv::Mat bgr(raster.height, raster.width, type);
  const std::uint8_t* from = raster.pixels;
  const int step = raster.channels;
  for (int y = 0; y < bgr.rows; ++y) {
    std::uint8_t* to = bgr.ptr<std::uint8_t>(y);
    for (int x = 0; x < bgr.cols; ++x, from += step, to += step)
      for (int c = 0; c < step; ++c) to[c] = from[step - 1 - c];
  }
  return bgr;
}

std::string encode(const TamisRaster& raster, int quality, TamisBytesRoom room, void* context) {
  try {
    std::vector<std::uint8_t> bytes;
    if (!cv::imencode(".jpg", as_bgr(raster), bytes, {cv::IMWRITE_JPEG_QUALITY, quality}))
      return "the encoder refused it";
    std::uint8_t* to = room(context, bytes.size());
    if (to == nullptr) return "no memory for its bytes";
    std::copy(bytes.begin(), bytes.end(), to);
    return "";
  } catch (const std::exception& e) {
    return std::string("encoder failed: ") + e.what();
  }
}

}  // namespace
}  // namespace tamis

extern "C" {

__attribute__((visibility("default"))) int tamis_pictures_abi() { return kTamisPicturesAbi; }

__attribute__((visibility("default"))) int tamis_pictures_decode(const std::uint8_t* bytes,
                                                                 std::size_t size, int grey,
                                                                 TamisPictureRoom room,
                                                                 void* context, char* reason,
                                                                 std::size_t reason_size) {
  std::string failure = tamis::decode({bytes, size}, grey != 0, room, context);
  std::snprintf(reason, reason_size, "%s", failure.c_str());
  return failure.empty() ? 0 : 1;
}

__attribute__((visibility("default"))) int tamis_pictures_encode(const TamisRaster* raster,
                                                                 int quality, TamisBytesRoom room,
                                                                 void* context, char* reason,
                                                                 std::size_t reason_size) {
  std::string failure = tamis::encode(*raster, quality, room, context);
  std::snprintf(reason, reason_size, "%s", failure.c_str());
  return failure.empty() ? 0 : 1;
}
}
