#include "metrics/anomaly.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>

#include "base/error.h"
#include "tasks/rows.h"
#include "vision/score_map.h"

namespace tamis {
namespace {
namespace anomalies {

[[noreturn]] void fail_outputs(const std::vector<Tensor>& outputs) {
  std::string text;
  for (const Tensor& out : outputs)
    text +=
        (text.empty() ? "" : ", ") + std::string(to_text(out.type())) + " " + to_text(out.shape());
  throw Error(ErrorCode::unsupported, "decode anomaly: the outputs are " + text +
                                          ", not one f32 score and one f32 map [1,1,H,W]; give "
                                          "--task or --decoder");
}

bool is_map(const Tensor& t) {
  const Shape& s = t.shape();
  return t.type() == DataType::f32 && t.elements() > 1 && s[0] == 1 &&
         (s.size() == 3 || (s.size() == 4 && s[1] == 1));
}

bool is_score(const Tensor& t) {
  return t.type() == DataType::f32 && t.elements() == 1 && t.shape().size() <= 2;
}

Prediction predict(const Card& card, const std::vector<Tensor>& outputs, const Placement&) {
  const auto score = std::find_if(outputs.begin(), outputs.end(), is_score);
  const auto map = std::find_if(outputs.begin(), outputs.end(), is_map);
  if (score == outputs.end() || map == outputs.end()) fail_outputs(outputs);
  AnomalyPrediction found;
  found.score = score->data<float>()[0];
  if (!std::isfinite(found.score))
    throw Error(ErrorCode::backend_failed,
                "decode anomaly: the score is not finite; the model overflows in these settings");
  if (card.threshold) found.flagged = static_cast<double>(found.score) > *card.threshold;
  const Shape& s = map->shape();
  found.map_size = {static_cast<int>(s[s.size() - 2]), static_cast<int>(s[s.size() - 1])};
  found.map.assign(map->data<float>(), map->data<float>() + map->elements());
  Prediction out;
  out.anomaly = std::move(found);
  return out;
}

/// One output is a score and the other a map: by their size, as predict() tells them apart.
std::vector<OutputPart> parts(const Card&, const std::vector<Shape>& outputs) {
  std::vector<OutputPart> found;
  for (std::size_t k = 0; k < outputs.size(); ++k)
    found.push_back(
        {element_count(outputs[k]) == 1 ? "score" : "map", k, std::nullopt, 0, 1, false, false});
  return found;
}

/// Good and defective.
std::optional<std::size_t> class_count(const Card&, const std::vector<TensorInfo>&) { return 2; }

void check_truth(const Card&, const std::string& item, const Truth& truth, std::size_t) {
  if (!truth.anomaly)
    fail_without_truth(item, "word whether it is good or defective",
                       "a folder good/ and folders of defects");
}

void condense_record(ItemRecord& record, const Placement& placement, const Picture* mask) {
  AnomalyPrediction& found = record.prediction.anomaly.value();
  const bool known =
      record.truth.anomaly && (!record.truth.anomaly->defective() || mask != nullptr);
  if (known) {
    const std::vector<float> scores = map_to_picture(found.map, found.map_size, placement);
    found.pixels = condense_map(
        scores, mask == nullptr ? std::span<const std::uint8_t>() : std::span(mask->pixels),
        placement.picture);
  }
  if (!found.map.empty()) found.coarse = coarse_map(found.map, found.map_size, placement);
  found.map.clear();
  found.map.shrink_to_fit();
}

std::vector<AnomalyRecord> anomaly_records(std::span<const ItemRecord> records) {
  std::vector<AnomalyRecord> out;
  for (const ItemRecord& r : records) {
    if (!r.truth.anomaly)
      fail_without_truth(r.item, "word whether it is good or defective",
                         "a folder good/ and folders of defects");
    const AnomalyPrediction& p = r.prediction.anomaly.value();
    out.push_back(
        {p.score, r.truth.anomaly->defective(), p.flagged, p.pixels ? &*p.pixels : nullptr});
  }
  return out;
}

Json figures(std::span<const ItemRecord> records) {
  return to_json(score_anomalies(anomaly_records(records)));
}

WeightedStatistic statistic(std::span<const ItemRecord> records) {
  std::vector<float> scores;
  std::vector<std::uint8_t> defective;
  for (const AnomalyRecord& r : anomaly_records(records)) {
    scores.push_back(r.score);
    defective.push_back(r.defective ? 1 : 0);
  }
  auto auroc = std::make_shared<const WeightedAuroc>(scores, defective);
  return [auroc](std::span<const std::uint32_t> weights) { return auroc->at(weights); };
}

/// The AUROC of some items.
struct PartAuroc {
  std::vector<std::size_t> items;
  std::vector<std::uint8_t> defective;  // of each
  WeightedAuroc auroc;
};

PartAuroc of_kind(std::span<const AnomalyRecord> records, std::span<const ItemRecord> from,
                  const std::string& kind) {
  std::vector<std::size_t> items;
  std::vector<float> scores;
  std::vector<std::uint8_t> defective;
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (records[i].defective && from[i].truth.anomaly->kind != kind) continue;
    items.push_back(i);
    scores.push_back(records[i].score);
    defective.push_back(records[i].defective ? 1 : 0);
  }
  WeightedAuroc auroc(scores, defective);
  return {std::move(items), std::move(defective), std::move(auroc)};
}

std::optional<double> value_at(const PartAuroc& part, std::span<const std::uint32_t> weights) {
  std::vector<std::uint32_t> own;
  std::uint64_t good = 0, defective = 0;
  for (std::size_t k = 0; k < part.items.size(); ++k) {
    own.push_back(weights[part.items[k]]);
    (part.defective[k] != 0 ? defective : good) += own.back();
  }
  if (good == 0 || defective == 0) return std::nullopt;
  return part.auroc.at(own);
}

/// Each kind of defect against the good ones.
ClassFigures by_kind(std::span<const ItemRecord> records) {
  const std::vector<AnomalyRecord> all = anomaly_records(records);
  std::map<std::string, std::size_t> kinds;
  for (const ItemRecord& r : records)
    if (r.truth.anomaly->defective()) ++kinds[r.truth.anomaly->kind];
  ClassFigures out;
  auto parts = std::make_shared<std::vector<PartAuroc>>();
  for (const auto& [kind, count] : kinds) {
    out.classes.push_back({static_cast<int>(out.classes.size()), kind, count, count});
    parts->push_back(of_kind(all, records, kind));
  }
  out.values = [parts](std::span<const std::uint32_t> weights) {
    std::vector<std::optional<double>> values;
    for (const PartAuroc& part : *parts) values.push_back(value_at(part, weights));
    return values;
  };
  return out;
}

std::optional<std::vector<std::uint8_t>> right(std::span<const ItemRecord>) { return std::nullopt; }

}  // namespace anomalies
}  // namespace

Task anomaly_task() {
  using namespace anomalies;
  Task row{TaskKind::anomaly, "anomaly", "auroc",   predict, class_count,
           check_truth,       figures,   statistic, right,   TruthDetail::boxes,
           condense_record,   by_kind};
  row.parts = parts;
  return row;
}

}  // namespace tamis
