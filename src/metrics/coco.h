#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/geometry.h"
#include "base/json.h"
#include "base/truth.h"

namespace tamis {

/// COCO's figures; absent where there is no ground truth for them (pycocotools' -1).
struct CocoFigures {
  std::optional<double> map50_95, map50, map75, map_small, map_medium, map_large;
  std::optional<double> recall_1, recall_10, recall_100;
  std::vector<std::optional<double>> per_class;  ///< AP 50-95 per class
};
Json to_json(const CocoFigures& figures);

/// COCO evaluation of boxes, equal to pycocotools' COCOeval (iouType bbox, maxDets 1/10/100 … `max_detections` as the last) to 1e-6 on the same detections: crowd, ignore, area ranges, empty pictures, 101-point interpolation.
/// Matching is done once per picture; figures for any multiset of the pictures then need no matching again (bootstrap).
class CocoEvaluation {
 public:
  explicit CocoEvaluation(int max_detections = 100) : max_detections_(max_detections) {}
  void add(std::span<const TruthBox> truth, std::span<const Detection> detections);
  std::size_t pictures() const { return picture_count_; }

  /// All figures over the pictures added so far.
  CocoFigures figures() const;

  /// mAP 50-95 where picture i counts weights[i] times. weights.size() == pictures(). Classes without ground truth in the resample are left out. Quick: called thousands of times (target: < 1 ms for 128 pictures, 80 classes, 300 detections each → sort once, walk with weights).
  /// Not thread safe with add(); several threads may call it.
  double weighted_map(std::span<const std::uint32_t> weights) const;

 private:
  int max_detections_;
  std::size_t picture_count_ = 0;
  // … the helper who implements this fills in the rest.
};

}  // namespace tamis
