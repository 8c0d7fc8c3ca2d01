#pragma once

#include <span>
#include <vector>

#include "base/json.h"

namespace tamis {

/// What is kept of one classified item: enough to recompute every figure and to pair two variants.
struct ClassRecord {
  int truth = 0;
  std::vector<int> top;  ///< up to five classes, best first; ties by lower class index
  bool top1() const { return !top.empty() && top[0] == truth; }
  bool top5() const;
};

/// The five best classes of a row of scores (logits or probabilities).
std::vector<int> top_classes(std::span<const float> scores, int count = 5);

/// The probabilities of some classes of a row of scores: the scores themselves where they are
/// probabilities already (all within [0, 1], their sum within a tenth of 1: quantised ones are
/// rounded), else their softmax. Empty where the highest score is not finite.
std::vector<float> class_probabilities(std::span<const float> scores, std::span<const int> classes);

struct ClassificationFigures {
  double top1 = 0, top5 = 0;
  std::vector<double> per_class;  ///< recall of each class; NaN where it has no item
};
ClassificationFigures score_classification(std::span<const ClassRecord> records);
Json to_json(const ClassificationFigures& figures);

}  // namespace tamis
