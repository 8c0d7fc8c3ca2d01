#include "vision/to_picture.h"

#include <algorithm>
#include <cmath>

namespace tamis {

bool is_finite(const Detection& d) {
  return std::isfinite(d.score) && std::isfinite(d.box.x0) && std::isfinite(d.box.y0) &&
         std::isfinite(d.box.x1) && std::isfinite(d.box.y1);
}

Box to_picture(const Box& box, const Placement& p) {
  auto map = [](float v, double pad, double scale, int size) {
    return static_cast<float>(std::clamp((v - pad) / scale, 0.0, static_cast<double>(size)));
  };
  return {map(box.x0, p.pad_x, p.scale_x, p.picture.width),
          map(box.y0, p.pad_y, p.scale_y, p.picture.height),
          map(box.x1, p.pad_x, p.scale_x, p.picture.width),
          map(box.y1, p.pad_y, p.scale_y, p.picture.height)};
}

}  // namespace tamis
