#pragma once

#include <string>

#include "base/geometry.h"
#include "base/json.h"
#include "card/card.h"
#include "tasks/task.h"

namespace tamis {

/// Class `label` by name, else "class 7".
std::string class_name(const Card& card, int label);

/// Whether an object is sure enough to be shown and written.
inline bool is_shown(const Detection& object, double min_score) {
  return static_cast<double>(object.score) >= min_score;
}

/// What the model says of one image: {"image", "width", "height"} and
/// - classify: "classes": [{"class", "name", "probability"}], best first;
/// - detect, segment: "objects": [{"class", "name", "score", "box": [x0, y0, x1, y1]}], falling
///   score, in the image's pixels, x to the right and y down; segment also "mask": {"size":
///   [height, width], "counts"}, COCO's compressed run lengths;
/// - anomaly: "score", "threshold" and "anomalous" (null where the card has no threshold).
/// Pure; safe from any thread.
Json prediction_json(const Card& card, const std::string& image, Size size,
                     const Prediction& prediction, double min_score);

}  // namespace tamis
