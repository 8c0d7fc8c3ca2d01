#include "tasks/closeness.h"

#include <algorithm>
#include <cmath>

namespace tamis {
namespace {

constexpr float kLeastScore = 0.1F;

std::optional<double> one_way(const std::vector<Detection>& from,
                              const std::vector<Detection>& to) {
  double sum = 0, count = 0;
  for (const Detection& box : from) {
    if (box.score < kLeastScore) continue;
    double best = 0;
    for (const Detection& other : to) {
      if (other.label != box.label) continue;
      const double moved =
          std::abs(static_cast<double>(box.score) - static_cast<double>(other.score));
      best = std::max(best, static_cast<double>(iou(box.box, other.box)) * (1 - moved));
    }
    sum += best;
    count += 1;
  }
  if (count == 0) return std::nullopt;
  return sum / count;
}

}  // namespace

std::optional<double> box_closeness(const Prediction& a, const Prediction& b) {
  const std::optional<double> there = one_way(a.boxes, b.boxes), back = one_way(b.boxes, a.boxes);
  if (there && back) return (*there + *back) / 2;
  return there ? there : back;
}

}  // namespace tamis
