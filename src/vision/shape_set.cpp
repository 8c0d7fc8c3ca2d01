#include "vision/shape_set.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace tamis {

double letterbox_scale(Size picture, Size shape) {
  return std::min(static_cast<double>(shape.height) / picture.height,
                  static_cast<double>(shape.width) / picture.width);
}

Size scaled_size(Size picture, double scale) {
  auto side = [scale](int length) {
    return std::max(static_cast<int>(std::nearbyint(length * scale)), 1);
  };
  return {side(picture.height), side(picture.width)};
}

std::size_t shape_for(Size picture, const std::vector<Size>& shapes) {
  double scale = 0;
  for (const Size& shape : shapes) scale = std::max(scale, letterbox_scale(picture, shape));
  const Size needed = scaled_size(picture, scale);
  auto area = [&](std::size_t i) {
    return std::int64_t{shapes[i].height} * std::int64_t{shapes[i].width};
  };
  std::size_t best = shapes.size();
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const bool holds = needed.height <= shapes[i].height && needed.width <= shapes[i].width;
    if (holds && (best == shapes.size() || area(i) < area(best))) best = i;
  }
  return best == shapes.size() ? 0 : best;
}

}  // namespace tamis
