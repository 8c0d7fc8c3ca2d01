#include "base/geometry.h"

#include <algorithm>

namespace tamis {

float intersection(const Box& a, const Box& b) {
  float w = std::min(a.x1, b.x1) - std::max(a.x0, b.x0);
  float h = std::min(a.y1, b.y1) - std::max(a.y0, b.y0);
  return (w > 0 && h > 0) ? w * h : 0;
}

float iou(const Box& a, const Box& b) {
  float shared = intersection(a, b);
  float all = a.area() + b.area() - shared;
  return all > 0 ? shared / all : 0;
}

}  // namespace tamis
