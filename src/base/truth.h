#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/geometry.h"

namespace tamis {

/// A labelled object of a picture, in its pixels. Crowd regions and area follow COCO.
struct TruthBox {
  Box box;
  int label = 0;
  bool crowd = false;
  double area = 0;  ///< square pixels; COCO's own value where given, else the mask's or the box's
  std::string mask{};  ///< the text form of base/mask.h; empty: unknown or not loaded
};

/// Whether something is wrong with what a picture shows, and where.
struct AnomalyTruth {
  std::string kind = "good";                  ///< "good", or the defect's name
  std::optional<std::filesystem::path> mask;  ///< a picture of the same size, not 0 where defective
  bool defective() const { return kind != "good"; }
};

/// What is known to be true of an item. Absent members are unknown (unlabelled folder).
struct Truth {
  std::optional<int> label;                    ///< classification
  std::optional<std::vector<TruthBox>> boxes;  ///< detection; empty vector = known to be empty
  Size mask_size{};                            ///< of all the boxes' masks, the picture's own
  std::optional<AnomalyTruth> anomaly = {};    ///< good or defective
  /// Classes with their probabilities, best first, where a model's answer stands for the truth.
  std::vector<std::pair<int, float>> likely{};
};

/// How much of the truth is read: masks are most of a dataset's bytes, and few tasks need them.
enum class TruthDetail { boxes, masks };

}  // namespace tamis
