#include <charconv>
#include <cmath>
#include <string>

#include "base/error.h"
#include "tasks/task.h"

namespace tamis {
namespace {

/// The double whose shortest text is the float's shortest text: "0.1" in the file instead of
/// "0.10000000149011612", and the same float when read back.
double shortest(float value) {
  char text[32];
  auto end = std::to_chars(text, text + sizeof text, value).ptr;
  double out = 0;
  std::from_chars(text, end, out);
  return static_cast<float>(out) == value ? out : static_cast<double>(value);
}

void append(Json& to, const Box& box) {
  for (float v : {box.x0, box.y0, box.x1, box.y1}) to.push_back(shortest(v));
}

/// An array of numbers, in groups of `size`.
class Groups {
 public:
  Groups(const Json& array, std::size_t size) : array_(array), size_(size) {
    if (array.size() % size != 0)
      throw Error(ErrorCode::corrupt_data,
                  "item record: an array of " + std::to_string(array.size()) +
                      " numbers is not in groups of " + std::to_string(size));
  }
  std::size_t count() const { return array_.size() / size_; }
  double at(std::size_t group, std::size_t i) const {
    return array_[group * size_ + i].get<double>();
  }
  Box box(std::size_t group) const {
    auto f = [&](std::size_t i) { return static_cast<float>(at(group, i)); };
    return {f(0), f(1), f(2), f(3)};
  }
  int whole(std::size_t group, std::size_t i) const { return array_[group * size_ + i].get<int>(); }

