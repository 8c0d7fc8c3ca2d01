#include <algorithm>
#include <cmath>
#include <memory>

#include "base/error.h"
#include "metrics/classification.h"
#include "tasks/rows.h"

namespace tamis {
namespace {
namespace classification {

/// The scores of one image: f32, all dimensions but one of them 1.
std::span<const float> scores_of(const std::vector<Tensor>& outputs) {
  if (outputs.empty())
    throw Error(ErrorCode::unsupported, "decode classifier: the model gave no output");
  const Tensor& out = outputs[0];
  std::int64_t count = out.elements();
  const Shape& s = out.shape();
  if (out.type() != DataType::f32 || count < 2 || std::find(s.begin(), s.end(), count) == s.end())
    throw Error(ErrorCode::unsupported, "decode classifier: the output is " +
                                            std::string(to_text(out.type())) + " " + to_text(s) +
                                            ", not f32 [1,classes]; give --task or --decoder");
  return {out.data<float>(), static_cast<std::size_t>(count)};
}

Prediction predict(const Card&, const std::vector<Tensor>& outputs, const Placement&) {
  std::span<const float> scores = scores_of(outputs);
  if (std::any_of(scores.begin(), scores.end(), [](float v) { return std::isnan(v); }))
    throw Error(
        ErrorCode::backend_failed,
        "decode classifier: a score is not a number; the model overflows in these settings");
  Prediction out{top_classes(scores), {}};
  out.probabilities = class_probabilities(scores, out.top);
  return out;
}

/// One value per class, whatever the shape.
std::vector<OutputPart> parts(const Card&, const std::vector<Shape>&) {
  return {{"scores", 0, std::nullopt, 0, 1, false, false}};
}

std::optional<std::size_t> class_count(const Card& card, const std::vector<TensorInfo>& outputs) {
  if (!outputs.empty() && outputs[0].shape.size() >= 2 && outputs[0].shape[1] &&
      *outputs[0].shape[1] > 1)
    return static_cast<std::size_t>(*outputs[0].shape[1]);
  if (!card.labels.empty()) return card.labels.size();
  return std::nullopt;
}

void check_truth(const Card&, const std::string& item, const Truth& truth, std::size_t classes) {
  if (!truth.label) fail_without_truth(item, "label", "labels");
  check_label(item, *truth.label, classes);
}

std::vector<ClassRecord> class_records(std::span<const ItemRecord> records) {
  std::vector<ClassRecord> out;
  out.reserve(records.size());
  for (const ItemRecord& r : records) {
    if (!r.truth.label) fail_without_truth(r.item, "label", "labels");
    out.push_back({*r.truth.label, r.prediction.top});
  }
  return out;
}

Json figures(std::span<const ItemRecord> records) {
  return to_json(score_classification(class_records(records)));
}

std::optional<std::vector<std::uint8_t>> right(std::span<const ItemRecord> records) {
  std::vector<std::uint8_t> out;
  for (const ClassRecord& r : class_records(records)) out.push_back(r.top1());
  return out;
}

WeightedStatistic statistic(std::span<const ItemRecord> records) {
  auto rights = std::make_shared<const std::vector<std::uint8_t>>(*right(records));
  return [rights](std::span<const std::uint32_t> weights) {
    if (weights.size() != rights->size())
      throw Error(ErrorCode::invalid_argument, "top1: " + std::to_string(weights.size()) +
                                                   " weights for " +
                                                   std::to_string(rights->size()) + " items");
    std::uint64_t sum = 0, all = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      sum += static_cast<std::uint64_t>(weights[i]) * (*rights)[i];
      all += weights[i];
    }
    return all == 0 ? 0.0 : static_cast<double>(sum) / static_cast<double>(all);
  };
}

}  // namespace classification
}  // namespace

Task classify_task() {
  using namespace classification;
  Task row{TaskKind::classify, "classify", "top1",    predict, class_count,
           check_truth,        figures,    statistic, right};
  row.parts = parts;
  return row;
}

}  // namespace tamis
