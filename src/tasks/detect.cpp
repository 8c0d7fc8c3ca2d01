#include "vision/detect.h"

#include <algorithm>
#include <memory>

#include "metrics/coco.h"
#include "tasks/closeness.h"
#include "tasks/rows.h"

namespace tamis {
namespace {
namespace detection {

/// The thresholds of evaluation, and where the decoder's tensors are among the outputs.
DetectOptions detect_options(const Card& card) {
  DetectOptions options;
  if (card.outputs.empty()) return options;
  for (std::string_view role : find_decoder(card.decoder).roles) {
    auto place = std::find(card.outputs.begin(), card.outputs.end(), role);
    options.order.push_back(static_cast<std::size_t>(place - card.outputs.begin()));
  }
  return options;
}

/// Of the decoder's tensors, put back to where they are among the outputs.
std::vector<OutputPart> parts(const Card& card, const std::vector<Shape>& outputs) {
  const std::vector<std::size_t> order = detect_options(card).order;
  std::vector<Shape> own;
  for (std::size_t k = 0; k < outputs.size(); ++k) {
    const std::size_t place = k < order.size() ? order[k] : k;
    if (place >= outputs.size()) return {};
    own.push_back(outputs[place]);
  }
  std::vector<OutputPart> found = find_decoder(card.decoder).parts(own);
  for (OutputPart& part : found)
    if (part.output < order.size()) part.output = order[part.output];
  return found;
}

Prediction predict(const Card& card, const std::vector<Tensor>& outputs,
                   const Placement& placement) {
  return {{}, find_decoder(card.decoder).decode(outputs, placement, detect_options(card))};
}

std::optional<std::size_t> class_count(const Card& card, const std::vector<TensorInfo>& outputs) {
  if (auto count = find_decoder(card.decoder).class_count(outputs)) return count;
  if (!card.labels.empty()) return card.labels.size();
  return std::nullopt;
}

void check_truth(const Card&, const std::string& item, const Truth& truth, std::size_t classes) {
  if (!truth.boxes) fail_without_truth(item, "box", "boxes");
  for (const TruthBox& box : *truth.boxes) check_label(item, box.label, classes);
}

CocoEvaluation evaluate(std::span<const ItemRecord> records) {
  CocoEvaluation out(DetectOptions().max_detections);
  for (const ItemRecord& r : records) {
    if (!r.truth.boxes) fail_without_truth(r.item, "box", "boxes");
    out.add(*r.truth.boxes, r.prediction.boxes);
  }
  return out;
}

Json figures(std::span<const ItemRecord> records) { return to_json(evaluate(records).figures()); }

WeightedStatistic statistic(std::span<const ItemRecord> records) {
  auto evaluation = std::make_shared<const CocoEvaluation>(evaluate(records));
  return [evaluation](std::span<const std::uint32_t> weights) {
    return evaluation->weighted_map(weights);
  };
}

std::optional<std::vector<std::uint8_t>> right(std::span<const ItemRecord>) { return std::nullopt; }

ClassFigures by_class(std::span<const ItemRecord> records) {
  auto evaluation = std::make_shared<const CocoEvaluation>(evaluate(records));
  return of_boxes(records, [evaluation](std::span<const std::uint32_t> weights) {
    return evaluation->weighted_classes(weights);
  });
}

}  // namespace detection
}  // namespace

Task detect_task() {
  using namespace detection;
  Task row{TaskKind::detect, "detect", "map50_95", predict, class_count,
           check_truth,      figures,  statistic,  right};
  row.by_class = by_class;
  row.closeness = box_closeness;
  row.parts = parts;
  return row;
}

}  // namespace tamis
