#include "predict/prediction_json.h"

#include <fmt/format.h>

#include <cmath>

namespace tamis {
namespace {

/// As many decimals as say anything: a float printed as a double has nine that do not.
double rounded(float value, double steps) { return std::round(value * steps) / steps; }

double score_of(float value) { return rounded(value, 1e5); }

Json box_json(const Box& box) {
  Json sides = Json::array();
  for (const float side : {box.x0, box.y0, box.x1, box.y1}) sides.push_back(rounded(side, 1e2));
  return sides;
}

Json objects_json(const Card& card, const Prediction& prediction, double min_score) {
  Json objects = Json::array();
  for (std::size_t i = 0; i < prediction.boxes.size(); ++i) {
    const Detection& d = prediction.boxes[i];
    if (!is_shown(d, min_score)) continue;
    Json object{{"class", d.label},
                {"name", class_name(card, d.label)},
                {"score", score_of(d.score)},
                {"box", box_json(d.box)}};
    if (i < prediction.masks.size())
      object["mask"] = {{"size", {prediction.mask_size.height, prediction.mask_size.width}},
                        {"counts", prediction.masks[i]}};
    objects.push_back(std::move(object));
  }
  return objects;
}

Json classes_json(const Card& card, const Prediction& prediction) {
  Json classes = Json::array();
  for (std::size_t i = 0; i < prediction.top.size(); ++i) {
    const bool known = i < prediction.probabilities.size();
    classes.push_back(
        {{"class", prediction.top[i]},
         {"name", class_name(card, prediction.top[i])},
         {"probability", known ? Json(score_of(prediction.probabilities[i])) : Json()}});
  }
  return classes;
}

}  // namespace

std::string class_name(const Card& card, int label) {
  const auto index = static_cast<std::size_t>(label);
  if (label >= 0 && index < card.labels.size() && !card.labels[index].empty())
    return card.labels[index];
  return fmt::format("class {}", label);
}

Json prediction_json(const Card& card, const std::string& image, Size size, const Prediction& p,
                     double min_score) {
  Json json{{"image", image}, {"width", size.width}, {"height", size.height}};
  if (p.anomaly) {
    json["score"] = p.anomaly->score;
    json["threshold"] = card.threshold ? Json(*card.threshold) : Json();
    json["anomalous"] = p.anomaly->flagged ? Json(*p.anomaly->flagged) : Json();
  } else if (card.task == TaskKind::classify) {
    json["classes"] = classes_json(card, p);
  } else {
    json["objects"] = objects_json(card, p, min_score);
  }
  return json;
}

}  // namespace tamis
