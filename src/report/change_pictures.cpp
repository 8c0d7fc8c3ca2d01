#include "report/change_pictures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <regex>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/mask.h"
#include "data/dataset.h"
#include "data/encode.h"
#include "data/picture_header.h"
#include "report/change_texts.h"
#include "tasks/coarse_map.h"
#include "vision/draw.h"

namespace tamis {
namespace {
namespace fs = std::filesystem;

constexpr Size kRoom{340, 420};  // of a panel
constexpr int kGap = 8, kQuality = 88;
constexpr double kShown = 0.25;         // objects surer than this are drawn
constexpr std::size_t kTagsOfSame = 8;  // beyond that, only those that changed get a tag
constexpr double kMoved = 0.1;          // of one still there: worth a stronger line
constexpr Colour kSame{58, 134, 222}, kLost{222, 40, 60}, kGained{240, 140, 0},
    kRelabelled{196, 52, 214}, kTruth{255, 255, 255};

const char* const kSides[] = {"baseline", "variant"};

Colour colour_of(const std::string& kind) {
  if (kind == "lost") return kLost;
  if (kind == "gained") return kGained;
  return kind == "relabelled" ? kRelabelled : kSame;
}

/// One of the two pictures of an item while it is drawn.
struct Panel {
  Picture canvas;
  double scale = 1;  ///< canvas pixels per picture pixel
  Size picture;      ///< the original's pixels

  Box place(const Json& box) const {
    const auto at = [&](int i) { return static_cast<float>(box.at(i).get<double>() * scale); };
    return {at(0), at(1), at(2), at(3)};
  }
};

Size mask_size(const Json& item) {
  if (!item.contains("mask_size")) return {};
  return {item["mask_size"].at(0).get<int>(), item["mask_size"].at(1).get<int>()};
}

std::optional<Mask> mask_of(const Json& object, Size size) {
  if (!object.contains("mask") || size == Size{}) return std::nullopt;
  return parse_mask(object["mask"].get<std::string>(), size);
}

void draw_truth(Panel& panel, const Json& item) {
  const Json& truth = item.at("truth");
  if (!truth.is_object() || !truth.contains("objects")) return;
  for (const Json& object : truth["objects"])
    draw_box(panel.canvas, panel.place(object.at("box")), kTruth, 1, Line::dashed);
}

bool is_drawn(const Json& object) {
  return object.is_object() && object.at("score").get<double>() >= kShown;
}

/// Unchanged ones first, so that the others lie on top.
std::vector<const Json*> drawing_order(const Json& item, const char* side) {
  std::vector<const Json*> order;
  for (const Json& o : item.at("objects"))
    if (is_drawn(o.at(side))) order.push_back(&o);
  std::stable_sort(order.begin(), order.end(), [](const Json* a, const Json* b) {
    return (a->at("kind") == "same") && (b->at("kind") != "same");
  });
  return order;
}

void draw_objects(Panel& panel, const Json& item, const char* side) {
  const std::vector<const Json*> objects = drawing_order(item, side);
  const Size masks = mask_size(item);
  for (const Json* o : objects)
    if (const auto mask = mask_of(o->at(side), masks)) {
      const Colour colour = colour_of(o->at("kind"));
      tint_mask(panel.canvas, *mask, colour, 0.38);
      outline_mask(panel.canvas, *mask, colour, 1);
    }
  draw_truth(panel, item);
  const auto same = static_cast<std::size_t>(std::count_if(
      objects.begin(), objects.end(), [](const Json* o) { return o->at("kind") == "same"; }));
  for (const Json* o : objects) {
    const std::string kind = o->at("kind");
    const Json& object = o->at(side);
    const Box box = panel.place(object.at("box"));
    const bool changed = kind != "same", moved = o->at("amount").get<double>() >= kMoved;
    draw_box(panel.canvas, box, colour_of(kind), changed ? 3 : moved ? 2 : 1, Line::solid);
    if (changed || moved || same <= kTagsOfSame)
      draw_tag(panel.canvas, static_cast<int>(box.x0), static_cast<int>(box.y0),
               object_text(object), colour_of(kind));
  }
}

/// Both maps on one scale, so that the panels can be compared.
struct HeatScale {
  float low = 0, high = 0;
  void include(const CoarseMap& map) {
    const bool first = low == 0 && high == 0;
    low = first ? map.low : std::min(low, map.low);
    high = first ? map.high : std::max(high, map.high);
  }
};

std::optional<CoarseMap> map_of(const Json& side) {
  if (side.at("map").is_null()) return std::nullopt;
  return parse_coarse_map(side.at("map"));
}

void draw_heat(Panel& panel, const CoarseMap& map, const HeatScale& scale) {
  std::vector<float> values;
  for (std::size_t i = 0; i < map.levels.size(); ++i)
    values.push_back(scale.high > scale.low ? (map.at(i) - scale.low) / (scale.high - scale.low)
                                            : 0.0f);
  blend_heat(panel.canvas, values, map.size);
}

void draw_anomaly(Panel& panel, const Json& item, const char* side, const Picture* defect) {
  HeatScale scale;
  for (const char* each : kSides)
    if (const auto map = map_of(item.at(each))) scale.include(*map);
  if (const auto map = map_of(item.at(side))) draw_heat(panel, *map, scale);
  if (defect != nullptr)
    outline_mask(panel.canvas, mask_of_rows(defect->pixels, defect->size()), kTruth, 1);
}

Panel make_panel(const Picture& picture) {
  Panel panel{fit_into(picture, kRoom), 1, picture.size()};
  panel.scale = static_cast<double>(panel.canvas.width) / picture.width;
  return panel;
}

Picture draw_item(const ResultDocument& result, const Json& item, const Picture& picture,
                  const Picture* defect) {
  std::vector<Picture> panels;
  for (const char* side : kSides) {
    Panel panel = make_panel(picture);
    if (item.contains("objects"))
      draw_objects(panel, item, side);
    else if (item.at(side).is_object())
      draw_anomaly(panel, item, side, defect);
    panels.push_back(with_title(panel.canvas, panel_title(result, item, side)));
  }
  return side_by_side(panels[0], panels[1], kGap);
}

/// The data that the items come from, as far as they are still there.
class Items {
 public:
  explicit Items(const Json& data) {
    try {
      dataset_ =
          open_dataset({data.at("path").get<std::string>(), data.at("split").get<std::string>()});
      for (std::size_t i = 0; i < dataset_->items().size(); ++i)
        places_[dataset_->items()[i].id] = i;
    } catch (const Error& e) {
      why_ = e.what();
    }
  }

