#include <algorithm>
#include <cmath>
#include <cstdint>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "base/error.h"
#include "vision/preprocess.h"

namespace tamis {
namespace {

// Pillow's fixed point: weights of 22 bits, so that 8 bits of pixel and their sum fit into 32.
constexpr int kPrecisionBits = 32 - 8 - 2;

/// For each output position, the first input position and the weights of those from there on.
struct Weights {
  int most = 0;  ///< room for this many weights per output position
  std::vector<int> first, count;
  std::vector<std::int32_t> values;
  const std::int32_t* at(int i) const { return values.data() + static_cast<std::size_t>(i) * most; }
};

// Pillow 11 src/libImaging/Resample.c, precompute_coeffs and normalize_coeffs_8bpc, for the
// triangle filter.
Weights triangle_weights(int in, int out) {
  double scale = static_cast<double>(in) / out;
  double support = std::max(scale, 1.0);
  Weights w;
  w.most = static_cast<int>(std::ceil(support)) * 2 + 1;
  w.first.resize(out);
  w.count.resize(out);
  w.values.resize(static_cast<std::size_t>(out) * w.most);
  std::vector<double> raw(w.most);
  for (int i = 0; i < out; ++i) {
    double center = (i + 0.5) * scale;
    int first = std::max(static_cast<int>(std::floor(center - support + 0.5)), 0);
    int count = std::min(static_cast<int>(std::floor(center + support + 0.5)), in) - first;
    double sum = 0;
    for (int x = 0; x < count; ++x) {
      raw[x] = std::max(1.0 - std::abs((x + first - center + 0.5) * (1.0 / support)), 0.0);
      sum += raw[x];
    }
    for (int x = 0; x < count; ++x)
      w.values[static_cast<std::size_t>(i) * w.most + x] =
          static_cast<std::int32_t>(std::floor(0.5 + raw[x] / sum * (1 << kPrecisionBits)));
    w.first[i] = first;
    w.count[i] = count;
  }
  return w;
}

std::uint8_t to_grey_level(std::int32_t sum) {
  return static_cast<std::uint8_t>(std::clamp(sum >> kPrecisionBits, 0, 255));
}

constexpr std::int32_t kHalf = 1 << (kPrecisionBits - 1);

template <int channels>
void resample_row(const std::uint8_t* in, const Weights& w, int width, std::uint8_t* out) {
  for (int x = 0; x < width; ++x, out += channels) {
    const std::int32_t* weights = w.at(x);
    const std::uint8_t* p = in + static_cast<std::size_t>(w.first[x]) * channels;
    std::int32_t sum[channels];
    std::fill_n(sum, channels, kHalf);
    for (int i = 0; i < w.count[x]; ++i, p += channels)
      for (int c = 0; c < channels; ++c) sum[c] += p[c] * weights[i];
    for (int c = 0; c < channels; ++c) out[c] = to_grey_level(sum[c]);
  }
}

Picture resample_width(const Picture& in, int width) {
  Picture out{in.height, width, in.channels, {}};
  out.pixels.resize(static_cast<std::size_t>(in.height) * width * in.channels);
  Weights w = triangle_weights(in.width, width);
  for (int y = 0; y < in.height; ++y) {
    const std::uint8_t* from =
        in.pixels.data() + static_cast<std::size_t>(y) * in.width * in.channels;
    std::uint8_t* to = out.pixels.data() + static_cast<std::size_t>(y) * width * in.channels;
    in.channels == 3 ? resample_row<3>(from, w, width, to) : resample_row<1>(from, w, width, to);
  }
  return out;
}

Picture resample_height(const Picture& in, int height) {
  std::size_t row = static_cast<std::size_t>(in.width) * in.channels;
  Picture out{height, in.width, in.channels, {}};
  out.pixels.resize(height * row);
  Weights w = triangle_weights(in.height, height);
  std::vector<std::int32_t> sums(row);
  for (int y = 0; y < height; ++y) {
    std::fill(sums.begin(), sums.end(), kHalf);
    for (int i = 0; i < w.count[y]; ++i) {
      const std::uint8_t* from = in.pixels.data() + (w.first[y] + i) * row;
      std::int32_t weight = w.at(y)[i];
      for (std::size_t x = 0; x < row; ++x) sums[x] += from[x] * weight;
    }
    std::uint8_t* to = out.pixels.data() + y * row;
    for (std::size_t x = 0; x < row; ++x) to[x] = to_grey_level(sums[x]);
  }
  return out;
}

void check(const char* operation, const Picture& picture, Size size) {
  auto fail = [&](const std::string& what) {
    throw Error(ErrorCode::invalid_argument, std::string(operation) + ": " + what);
  };
  if (picture.channels != 1 && picture.channels != 3)
    fail("an image has 1 or 3 channels, got " + std::to_string(picture.channels));
  if (picture.height < 1 || picture.width < 1) fail("the image is empty");
  if (picture.pixels.size() !=
      static_cast<std::size_t>(picture.height) * picture.width * picture.channels)
    fail("the image's bytes do not fit its size");
  if (size.height < 1 || size.width < 1)
    fail("the size must be at least 1x1, got " + std::to_string(size.height) + "x" +
         std::to_string(size.width));
}

cv::Mat as_mat(const Picture& picture) {
  // OpenCV does not write to the source of a resize.
  return {picture.height, picture.width, CV_MAKETYPE(CV_8U, picture.channels),
          const_cast<std::uint8_t*>(picture.pixels.data())};
}

/// Resizes into a rectangle of `out` (its rows lie `out`'s whole width apart).
void resize_into(const Picture& picture, cv::Mat rectangle) {
  // One thread: OpenCV's pool would reach into the time of whatever is measured next.
  static const bool once = (cv::setNumThreads(1), true);
  static_cast<void>(once);
  if (picture.size() == Size{rectangle.rows, rectangle.cols})
    as_mat(picture).copyTo(rectangle);
  else
    cv::resize(as_mat(picture), rectangle, rectangle.size(), 0, 0, cv::INTER_LINEAR);
}

// Python's round: halves go to the even neighbour (the default rounding mode).
int python_round(double x) { return static_cast<int>(std::nearbyint(x)); }

Picture blank(Size size, int channels, int level) {
  Picture out{size.height, size.width, channels, {}};
  out.pixels.assign(static_cast<std::size_t>(size.height) * size.width * channels,
                    static_cast<std::uint8_t>(level));
  return out;
}

}  // namespace

Picture resize_antialiased(const Picture& picture, Size size) {
  check("resize_antialiased", picture, size);
  if (picture.width == size.width)
    return picture.height == size.height ? picture : resample_height(picture, size.height);
  Picture wide = resample_width(picture, size.width);
  return picture.height == size.height ? wide : resample_height(wide, size.height);
}

Picture letterbox(const Picture& picture, Size size, int pad, Placement& placement) {
  check("letterbox", picture, size);
  double ratio = std::min(static_cast<double>(size.height) / picture.height,
                          static_cast<double>(size.width) / picture.width);
  int width = std::max(python_round(picture.width * ratio), 1);
  int height = std::max(python_round(picture.height * ratio), 1);
  int left = python_round((size.width - width) / 2.0 - 0.1);
  int top = python_round((size.height - height) / 2.0 - 0.1);
  Picture out = blank(size, picture.channels, pad);
  resize_into(picture, as_mat(out)(cv::Rect(left, top, width, height)));
  placement = {picture.size(),          size, ratio, ratio, static_cast<double>(left),
               static_cast<double>(top)};
  return out;
}

Picture letterbox_top_left(const Picture& picture, Size size, int pad, Placement& placement) {
  check("letterbox_top_left", picture, size);
  double ratio = std::min(static_cast<double>(size.height) / picture.height,
                          static_cast<double>(size.width) / picture.width);
  int width = std::max(static_cast<int>(picture.width * ratio), 1);
  int height = std::max(static_cast<int>(picture.height * ratio), 1);
  Picture out = blank(size, picture.channels, pad);
  resize_into(picture, as_mat(out)(cv::Rect(0, 0, width, height)));
  placement = {picture.size(), size, ratio, ratio, 0, 0};
  return out;
}

Picture center_crop(const Picture& picture, int short_side, Size size, Placement& placement) {
  check("center_crop", picture, size);
  if (short_side < 1)
    throw Error(
        ErrorCode::invalid_argument,
        "center_crop: the short side must be at least 1, got " + std::to_string(short_side));
  bool wide = picture.width > picture.height;
  std::int64_t long_side = static_cast<std::int64_t>(short_side) *
                           std::max(picture.width, picture.height) /
                           std::min(picture.width, picture.height);
  int far = static_cast<int>(long_side);
  Picture resized =
      resize_antialiased(picture, wide ? Size{short_side, far} : Size{far, short_side});
  // Where the resized picture is the smaller one, torchvision pads with black, the odd pixel at the
  // far side: an offset of its own rounding.
  auto offset = [](int have, int want) {
    return have < want ? -((want - have) / 2) : python_round((have - want) / 2.0);
  };
  int x0 = offset(resized.width, size.width), y0 = offset(resized.height, size.height);
  Picture out = blank(size, picture.channels, 0);
  int from_x = std::max(x0, 0), to_x = std::max(-x0, 0);
  int from_y = std::max(y0, 0), to_y = std::max(-y0, 0);
  int w = std::min(resized.width, size.width), h = std::min(resized.height, size.height);
  as_mat(resized)(cv::Rect(from_x, from_y, w, h)).copyTo(as_mat(out)(cv::Rect(to_x, to_y, w, h)));
  placement = {picture.size(),
               size,
               static_cast<double>(resized.width) / picture.width,
               static_cast<double>(resized.height) / picture.height,
               static_cast<double>(-x0),
               static_cast<double>(-y0)};
  return out;
}

Picture stretch(const Picture& picture, Size size, Placement& placement) {
  Picture out = resize_antialiased(picture, size);
  placement = {picture.size(),
               size,
               static_cast<double>(size.width) / picture.width,
               static_cast<double>(size.height) / picture.height,
               0,
               0};
  return out;
}

}  // namespace tamis
