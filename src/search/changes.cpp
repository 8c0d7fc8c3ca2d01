#include "search/changes.h"

#include <algorithm>
#include <set>

#include "tasks/changes.h"
#include "tasks/class_deltas.h"

namespace tamis {
namespace {

/// What a class is called; the labels that were named on the way are kept for the document.
class ClassNames {
 public:
  explicit ClassNames(const SearchContext& context)
      : labels_(!context.parent.card().labels.empty() || !context.plan.data.evaluation.dataset
                    ? context.parent.card().labels
                    : context.plan.data.evaluation.dataset->labels()),
        decisions_(context.plan.agreement != nullptr &&
                   context.parent.card().task == TaskKind::anomaly) {}

  std::string name(int label) const {
    if (decisions_) return label == 1 ? "flagged" : "not flagged";
    const auto place = static_cast<std::size_t>(label);
    if (label >= 0 && place < labels_.size()) return labels_[place];
    return "class " + std::to_string(label);
  }

 private:
  std::vector<std::string> labels_;
  bool decisions_;
};

Json box_json(const Box& box) {
  return {std::lround(box.x0), std::lround(box.y0), std::lround(box.x1), std::lround(box.y1)};
}

Json side_json(const Prediction& p, const std::optional<std::size_t>& place,
               const ClassNames& names) {
  if (!place) return Json();
  const Detection& d = p.boxes[*place];
  Json side{{"box", box_json(d.box)}, {"score", d.score}, {"class", names.name(d.label)}};
  if (!p.masks.empty()) side["mask"] = p.masks[*place];
  return side;
}

Json objects_json(const ItemChange& change, const ItemRecord& before, const ItemRecord& after,
                  const ClassNames& names) {
  Json objects = Json::array();
  for (const ObjectChange& o : change.objects)
    objects.push_back({{"kind", to_text(o.kind)},
                       {"baseline", side_json(before.prediction, o.before, names)},
                       {"variant", side_json(after.prediction, o.after, names)},
                       {"overlap", o.overlap},
                       {"amount", o.amount}});
  return objects;
}

Json classes_json(const Prediction& p, const ClassNames& names) {
  Json classes = Json::array();
  for (std::size_t i = 0; i < p.top.size(); ++i)
    classes.push_back(
        {{"class", names.name(p.top[i])},
         {"probability", p.probabilities.empty() ? Json() : Json(p.probabilities[i])}});
  return classes;
}

Json anomaly_json(const AnomalyPrediction& p) {
  return {{"score", p.score},
          {"flagged", p.flagged ? Json(*p.flagged) : Json()},
          {"map", p.coarse ? to_json(*p.coarse) : Json()}};
}

/// What labels say of the item; null where the data have none.
Json truth_json(const SearchContext& context, const ItemRecord& record, const ClassNames& names) {
  if (context.plan.agreement != nullptr) return Json();
  Json truth = Json::object();
  if (record.truth.label) truth["class"] = names.name(*record.truth.label);
  if (record.truth.anomaly) truth["class"] = record.truth.anomaly->kind;
  if (!record.truth.boxes) return truth;
  truth["objects"] = Json::array();
  for (const TruthBox& t : *record.truth.boxes) {
    Json object{{"box", box_json(t.box)}, {"class", names.name(t.label)}};
    if (!t.mask.empty()) object["mask"] = t.mask;
    truth["objects"].push_back(std::move(object));
  }
  return truth;
}

Json item_json(const SearchContext& context, const ItemChange& change, const JudgedPair& pair,
               const ClassNames& names) {
  const ItemRecord &before = pair.baseline[change.index], &after = pair.variant[change.index];
  Json item{{"item", before.item},
            {"amount", change.amount},
            {"changed", change.changed},
            {"truth", truth_json(context, before, names)}};
  if (before.prediction.anomaly) {
    item["baseline"] = anomaly_json(*before.prediction.anomaly);
    item["variant"] = anomaly_json(*after.prediction.anomaly);
  } else if (context.parent.card().task == TaskKind::classify) {
    item["baseline"] = classes_json(before.prediction, names);
    item["variant"] = classes_json(after.prediction, names);
  } else {
    if (before.prediction.mask_size != Size{})
      item["mask_size"] = {before.prediction.mask_size.height, before.prediction.mask_size.width};
    item["objects"] = objects_json(change, before, after, names);
  }
  return item;
}

Json object_totals(const std::vector<ItemChange>& changes) {
  Json totals{{"same", 0}, {"lost", 0}, {"gained", 0}, {"relabelled", 0}};
  for (const ItemChange& item : changes)
    for (const ObjectChange& o : item.objects) {
      Json& count = totals[std::string(to_text(o.kind))];
      count = count.get<int>() + 1;
    }
  return totals;
}

/// Of the items with another class or decision, how labels judge that.
Json right_totals(const std::vector<ItemChange>& changes, const JudgedPair& pair) {
  const auto right = [](const ItemRecord& r) {
    if (r.prediction.anomaly)
      return r.prediction.anomaly->flagged == r.truth.anomaly.value().defective();
    return !r.prediction.top.empty() && r.prediction.top.front() == r.truth.label.value_or(-1);
  };
  int became_right = 0, became_wrong = 0, stayed_wrong = 0;
  for (const ItemChange& c : changes) {
    if (!c.changed) continue;
    const bool before = right(pair.baseline[c.index]), after = right(pair.variant[c.index]);
    became_right += after ? 1 : 0;
    became_wrong += before ? 1 : 0;
    stayed_wrong += !before && !after ? 1 : 0;
  }
  return {{"became_right", became_right},
          {"became_wrong", became_wrong},
          {"stayed_wrong", stayed_wrong}};
}

Json totals_json(const SearchContext& context, const std::vector<ItemChange>& changes,
                 const JudgedPair& pair) {
  const TaskKind task = context.parent.card().task;
  if (task == TaskKind::detect || task == TaskKind::segment) return object_totals(changes);
  return context.plan.agreement == nullptr ? right_totals(changes, pair) : Json::object();
}

Json verdict_json(const ClassDelta& c) {
  if (!c.difference) return Json();
  if (c.difference->low > 0) return "better";
  return c.difference->high < 0 ? "worse" : "not_distinguishable";
}

Json class_json(const ClassDelta& c, const ClassNames& names, bool agreement) {
  Json json{{"class", c.of.name.empty() ? names.name(c.of.label) : c.of.name},
            {"objects", c.of.objects},
            {"items", c.of.items},
            {"baseline", c.baseline},
            {"variant", c.candidate},
            {"difference", c.candidate - c.baseline},
            {"low", c.difference ? Json(c.difference->low) : Json()},
            {"high", c.difference ? Json(c.difference->high) : Json()}};
  // The baseline agrees with itself by definition: any other answer is a change.
  json["verdict"] = agreement ? Json() : verdict_json(c);
  json["reason"] = c.reason;
  return json;
}

Json per_class_json(const SearchContext& context, const JudgedPair& pair, const ClassNames& names) {
  const ClassDeltas deltas = class_deltas(*context.plan.task, pair.baseline, pair.variant);
  Json json{{"metric", context.plan.task->metric},
            {"confidence", deltas.confidence},
            {"intervals", deltas.intervals},
            {"classes", Json::array()}};
  for (const ClassDelta& c : deltas.classes)
    json["classes"].push_back(class_json(c, names, context.plan.agreement != nullptr));
  return json;
}

}  // namespace

Json changes_json(const SearchContext& context, const ChangedVariant& variant,
                  const JudgedPair& pair) {
  const std::vector<ItemChange> changes =
      find_changes(*context.plan.task, pair.baseline, pair.variant);
  const ClassNames names(context);
  Json json{{"reason", nullptr},
            {"variant", variant.id},
            {"role", variant.role},
            {"data",
             {{"path", std::filesystem::absolute(context.plan.request.data.path).string()},
              {"split", context.plan.data.evaluation.split}}},
            {"items", changes.size()},
            {"changed", std::count_if(changes.begin(), changes.end(),
                                      [](const ItemChange& c) { return c.changed; })}};
  double largest = 0;
  for (const ItemChange& c : changes) largest = std::max(largest, c.amount);
  json["largest"] = largest;
  json["totals"] = totals_json(context, changes, pair);
  json["worst"] = Json::array();
  for (const ItemChange& c : changes) {
    if (json["worst"].size() == kDrawnItems) break;
    if (c.changed || c.amount >= kDrawnAmount)
      json["worst"].push_back(item_json(context, c, pair, names));
  }
  json["per_class"] = per_class_json(context, pair, names);
  return json;
}

}  // namespace tamis
