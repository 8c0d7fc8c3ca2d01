#include "tasks/agreement.h"

#include <algorithm>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/mask.h"
#include "metrics/coco.h"
#include "tasks/rows.h"
#include "vision/detect.h"

namespace tamis {
namespace {

Truth first_class(const Card&, const Prediction& reference) {
  Truth truth;
  if (!reference.top.empty()) truth.label = reference.top.front();
  for (std::size_t k = 0; k < std::min(reference.top.size(), reference.probabilities.size()); ++k)
    truth.likely.emplace_back(reference.top[k], reference.probabilities[k]);
  return truth;
}

/// 1 for the reference's class. Of another, less by how much likelier the reference thinks its own:
/// what is expected to be lost, if it is right as often as it is sure.
double kept_of(const ItemRecord& record) {
  if (!record.truth.label) fail_without_truth(record.item, "label", "labels");
  const std::vector<int>& top = record.prediction.top;
  if (!top.empty() && top.front() == *record.truth.label) return 1;
  const auto& likely = record.truth.likely;
  if (likely.empty()) return 0;
  const auto found = std::find_if(likely.begin(), likely.end(), [&](const auto& one) {
    return !top.empty() && one.first == top.front();
  });
  const float other = found == likely.end() ? 0.0F : found->second;
  return 1 - static_cast<double>(likely.front().second - other);
}

std::vector<double> all_kept(std::span<const ItemRecord> records) {
  std::vector<double> kept;
  for (const ItemRecord& record : records) kept.push_back(kept_of(record));
  return kept;
}

double weighted_mean(std::span<const double> values, std::span<const std::uint32_t> weights) {
  double sum = 0, all = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    sum += weights[i] * values[i];
    all += weights[i];
  }
  return all == 0 ? 0.0 : sum / all;
}

WeightedStatistic kept_classes(std::span<const ItemRecord> records) {
  return [kept = all_kept(records)](std::span<const std::uint32_t> weights) {
    return weighted_mean(kept, weights);
  };
}

ClassFigures kept_classes_by_class(std::span<const ItemRecord> records) {
  const std::vector<double> kept = all_kept(records);  // which demands labels
  std::map<int, std::vector<std::size_t>> items;
  for (std::size_t i = 0; i < records.size(); ++i)
    items[records[i].truth.label.value()].push_back(i);
  ClassFigures out;
  for (const auto& [label, of] : items) out.classes.push_back({label, "", of.size(), of.size()});
  out.values = [items, kept](std::span<const std::uint32_t> weights) {
    std::vector<std::optional<double>> values;
    for (const auto& [label, of] : items) {
      double sum = 0, all = 0;
      for (const std::size_t i : of) {
        sum += weights[i] * kept[i];
        all += weights[i];
      }
      values.push_back(all == 0 ? std::nullopt : std::optional(sum / all));
    }
    return values;
  };
  return out;
}

/// Exact counts where every change counts fully or none is there; else absent.
std::optional<std::vector<std::uint8_t>> right_where_whole(std::span<const ItemRecord> records) {
  std::vector<std::uint8_t> out;
  for (const double kept : all_kept(records)) {
    if (kept > 0 && kept < 1) return std::nullopt;
    out.push_back(kept > 0 ? 1 : 0);
  }
  return out;
}

Truth confident_boxes(const Card&, const Prediction& reference) {
  Truth truth;
  truth.boxes.emplace();
  for (const Detection& d : reference.boxes)
    if (d.score >= kConfidentBox)
      truth.boxes->push_back({d.box, d.label, false, static_cast<double>(d.box.area())});
  return truth;
}

/// With the baseline's masks.
Truth confident_masks(const Card&, const Prediction& reference) {
  Truth truth;
  truth.boxes.emplace();
  truth.mask_size = reference.mask_size;
  for (std::size_t i = 0; i < reference.boxes.size(); ++i) {
    const Detection& d = reference.boxes[i];
    if (d.score < kConfidentBox) continue;
    const std::string& mask = reference.masks.at(i);
    truth.boxes->push_back({d.box, d.label, false,
                            static_cast<double>(area(parse_mask(mask, truth.mask_size))), mask});
  }
  return truth;
}

Truth decision(const Card&, const Prediction& reference) {
  const AnomalyPrediction& found = reference.anomaly.value();
  if (!found.flagged)
    throw Error(ErrorCode::invalid_argument,
                "agreement: without a threshold, an anomaly detector makes no decision to compare; "
                "give --threshold, or data with good and defective images");
  Truth truth;
  truth.label = *found.flagged ? 1 : 0;
  return truth;
}

std::optional<std::vector<std::uint8_t>> same_decision(std::span<const ItemRecord> records) {
  std::vector<std::uint8_t> out;
  for (const ItemRecord& r : records) {
    if (!r.truth.label) fail_without_truth(r.item, "decision", "decisions");
    out.push_back(r.prediction.anomaly.value().flagged == (*r.truth.label == 1) ? 1 : 0);
  }
  return out;
}

WeightedStatistic share_of_same_decisions(std::span<const ItemRecord> records) {
  return [same = *same_decision(records)](std::span<const std::uint32_t> weights) {
    std::uint64_t sum = 0, all = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      sum += static_cast<std::uint64_t>(weights[i]) * same.at(i);
      all += weights[i];
    }
    return all == 0 ? 0.0 : static_cast<double>(sum) / static_cast<double>(all);
  };
}

