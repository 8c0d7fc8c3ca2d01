#pragma once

#include <vector>

namespace tamis {

/// Height and width in pixels.
struct Size {
  int height = 0;
  int width = 0;
  bool operator==(const Size&) const = default;
};

/// Half-open x0,y0,x1,y1 in pixels; x to the right, y down.
struct Box {
  float x0 = 0, y0 = 0, x1 = 0, y1 = 0;
  float area() const { return (x1 > x0 && y1 > y0) ? (x1 - x0) * (y1 - y0) : 0; }
  bool operator==(const Box&) const = default;
};

/// Intersection over union in [0, 1]; 0 when either box is empty.
float iou(const Box& a, const Box& b);

/// Area of the intersection, square pixels.
float intersection(const Box& a, const Box& b);

/// One predicted object in the pixels of the original picture.
struct Detection {
  Box box;
  float score = 0;
  int label = 0;
};

}  // namespace tamis
