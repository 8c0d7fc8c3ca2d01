#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/geometry.h"
#include "base/json.h"
#include "base/truth.h"

namespace tamis {

/// COCO's figures, fractions; absent where there is no ground truth for them (pycocotools' -1).
/// Precision and the last recalls are at max_detections.
struct CocoFigures {
  std::optional<double> map50_95, map50, map75, map_small, map_medium, map_large;
  /// At 1, 10 and 100 detections per class and picture (or max_detections, if fewer).
  std::optional<double> recall_1, recall_10, recall_100;
  std::optional<double> recall_max, recall_small, recall_medium, recall_large;
  std::vector<std::optional<double>> per_class;  ///< AP 50-95 per class
};
/// Null where absent.
Json to_json(const CocoFigures& figures);

/// COCO evaluation of boxes or masks, equal to pycocotools' COCOeval (iouType bbox or segm, maxDets
/// 1, 10, 100, max_detections) to 1e-6 on the same detections: crowd, ignore, area ranges, empty
/// pictures, ties in score (by order of pictures, then of detections), 101-point interpolation.
/// Matching is done once per picture, in add(); figures for any multiset of the pictures then need
/// none (bootstrap). The const functions may be called from several threads, but not while add()
/// runs.
class CocoEvaluation {
 public:
  /// max_detections: per class and picture, as there. Throws invalid_argument below 1.
  explicit CocoEvaluation(int max_detections = 100);
  CocoEvaluation(CocoEvaluation&&) noexcept;
  CocoEvaluation& operator=(CocoEvaluation&&) noexcept;
  ~CocoEvaluation();

  /// One picture's truth and detections, which may be in any order. Throws invalid_argument for a
  /// negative label or a score that is not a number.
  void add(std::span<const TruthBox> truth, std::span<const Detection> detections);

  /// The same by masks, in the text form of base/mask.h and of the picture's size: masks[i] is
  /// detection i's, a truth has its own. The area of a detection is its mask's. Throws corrupt_data
  /// for a mask that does not fill `size`. One evaluation takes either boxes or masks.
  void add_masks(std::span<const TruthBox> truth, std::span<const Detection> detections,
                 std::span<const std::string> masks, Size size);

  std::size_t pictures() const { return picture_count_; }

  /// All figures over the pictures added so far.
  CocoFigures figures() const;

  /// mAP 50-95 where picture i counts weights[i] times, as if it had been added that often. Classes
  /// without ground truth in the resample are left out; 0 where none is left. Quick: called
  /// thousands of times. Throws invalid_argument unless weights.size() == pictures().
  double weighted_map(std::span<const std::uint32_t> weights) const;
  /// The same at IoU .50 alone.
  double weighted_map50(std::span<const std::uint32_t> weights) const;
  /// Each class's AP, 50-95 and at .50, at such weights; by label, absent where the resample holds
  /// no ground truth of the class. Throws as weighted_map.
  std::vector<std::optional<double>> weighted_classes(std::span<const std::uint32_t> weights) const;
  std::vector<std::optional<double>> weighted_classes50(
      std::span<const std::uint32_t> weights) const;

 private:
  struct State;
  template <typename Value>
  std::vector<std::optional<double>> of_classes(std::span<const std::uint32_t> weights,
                                                Value value) const;
  template <typename Match>
  void add_picture(std::span<const TruthBox> truth, std::span<const Detection> detections,
                   std::span<const std::string> masks, Match match);

  int max_detections_;
  std::size_t picture_count_ = 0;
  std::unique_ptr<State> state_;
};

}  // namespace tamis
