#include "vision/score_map.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/error.h"

namespace tamis {
namespace {

/// The two cells around each pixel of one axis, and how much of the second.
struct Between {
  std::size_t first, second;
  float share;
};

std::vector<Between> axis(int pixels, double scale, double pad, int input, int cells) {
  std::vector<Between> out(static_cast<std::size_t>(pixels));
  for (int i = 0; i < pixels; ++i) {
    const double in_input = (i + 0.5) * scale + pad;
    const double at = std::clamp(in_input * cells / input - 0.5, 0.0, cells - 1.0);
    const auto first = static_cast<std::size_t>(at);
    out[static_cast<std::size_t>(i)] = {first,
                                        std::min(first + 1, static_cast<std::size_t>(cells) - 1),
                                        static_cast<float>(at - std::floor(at))};
  }
  return out;
}

}  // namespace

std::vector<float> map_to_picture(std::span<const float> map, Size size,
                                  const Placement& placement) {
  const auto width = static_cast<std::size_t>(std::max(size.width, 0));
  if (map.empty() || map.size() != static_cast<std::size_t>(std::max(size.height, 0)) * width)
    throw Error(ErrorCode::invalid_argument,
                "map to image: " + std::to_string(map.size()) + " values for a map of " +
                    std::to_string(size.height) + " x " + std::to_string(size.width));
  const auto rows = axis(placement.picture.height, placement.scale_y, placement.pad_y,
                         placement.input.height, size.height);
  const auto columns = axis(placement.picture.width, placement.scale_x, placement.pad_x,
                            placement.input.width, size.width);
  std::vector<float> out;
  out.reserve(rows.size() * columns.size());
  for (const Between& y : rows) {
    const float* top = map.data() + y.first * width;
    const float* bottom = map.data() + y.second * width;
    for (const Between& x : columns) {
      const float above = top[x.first] + (top[x.second] - top[x.first]) * x.share;
      const float below = bottom[x.first] + (bottom[x.second] - bottom[x.first]) * x.share;
      out.push_back(above + (below - above) * y.share);
    }
  }
  return out;
}

}  // namespace tamis