  /// Throws what loading throws; not_found with the reason where the data are gone.
  Picture picture(const std::string& id) const {
    const std::size_t at = place(id);  // first: without data it throws
    return dataset_->load_picture(at);
  }

  /// Where the item has a mask of its defects.
  std::optional<Picture> defect(const std::string& id, Size size) const {
    const std::size_t at = place(id);
    const Item& item = dataset_->items()[at];
    if (!item.truth.anomaly || !item.truth.anomaly->mask) return std::nullopt;
    return load_mask(item, size);
  }

 private:
  std::size_t place(const std::string& id) const {
    if (!dataset_) throw Error(ErrorCode::not_found, why_);
    auto at = places_.find(id);
    if (at == places_.end()) throw Error(ErrorCode::not_found, "the data no longer contain " + id);
    return at->second;
  }

  std::unique_ptr<Dataset> dataset_;
  std::map<std::string, std::size_t> places_;
  std::string why_;
};

/// The same for the same change, so that a drawing can be told from another result's.
std::string file_name(const Json& changes, const Json& item, std::size_t number) {
  const std::string key =
      hash_text(canonical_text(item) + changes.at("variant").get<std::string>());
  return fmt::format("changes/{}-{}.jpg", number, key.substr(0, 12));
}

ChangePicture kept_drawing(const fs::path& file, ChangePicture drawn, const Error& why) {
  if (!fs::exists(file)) {
    drawn.note = why.what();
    drawn.file.clear();
    return drawn;
  }
  drawn.jpeg = load_bytes(file, kImageFile);
  if (const auto header = parse_picture_header(drawn.jpeg)) drawn.size = header->stored;
  return drawn;
}

ChangePicture draw_one(const ResultDocument& result, const Json& item, const Items& items,
                       const fs::path& folder, ChangePicture drawn) {
  try {
    const std::string id = item.at("item");
    const Picture picture = items.picture(id);
    const std::optional<Picture> defect = items.defect(id, picture.size());
    const Picture both = draw_item(result, item, picture, defect ? &*defect : nullptr);
    drawn.jpeg = encode_jpeg(both, kQuality);
    drawn.size = both.size();
  } catch (const Error& e) {
    const fs::path file = folder / drawn.file;
    return kept_drawing(file, std::move(drawn), e);
  }
  make_writable_folder(folder / "changes");
  save_file(folder / drawn.file, drawn.jpeg);
  return drawn;
}

/// Drawings of an earlier result, by their names alone.
void remove_others(const fs::path& folder, const std::set<std::string>& kept) {
  if (!fs::exists(folder / "changes")) return;
  static const std::regex kOurs("[0-9]+-[0-9a-f]{12}\\.jpg");
  std::vector<fs::path> others;
  for (const auto& entry : fs::directory_iterator(folder / "changes")) {
    const std::string name = entry.path().filename().string();
    if (std::regex_match(name, kOurs) && kept.count("changes/" + name) == 0)
      others.push_back(entry.path());
  }
  for (const fs::path& file : others) fs::remove(file);
  if (fs::is_empty(folder / "changes")) fs::remove(folder / "changes");
}

}  // namespace

std::vector<ChangePicture> draw_changes(const ResultDocument& result, const fs::path& folder) try {
  std::vector<ChangePicture> drawn;
  std::set<std::string> kept;
  if (has_changes(result) && !result.changes.at("worst").empty()) {
    const Items items(result.changes.at("data"));
    for (const Json& item : result.changes.at("worst")) {
      ChangePicture picture;
      picture.file = file_name(result.changes, item, drawn.size() + 1);
      drawn.push_back(draw_one(result, item, items, folder, std::move(picture)));
      if (!drawn.back().file.empty()) kept.insert(drawn.back().file);
    }
  }
  remove_others(folder, kept);
  return drawn;
} catch (const Json::exception& e) {
  throw Error(ErrorCode::corrupt_data, std::string("result: changes: ") + e.what());
} catch (const fs::filesystem_error& e) {
  throw Error(ErrorCode::io, std::string("report: ") + e.what());
}

}  // namespace tamis