 private:
  const Json& array_;
  std::size_t size_;
};

Json truth_json(const std::vector<TruthBox>& boxes) {
  Json out = Json::array();
  for (const TruthBox& t : boxes) {
    append(out, t.box);
    out.push_back(t.label);
    out.push_back(t.crowd ? 1 : 0);
    out.push_back(t.area);
  }
  return out;
}

Json boxes_json(const std::vector<Detection>& boxes) {
  Json out = Json::array();
  for (const Detection& d : boxes) {
    append(out, d.box);
    out.push_back(shortest(d.score));
    out.push_back(d.label);
  }
  return out;
}

std::vector<TruthBox> parse_truth(const Json& json) {
  Groups groups(json, 7);
  std::vector<TruthBox> out;
  for (std::size_t i = 0; i < groups.count(); ++i)
    out.push_back({groups.box(i), groups.whole(i, 4), groups.whole(i, 5) != 0, groups.at(i, 6)});
  return out;
}

std::vector<Detection> parse_boxes(const Json& json) {
  Groups groups(json, 6);
  std::vector<Detection> out;
  for (std::size_t i = 0; i < groups.count(); ++i)
    out.push_back({groups.box(i), static_cast<float>(groups.at(i, 4)), groups.whole(i, 5)});
  return out;
}

Json size_json(Size size) { return {size.height, size.width}; }

Size parse_size(const Json& json) { return {json.at(0).get<int>(), json.at(1).get<int>()}; }

void add_masks(const ItemRecord& record, Json& out) {
  if (record.prediction.mask_size != Size{}) {
    out["size"] = size_json(record.prediction.mask_size);
    out["masks"] = record.prediction.masks;
  }
  if (!record.truth.boxes || record.truth.mask_size == Size{}) return;
  out["truth_size"] = size_json(record.truth.mask_size);
  out["truth_masks"] = Json::array();
  for (const TruthBox& t : *record.truth.boxes) out["truth_masks"].push_back(t.mask);
}

[[noreturn]] void fail_masks(const Json& json, const char* boxes) {
  throw Error(ErrorCode::corrupt_data, "item record: " + json.at("item").get<std::string>() +
                                           " has another number of masks than of " + boxes);
}

void parse_masks(const Json& json, ItemRecord& out) {
  if (json.contains("masks")) {
    out.prediction.masks = json["masks"].get<std::vector<std::string>>();
    out.prediction.mask_size = parse_size(json.at("size"));
    if (out.prediction.masks.size() != out.prediction.boxes.size()) fail_masks(json, "boxes");
  }
  if (!json.contains("truth_masks")) return;
  out.truth.mask_size = parse_size(json.at("truth_size"));
  const Json& masks = json["truth_masks"];
  if (!out.truth.boxes || masks.size() != out.truth.boxes->size()) fail_masks(json, "truths");
  for (std::size_t i = 0; i < masks.size(); ++i)
    (*out.truth.boxes)[i].mask = masks[i].get<std::string>();
}

void write_classes(Json& out, const Prediction& prediction) {
  out["top"] = prediction.top;
  if (prediction.probabilities.empty()) return;
  out["probabilities"] = Json::array();
  for (float p : prediction.probabilities) out["probabilities"].push_back(shortest(p));
}

void parse_classes(const Json& json, Prediction& out) {
  out.top = json.at("top").get<std::vector<int>>();
  if (!json.contains("probabilities")) return;
  out.probabilities = json["probabilities"].get<std::vector<float>>();
  if (out.probabilities.size() != out.top.size())
    throw Error(ErrorCode::corrupt_data,
                "item record: " + json.at("item").get<std::string>() +
                    " has another number of probabilities than of classes");
}

Json pixels_json(const PixelScores& scores) {
  Json out = Json::array({scores.pixels});
  for (float v : scores.medians) out.push_back(static_cast<double>(v));
  return out;
}

PixelScores parse_pixels(const Json& json) {
  PixelScores out;
  out.pixels = json.at(0).get<std::uint64_t>();
  for (std::size_t i = 1; i < json.size(); ++i) out.medians.push_back(json[i].get<float>());
  if (out.medians.size() > out.pixels || (out.medians.empty() && out.pixels != 0))
    throw Error(ErrorCode::corrupt_data, "item record: " + std::to_string(out.medians.size()) +
                                             " medians of " + std::to_string(out.pixels) +
                                             " pixels");
  return out;
}

void write_anomaly(Json& out, const AnomalyPrediction& prediction) {
  out["score"] = static_cast<double>(prediction.score);
  if (prediction.flagged) out["flagged"] = *prediction.flagged;
  if (prediction.coarse) out["map"] = to_json(*prediction.coarse);
  if (!prediction.pixels) return;
  out["normal"] = pixels_json(prediction.pixels->normal);
  out["regions"] = Json::array();
  for (const PixelScores& region : prediction.pixels->regions)
    out["regions"].push_back(pixels_json(region));
}

AnomalyPrediction parse_anomaly(const Json& json) {
  AnomalyPrediction out;
  out.score = json.at("score").get<float>();
  if (json.contains("flagged")) out.flagged = json["flagged"].get<bool>();
  if (json.contains("map")) out.coarse = parse_coarse_map(json["map"]);
  if (!json.contains("normal")) return out;
  out.pixels.emplace();
  out.pixels->normal = parse_pixels(json["normal"]);
  for (const Json& region : json.at("regions")) out.pixels->regions.push_back(parse_pixels(region));
  return out;
}

}  // namespace

Json to_json(const ItemRecord& record) {
  Json out{{"item", record.item}};
  if (record.truth.label) out["label"] = *record.truth.label;
  if (record.truth.boxes) out["truth"] = truth_json(*record.truth.boxes);
  if (record.truth.anomaly) out["kind"] = record.truth.anomaly->kind;
  if (record.prediction.anomaly)
    write_anomaly(out, *record.prediction.anomaly);
  else if (!record.prediction.top.empty())
    write_classes(out, record.prediction);
  else
    out["boxes"] = boxes_json(record.prediction.boxes);
  add_masks(record, out);
  return out;
}

ItemRecord parse_item_record(const Json& json) try {
  ItemRecord out;
  out.item = json.at("item").get<std::string>();
  if (json.contains("label")) out.truth.label = json["label"].get<int>();
  if (json.contains("truth")) out.truth.boxes = parse_truth(json["truth"]);
  if (json.contains("kind")) out.truth.anomaly = AnomalyTruth{json["kind"].get<std::string>(), {}};
  if (json.contains("score"))
    out.prediction.anomaly = parse_anomaly(json);
  else if (json.contains("top"))
    parse_classes(json, out.prediction);
  else
    out.prediction.boxes = parse_boxes(json.at("boxes"));
  parse_masks(json, out);
  return out;
} catch (const Json::exception& e) {
  throw Error(ErrorCode::corrupt_data, std::string("item record: ") + e.what());
}

}  // namespace tamis
