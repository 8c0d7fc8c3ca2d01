#include "vision/segment.h"

#include <algorithm>
#include <memory>

#include "base/error.h"
#include "metrics/coco.h"
#include "tasks/closeness.h"
#include "tasks/rows.h"

namespace tamis {
namespace {
namespace segmentation {

Prediction predict(const Card& card, const std::vector<Tensor>& outputs,
                   const Placement& placement) {
  Segments found = find_segmenter(card.decoder).segment(outputs, placement, DetectOptions());
  Prediction out;
  out.boxes = std::move(found.boxes);
  out.masks = std::move(found.masks);
  out.mask_size = placement.picture;
  return out;
}

std::vector<OutputPart> parts(const Card& card, const std::vector<Shape>& outputs) {
  return find_segmenter(card.decoder).parts(outputs);
}

std::optional<std::size_t> class_count(const Card& card, const std::vector<TensorInfo>& outputs) {
  if (auto count = find_segmenter(card.decoder).class_count(outputs)) return count;
  if (!card.labels.empty()) return card.labels.size();
  return std::nullopt;
}

/// Throws unless every object of the item has a mask.
void require_masks(const std::string& item, const Truth& truth) {
  if (!truth.boxes) fail_without_truth(item, "mask", "masks");
  auto bare = std::find_if(truth.boxes->begin(), truth.boxes->end(),
                           [](const TruthBox& t) { return t.mask.empty(); });
  if (bare == truth.boxes->end()) return;
  throw Error(ErrorCode::invalid_argument,
              "accuracy: " + item + " has objects with only a box (number " +
                  std::to_string(bare - truth.boxes->begin() + 1) +
                  "); give data with polygons or masks, or --task detect with a detector");
}

void check_truth(const Card&, const std::string& item, const Truth& truth, std::size_t classes) {
  require_masks(item, truth);
  for (const TruthBox& box : *truth.boxes) check_label(item, box.label, classes);
}

void check_sizes(const ItemRecord& r) {
  if (r.truth.mask_size == r.prediction.mask_size) return;
  auto text = [](Size s) { return std::to_string(s.height) + "x" + std::to_string(s.width); };
  throw Error(ErrorCode::invalid_argument,
              "accuracy: the masks of " + r.item + " are " + text(r.truth.mask_size) +
                  " (height x width), but the image is " + text(r.prediction.mask_size) +
                  "; masks must have their image's size");
}

CocoEvaluation evaluate_masks(std::span<const ItemRecord> records) {
  CocoEvaluation out(DetectOptions().max_detections);
  for (const ItemRecord& r : records) {
    require_masks(r.item, r.truth);
    check_sizes(r);
    out.add_masks(*r.truth.boxes, r.prediction.boxes, r.prediction.masks, r.truth.mask_size);
  }
  return out;
}

void add_figures(const CocoFigures& figures, const char* prefix, Json& to) {
  const Json all = to_json(figures);
  for (auto it = all.begin(); it != all.end(); ++it) to[prefix + it.key()] = it.value();
}

/// "mask_map50_95", … of masks, "box_map50_95", … of their boxes.
Json figures(std::span<const ItemRecord> records) {
  CocoEvaluation masks = evaluate_masks(records), boxes(DetectOptions().max_detections);
  for (const ItemRecord& r : records) boxes.add(*r.truth.boxes, r.prediction.boxes);
  Json out = Json::object();
  add_figures(masks.figures(), "mask_", out);
  add_figures(boxes.figures(), "box_", out);
  return out;
}

WeightedStatistic statistic(std::span<const ItemRecord> records) {
  auto evaluation = std::make_shared<const CocoEvaluation>(evaluate_masks(records));
  return [evaluation](std::span<const std::uint32_t> weights) {
    return evaluation->weighted_map(weights);
  };
}

std::optional<std::vector<std::uint8_t>> right(std::span<const ItemRecord>) { return std::nullopt; }

ClassFigures by_class(std::span<const ItemRecord> records) {
  auto evaluation = std::make_shared<const CocoEvaluation>(evaluate_masks(records));
  return of_boxes(records, [evaluation](std::span<const std::uint32_t> weights) {
    return evaluation->weighted_classes(weights);
  });
}

}  // namespace segmentation
}  // namespace

Task segment_task() {
  using namespace segmentation;
  Task row{TaskKind::segment, "segment", "mask_map50_95", predict, class_count,
           check_truth,       figures,   statistic,       right,   TruthDetail::masks};
  row.by_class = by_class;
  row.closeness = box_closeness;
  row.parts = parts;
  return row;
}

}  // namespace tamis
