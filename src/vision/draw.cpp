#include "vision/draw.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "base/error.h"

namespace tamis {
namespace {

constexpr int kFont = cv::FONT_HERSHEY_SIMPLEX;
constexpr double kFontScale = 0.42;
constexpr int kTitleHeight = 24;
constexpr int kLargestEnlargement = 8;

/// The picture's own memory as a matrix; channels in the picture's order.
cv::Mat view(Picture& picture) {
  return {picture.height, picture.width, picture.channels == 1 ? CV_8UC1 : CV_8UC3,
          picture.pixels.data()};
}

cv::Mat view(const Picture& picture) { return view(const_cast<Picture&>(picture)); }

Picture make_picture(Size size, std::uint8_t value) {
  Picture out{size.height, size.width, 3, {}};
  out.pixels.assign(
      static_cast<std::size_t>(size.height) * static_cast<std::size_t>(size.width) * 3, value);
  return out;
}

cv::Scalar scalar(Colour c) {
  return {static_cast<double>(c.r), static_cast<double>(c.g), static_cast<double>(c.b)};
}

std::string ascii(const std::string& text) {
  std::string out;
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7F) out += c;
    if (byte >= 0xC0) out += '?';  // the first byte of a longer code point
  }
  return out;
}

void dashed_line(cv::Mat& canvas, cv::Point from, cv::Point to, const cv::Scalar& colour,
                 int width) {
  constexpr double kDash = 5;
  const double length = std::hypot(to.x - from.x, to.y - from.y);
  for (double at = 0; at < length; at += 2 * kDash) {
    const double end = std::min(length, at + kDash);
    const auto point = [&](double t) {
      return cv::Point(from.x + static_cast<int>(std::lround((to.x - from.x) * t / length)),
                       from.y + static_cast<int>(std::lround((to.y - from.y) * t / length)));
    };
    cv::line(canvas, point(at), point(end), colour, width);
  }
}

/// 255 inside, stretched to the canvas' size.
cv::Mat stretched(const Mask& mask, const Picture& canvas) {
  cv::Mat columns = cv::Mat::zeros(mask.size.width, mask.size.height, CV_8UC1);
  std::uint8_t* at = columns.ptr<std::uint8_t>(0);
  for (std::size_t i = 0; i < mask.runs.size(); ++i) {
    std::fill_n(at, mask.runs[i], static_cast<std::uint8_t>(i % 2 == 1 ? 255 : 0));
    at += mask.runs[i];
  }
  cv::Mat rows, out;
  cv::transpose(columns, rows);
  cv::resize(rows, out, {canvas.width, canvas.height}, 0, 0, cv::INTER_NEAREST);
  return out;
}

void mix(std::uint8_t* pixel, Colour colour, double share) {
  const std::uint8_t to[3] = {colour.r, colour.g, colour.b};
  for (int c = 0; c < 3; ++c)
    pixel[c] = static_cast<std::uint8_t>(std::lround(pixel[c] * (1 - share) + to[c] * share));
}

/// From clear blue over yellow to red.
Colour heat_colour(float value) {
  const float v = std::clamp(value, 0.0f, 1.0f);
  const auto ramp = [v](float centre) {
    const float level = std::clamp(1.5f - std::abs(4 * v - centre), 0.0f, 1.0f);
    return static_cast<std::uint8_t>(std::lround(255 * level));
  };
  return {ramp(3), ramp(2), ramp(1)};
}

}  // namespace

Picture fit_into(const Picture& picture, Size room) {
  if (picture.height <= 0 || picture.width <= 0)
    throw Error(ErrorCode::invalid_argument, "draw: the image has no pixels");
  cv::Mat rgb = view(picture);
  if (picture.channels == 1) {
    cv::Mat three;
    cv::cvtColor(rgb, three, cv::COLOR_GRAY2RGB);
    rgb = three;
  }
  double scale = std::min(static_cast<double>(room.width) / picture.width,
                          static_cast<double>(room.height) / picture.height);
  if (scale > 1) scale = std::min(std::floor(scale), static_cast<double>(kLargestEnlargement));
  const Size size{std::max(1, static_cast<int>(std::lround(picture.height * scale))),
                  std::max(1, static_cast<int>(std::lround(picture.width * scale)))};
  Picture out = make_picture(size, 0);
  cv::Mat to = view(out);
  cv::resize(rgb, to, to.size(), 0, 0, scale > 1 ? cv::INTER_NEAREST : cv::INTER_AREA);
  return out;
}

