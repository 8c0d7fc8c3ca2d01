#pragma once

#include <optional>
#include <vector>

#include "base/geometry.h"

namespace tamis {

/// A labelled object of a picture, in its pixels. Crowd regions and area follow COCO.
struct TruthBox {
  Box box;
  int label = 0;
  bool crowd = false;
  double area = 0;  ///< square pixels; COCO's own value where given, else the box's
};

/// What is known to be true of an item. Absent members are unknown (unlabelled folder).
struct Truth {
  std::optional<int> label;                    ///< classification
  std::optional<std::vector<TruthBox>> boxes;  ///< detection; empty vector = known to be empty
};

}  // namespace tamis
