#include "eval/parent_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

#include "base/error.h"
#include "eval/card_check.h"
#include "execute/opened_model.h"
#include "tasks/task.h"

namespace tamis {

namespace {

constexpr double kLeastMap50 = 0.02;
constexpr double kLeastMap50OfBoxes = 0.2;
constexpr double kLuck = 0.05;

struct Found {
  std::vector<ItemRecord> records;
  std::size_t classes = 0;
};

bool has_masks(const Truth& truth) {
  return truth.boxes && std::none_of(truth.boxes->begin(), truth.boxes->end(),
                                     [](const TruthBox& t) { return t.mask.empty(); });
}

std::vector<std::size_t> items_with_truth(const Task& task, const Dataset& data,
                                          const std::vector<std::size_t>& items) {
  std::vector<std::size_t> chosen;
  for (const std::size_t i : items) {
    const Truth& truth = data.items()[i].truth;
    if (!truth.label && !(truth.boxes && !truth.boxes->empty())) continue;
    if (task.truth_detail == TruthDetail::masks && !has_masks(truth)) continue;
    chosen.push_back(i);
    if (chosen.size() == kMostItems) break;
  }
  return chosen;
}

Found predict_all(const CheckedModel& checked, const Card& card, const Dataset& data,
                  const std::vector<std::size_t>& items) {
  OpenedModel model({checked.file, card, checked.settings, false, {}});
  Found found;
  found.classes = model.class_count().value_or(0);
  Batch batch = model.make_batch();
  std::vector<Prediction> predictions;
  for (const std::size_t i : items) {
    const Item& item = data.items()[i];
    if (found.classes > 0) model.task()->check_truth(card, item.id, item.truth, found.classes);
    const Picture picture = data.load_picture(i);
    model.prepare({&picture, 1}, batch);
    model.run(batch, &predictions);
    found.records.push_back({item.id, item.truth, std::move(predictions.at(0))});
  }
  return found;
}

bool above_chance(const Task& task, const std::vector<ItemRecord>& records, std::size_t classes) {
  if (const auto right = task.right(records)) {
    if (classes < 2) return true;  // nothing to compare with
    const std::size_t hits = std::accumulate(right->begin(), right->end(), std::size_t{0});
    return chance_of_at_least(hits, right->size(), 1.0 / static_cast<double>(classes)) < kLuck;
  }
  const Json figures = task.figures(records);
  return figures.value("map50", figures.value("mask_map50", 1.0)) >= kLeastMap50;
}

bool above_chance(const Task& task, const Found& found) {
  return above_chance(task, found.records, found.classes);
}

std::vector<ItemRecord> with_shifted_labels(std::vector<ItemRecord> records, int by) {
  for (ItemRecord& record : records)
    if (record.truth.label) *record.truth.label += by;
  return records;
}

std::vector<ItemRecord> with_one_label(std::vector<ItemRecord> records) {
  for (ItemRecord& record : records) {
    if (record.truth.boxes)
      for (TruthBox& box : *record.truth.boxes) box.label = 0;
    for (Detection& box : record.prediction.boxes) box.label = 0;
  }
  return records;
}

std::string probable_cause(const CheckedModel& model, const Dataset& data,
                           const std::vector<std::size_t>& items, const Task& task,
                           const Found& given) {
  if (auto labels = wrong_labels(task, given.records, given.classes)) return *labels;
  for (const auto& [text, card] : other_cards(model.card)) {
    const Found found = predict_all(model, card, data, items);
    if (above_chance(task, found))
      return fmt::format("with {} it would be {:.3f}: give that", text,
                         task.figures(found.records).value(std::string(task.metric), 0.0));
  }
  return "check that the labels are in the model's order, and the card's colour order, scale, mean "
         "and std (tamis inspect prints the card)";
}

}  // namespace

std::optional<std::string> wrong_labels(const Task& task, const std::vector<ItemRecord>& records,
                                        std::size_t classes) {
  const auto value = [&](const std::vector<ItemRecord>& changed) {
    return task.figures(changed).value(std::string(task.metric), 0.0);
  };
  if (task.right(records)) {
    for (const int by : {-1, 1}) {
      const std::vector<ItemRecord> shifted = with_shifted_labels(records, by);
      if (above_chance(task, shifted, classes))
        return fmt::format("with every label one {} it would be {:.3f}: the data's labels {}",
                           by < 0 ? "less" : "more", value(shifted),
                           by < 0 ? "count from 1, or the model has no class for the background"
                                  : "do not count the model's class for the background");
    }
    return std::nullopt;
  }
  const std::vector<ItemRecord> alike = with_one_label(records);
  if (task.figures(alike).value("map50", 0.0) < kLeastMap50OfBoxes) return std::nullopt;
  return fmt::format(
      "its boxes are right ({} {:.3f} if classes are ignored), but their classes are wrong: the "
      "data's labels are in another order than the model's",
      task.metric, value(alike));
}

double chance_of_at_least(std::size_t right, std::size_t count, double chance) {
  double sum = 0;
  for (std::size_t k = right; k <= count; ++k) {
    const auto n = static_cast<double>(count);
    const auto m = static_cast<double>(k);
    sum += std::exp(std::lgamma(n + 1) - std::lgamma(m + 1) - std::lgamma(n - m + 1) +
                    m * std::log(chance) + (n - m) * std::log1p(-chance));
  }
  return std::min(sum, 1.0);
}

Json check_parent(const CheckedModel& model) {
  if (model.card.task == TaskKind::none) return Json();
  const Task& task = find_task(model.card.task);
  DataSpec spec = model.data;
  spec.detail = task.truth_detail;
  spec.classes.names = model.card.labels;
  const auto data = open_dataset(spec);
  const std::vector<std::size_t> items = items_with_truth(task, *data, model.items);
  if (items.size() < kLeastItems) return Json();
  if (const std::string& problem = data->classes().problem; !problem.empty())
    throw Error(ErrorCode::invalid_argument, problem + ", or --trust-model");
  const Found found = predict_all(model, model.card, *data, items);
  const double value = task.figures(found.records).value(std::string(task.metric), 0.0);
  if (!above_chance(task, found))
    throw Error(ErrorCode::invalid_argument,
                fmt::format("calibration: the model itself is no better than chance on {} labelled "
                            "images ({} {:.3f}); {}",
                            items.size(), task.metric, value,
                            probable_cause(model, *data, items, task, found)));
  return {{"metric", task.metric}, {"value", value}, {"items", items.size()}};
}

}  // namespace tamis