/// At IoU .50: the same objects. The other thresholds would count it as change that a box's edges
/// move by a pixel, which labels hardly see.
std::shared_ptr<const CocoEvaluation> evaluate_objects(std::span<const ItemRecord> records) {
  auto evaluation = std::make_shared<CocoEvaluation>(DetectOptions().max_detections);
  for (const ItemRecord& r : records) {
    if (!r.truth.boxes) fail_without_truth(r.item, "box", "boxes");
    evaluation->add(*r.truth.boxes, r.prediction.boxes);
  }
  return evaluation;
}

WeightedStatistic same_objects(std::span<const ItemRecord> records) {
  return [evaluation = evaluate_objects(records)](std::span<const std::uint32_t> weights) {
    return evaluation->weighted_map50(weights);
  };
}

ClassFigures same_objects_by_class(std::span<const ItemRecord> records) {
  return of_boxes(records,
                  [evaluation = evaluate_objects(records)](std::span<const std::uint32_t> weights) {
                    return evaluation->weighted_classes50(weights);
                  });
}

/// The same with their masks.
std::shared_ptr<const CocoEvaluation> evaluate_masks(std::span<const ItemRecord> records) {
  auto evaluation = std::make_shared<CocoEvaluation>(DetectOptions().max_detections);
  for (const ItemRecord& r : records) {
    if (!r.truth.boxes) fail_without_truth(r.item, "mask", "masks");
    evaluation->add_masks(*r.truth.boxes, r.prediction.boxes, r.prediction.masks,
                          r.truth.mask_size);
  }
  return evaluation;
}

WeightedStatistic same_masks(std::span<const ItemRecord> records) {
  return [evaluation = evaluate_masks(records)](std::span<const std::uint32_t> weights) {
    return evaluation->weighted_map50(weights);
  };
}

ClassFigures same_masks_by_class(std::span<const ItemRecord> records) {
  return of_boxes(records,
                  [evaluation = evaluate_masks(records)](std::span<const std::uint32_t> weights) {
                    return evaluation->weighted_classes50(weights);
                  });
}

double value_of(const WeightedStatistic& statistic, std::span<const ItemRecord> records) {
  return statistic(std::vector<std::uint32_t>(records.size(), 1));
}

Agreement classes() {
  Agreement row{classify_task(), first_class, "its first class"};
  row.task.metric = "top1_agreement";
  row.task.statistic = kept_classes;
  row.task.right = right_where_whole;
  row.task.by_class = kept_classes_by_class;
  row.task.figures = [](std::span<const ItemRecord> records) {
    const auto same = classify_task().right(records).value();
    const double share = std::accumulate(same.begin(), same.end(), 0.0);
    return Json{{"top1_agreement", value_of(kept_classes(records), records)},
                {"same_class", share / static_cast<double>(same.size())}};
  };
  return row;
}

Agreement boxes() {
  Agreement row{detect_task(), confident_boxes, "its boxes with a score of at least 0.25"};
  row.task.metric = "map50_agreement";
  row.task.statistic = same_objects;
  row.task.by_class = same_objects_by_class;
  row.task.figures = [](std::span<const ItemRecord> records) {
    return Json{{"map50_agreement", value_of(same_objects(records), records)}};
  };
  return row;
}

Agreement masks() {
  Agreement row{segment_task(), confident_masks, "its masks with a score of at least 0.25"};
  row.task.metric = "mask_map50_agreement";
  row.task.statistic = same_masks;
  row.task.by_class = same_masks_by_class;
  row.task.figures = [](std::span<const ItemRecord> records) {
    return Json{{"mask_map50_agreement", value_of(same_masks(records), records)}};
  };
  return row;
}

Agreement decisions() {
  Agreement row{anomaly_task(), decision, "its decision at the threshold"};
  row.task.metric = "decision_agreement";
  row.task.right = same_decision;
  row.task.by_class = nullptr;
  row.task.statistic = share_of_same_decisions;
  row.task.figures = [](std::span<const ItemRecord> records) {
    return Json{{"decision_agreement", value_of(share_of_same_decisions(records), records)}};
  };
  return row;
}

}  // namespace

const Agreement& find_agreement(TaskKind kind) {
  static const std::vector<Agreement> rows{classes(), boxes(), masks(), decisions()};
  for (const Agreement& row : rows)
    if (row.task.kind == kind) return row;
  throw Error(ErrorCode::unsupported, "agreement: images without labels cannot judge the task \"" +
                                          std::string(to_text(kind)) + "\"; give labelled ones");
}

std::string agreement_caveat(const Agreement& agreement) {
  return "The images have no labels: gates are on agreement with the baseline (which counts as the "
         "truth: " +
         std::string(agreement.taken_for_true) +
         "). That measures change, not correctness: an error that both make is invisible, and a "
         "corrected error counts as a loss.";
}

bool has_truth(const Truth& truth) { return truth.label || truth.boxes || truth.anomaly; }

}  // namespace tamis