void draw_box(Picture& canvas, const Box& box, Colour colour, int width, Line line) {
  cv::Mat to = view(canvas);
  const auto whole = [](float v, int size) {
    return std::clamp(static_cast<int>(std::lround(v)), 0, size - 1);
  };
  const cv::Point a(whole(box.x0, canvas.width), whole(box.y0, canvas.height)),
      b(whole(box.x1, canvas.width), whole(box.y1, canvas.height));
  if (line == Line::solid) {
    cv::rectangle(to, a, b, scalar(colour), width);
    return;
  }
  const cv::Point corners[] = {a, {b.x, a.y}, b, {a.x, b.y}, a};
  for (int i = 0; i < 4; ++i) dashed_line(to, corners[i], corners[i + 1], scalar(colour), width);
}

void draw_tag(Picture& canvas, int x, int y, const std::string& text, Colour ground) {
  const std::string shown = ascii(text);
  int below = 0;
  const cv::Size size = cv::getTextSize(shown, kFont, kFontScale, 1, &below);
  const int width = size.width + 6, height = size.height + below + 3;
  const int left = std::clamp(x, 0, std::max(0, canvas.width - width));
  const int top = std::clamp(y - height, 0, std::max(0, canvas.height - height));
  cv::Mat to = view(canvas);
  cv::rectangle(to, cv::Rect(left, top, width, height), scalar(ground), cv::FILLED);
  const bool bright = ground.r * 3 + ground.g * 6 + ground.b > 1500;
  cv::putText(to, shown, {left + 3, top + height - below - 1}, kFont, kFontScale,
              bright ? cv::Scalar(0, 0, 0) : cv::Scalar(255, 255, 255), 1, cv::LINE_AA);
}

void tint_mask(Picture& canvas, const Mask& mask, Colour colour, double share) {
  const cv::Mat inside = stretched(mask, canvas);
  for (int y = 0; y < canvas.height; ++y)
    for (int x = 0; x < canvas.width; ++x)
      if (inside.at<std::uint8_t>(y, x) != 0)
        mix(&canvas.pixels[(static_cast<std::size_t>(y) * canvas.width + x) * 3], colour, share);
}

void outline_mask(Picture& canvas, const Mask& mask, Colour colour, int width) {
  std::vector<std::vector<cv::Point>> outlines;
  cv::findContours(stretched(mask, canvas), outlines, cv::RETR_CCOMP, cv::CHAIN_APPROX_SIMPLE);
  cv::Mat to = view(canvas);
  cv::drawContours(to, outlines, -1, scalar(colour), width, cv::LINE_AA);
}

void blend_heat(Picture& canvas, std::span<const float> map, Size size) {
  if (map.size() != static_cast<std::size_t>(size.height) * static_cast<std::size_t>(size.width) ||
      map.empty())
    throw Error(ErrorCode::invalid_argument, "draw: the map's values are not of its size");
  constexpr double kMost = 0.62;
  const cv::Mat cells(size.height, size.width, CV_32FC1, const_cast<float*>(map.data()));
  cv::Mat heat;
  cv::resize(cells, heat, {canvas.width, canvas.height}, 0, 0, cv::INTER_LINEAR);
  for (int y = 0; y < canvas.height; ++y)
    for (int x = 0; x < canvas.width; ++x) {
      const float v = std::clamp(heat.at<float>(y, x), 0.0f, 1.0f);
      mix(&canvas.pixels[(static_cast<std::size_t>(y) * canvas.width + x) * 3], heat_colour(v),
          kMost * std::sqrt(static_cast<double>(v)));
    }
}

Picture with_title(const Picture& picture, const std::string& title) {
  Picture out = make_picture({picture.height + kTitleHeight, picture.width}, 255);
  cv::Mat to = view(out);
  view(picture).copyTo(to(cv::Rect(0, kTitleHeight, picture.width, picture.height)));
  cv::putText(to, ascii(title), {2, kTitleHeight - 8}, kFont, kFontScale + 0.03,
              cv::Scalar(40, 46, 52), 1, cv::LINE_AA);
  return out;
}

Picture side_by_side(const Picture& left, const Picture& right, int gap) {
  Picture out =
      make_picture({std::max(left.height, right.height), left.width + gap + right.width}, 255);
  cv::Mat to = view(out);
  view(left).copyTo(to(cv::Rect(0, 0, left.width, left.height)));
  view(right).copyTo(to(cv::Rect(left.width + gap, 0, right.width, right.height)));
  return out;
}

}  // namespace tamis
