#include <algorithm>
#include <cmath>
#include <regex>
#include <set>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "base/files.h"
#include "base/mask.h"
#include "base/printable.h"
#include "base/words.h"
#include "data/formats.h"
#include "data/picture_header.h"

/// COCO JSON: images, annotations (bbox, area, iscrowd) and categories. Classes are numbered in the
/// order of their category ids, as pycocotools and the 80-class detectors do. Boxes
/// come from bbox, masks (polygons and RLE) from segmentation, read past unless they are asked for.
/// Source: https://cocodataset.org/#format-data
namespace tamis {
namespace fs = std::filesystem;
namespace {

/// The split that a file's name speaks of: instances_val2017, train, valid_annotations. Absent for
/// any other name.
std::optional<std::string> split_of_name(const std::string& stem) {
  static const std::regex kPattern(
      "(?:instances_)?(train|val|test)(?:id|idation)?[0-9]*(?:_annotations)?");
  std::smatch match;
  if (!std::regex_match(stem, match, kPattern)) return std::nullopt;
  return match[1].str();
}

/// Roboflow's name, and what others made of it.
constexpr std::string_view kSuffix = ".coco.json";

bool is_coco_name(const fs::path& file) {
  const std::string name = file.filename().string();
  return name.size() >= kSuffix.size() &&
         name.compare(name.size() - kSuffix.size(), kSuffix.size(), kSuffix) == 0;
}

/// The only file of that name in a folder; absent where there is none. Throws where there are more.
std::optional<fs::path> find_coco_file(const fs::path& folder) {
  std::optional<fs::path> found;
  for (const fs::path& file : sorted_entries(folder)) {
    if (!is_coco_name(file) || !is_file(file)) continue;
    if (found)
      throw Error(ErrorCode::invalid_argument,
                  "open data " + folder.string() + ": holds two annotation files, " +
                      found->filename().string() + " and " + file.filename().string() +
                      "; name the one to use");
    found = file;
  }
  return found;
}

void add_annotation_file(const fs::path& file, std::map<std::string, fs::path>& found) {
  if (file.extension() != ".json") return;
  if (auto split = split_of_name(file.stem().string())) found.emplace(*split, file);
}

/// The annotation files of a folder by split; {"all"} for a file.
std::map<std::string, fs::path> annotation_files(const fs::path& path) {
  std::map<std::string, fs::path> found;
  if (is_file(path) && path.extension() == ".json") found.emplace(kWholeSplit, path);
  if (!is_folder(path)) return found;
  for (const fs::path& folder : {path / "annotations", path})
    if (is_folder(folder))
      for (const fs::path& file : sorted_entries(folder)) add_annotation_file(file, found);
  for (const auto& [split, folder] : split_folders(path))
    if (auto file = find_coco_file(folder)) found.emplace(split, *file);
  if (found.empty())
    if (auto file = find_coco_file(path)) found.emplace(kWholeSplit, *file);
  return found;
}

/// Parses without keeping the masks, which are most of the file, unless they are asked for.
Json load_annotations(const fs::path& file, TruthDetail detail) {
  std::string text = load_text(file, kAnnotationFile);
  auto keep = [&](int depth, nlohmann::detail::parse_event_t event, Json& value) {
    constexpr int kMostDepth = 50;  // copying values recurses
    if (depth > kMostDepth) fail_corrupt(file, "is nested too deeply");
    return event != nlohmann::detail::parse_event_t::key || value != "segmentation" ||
           detail == TruthDetail::masks;
  };
  try {
    return Json::parse(text, keep);
  } catch (const Json::exception& e) {
    fail_corrupt(file, std::string("is not JSON: ") + e.what());
  }
}

/// Looks up a member of an object; absent when it is missing or of another kind.
const Json* member(const Json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  auto it = object.find(key);
  return it == object.end() ? nullptr : &*it;
}

std::int64_t id_of(const fs::path& file, const Json& entry, const char* key,
                   const std::string& where) {
  const Json* value = member(entry, key);
  if (value == nullptr || !value->is_number_integer())
    fail_corrupt(file, where + " has no whole number " + key);
  return value->get<std::int64_t>();
}

std::string text_of(const Json& entry, const char* key) {
  const Json* value = member(entry, key);
  return value != nullptr && value->is_string() ? value->get<std::string>() : "";
}

struct Categories {
  std::map<std::int64_t, int> label_of;  ///< category id → class index
  std::vector<std::string> names;
};

Categories read_categories(const fs::path& file, const Json& json) {
  std::map<std::int64_t, std::string> by_id;
  if (const Json* list = member(json, "categories"); list != nullptr && list->is_array())
    for (std::size_t i = 0; i < list->size(); ++i) {
      std::string where = "category " + std::to_string(i);
      by_id[id_of(file, (*list)[i], "id", where)] = text_of((*list)[i], "name");
    }
  Categories categories;
  for (const auto& [id, name] : by_id) {
    categories.label_of[id] = static_cast<int>(categories.names.size());
    categories.names.push_back(name);
  }
  return categories;
}

TruthBox read_box(const fs::path& file, const Json& annotation, const std::string& where) {
  const Json* bbox = member(annotation, "bbox");
  if (bbox == nullptr || !bbox->is_array() || bbox->size() != 4)
    fail_corrupt(file, where + " has no bbox of four numbers");
  double v[4];
  for (std::size_t i = 0; i < 4; ++i) {
    if (!(*bbox)[i].is_number()) fail_corrupt(file, where + " has no bbox of four numbers");
    v[i] = (*bbox)[i].get<double>();
    if (!std::isfinite(v[i]) || std::abs(v[i]) > 1e9)
      fail_corrupt(file, where + " has an impossible bbox");
  }
  if (v[2] < 0 || v[3] < 0) fail_corrupt(file, where + " has a bbox of negative size");
  TruthBox truth;
  truth.box = {static_cast<float>(v[0]), static_cast<float>(v[1]), static_cast<float>(v[0] + v[2]),
               static_cast<float>(v[1] + v[3])};
  const Json* area = member(annotation, "area");
  truth.area = area != nullptr && area->is_number() ? area->get<double>() : v[2] * v[3];
  const Json* crowd = member(annotation, "iscrowd");
  truth.crowd = crowd != nullptr && ((crowd->is_number() && crowd->get<double>() != 0) ||
                                     (crowd->is_boolean() && crowd->get<bool>()));
  return truth;
}

std::vector<double> numbers(const fs::path& file, const Json& list, const std::string& where) {
  std::vector<double> values;
  for (const Json& v : list) {
    if (!v.is_number()) fail_corrupt(file, where + " has a segmentation that is not of numbers");
    values.push_back(v.get<double>());
  }
  return values;
}

Mask read_polygons(const fs::path& file, const Json& list, Size size, const std::string& where) {
  Mask mask;
  for (const Json& corners : list) {
    if (!corners.is_array())
      fail_corrupt(file, where + " has a segmentation that is not a list of polygons");
    Mask part = polygon_mask(numbers(file, corners, where), size);
    mask = mask.runs.empty() ? std::move(part) : unite(mask, part);
  }
  return mask;
}

/// {"size": [height, width], "counts": compressed text or list of runs}.
Mask read_runs(const fs::path& file, const Json& segmentation, Size size,
               const std::string& where) {
  const Json* sides = member(segmentation, "size");
  const Json* counts = member(segmentation, "counts");
  if (sides == nullptr || counts == nullptr || !sides->is_array())
    fail_corrupt(file, where + " has a segmentation without size and counts");
  if (*sides != Json::array({size.height, size.width}))
    fail_corrupt(file, where + " has a mask of [height, width] " + sides->dump() +
                           ", but its image is " + Json::array({size.height, size.width}).dump() +
                           "; masks must have their image's size");
  if (counts->is_string()) return parse_mask(counts->get<std::string>(), size);
  std::vector<std::uint32_t> runs;
  for (double v : numbers(file, *counts, where)) {
    if (v < 0 || v > 4e9) fail_corrupt(file, where + " has a segmentation with an impossible run");
    runs.push_back(static_cast<std::uint32_t>(v));
  }
  return mask_of_runs(std::move(runs), size);
}

/// Without a segmentation the mask stays empty, that is: unknown.
void read_mask(const fs::path& file, const Json& annotation, Size size, const std::string& where,
               TruthBox& truth) {
  const Json* segmentation = member(annotation, "segmentation");
  if (segmentation == nullptr || segmentation->empty()) return;
  try {
    truth.mask = to_text(segmentation->is_array() ? read_polygons(file, *segmentation, size, where)
                                                  : read_runs(file, *segmentation, size, where));
  } catch (const Error& e) {
    std::string what = e.what();
    if (what.rfind("read ", 0) == 0) throw;
    fail_corrupt(file, where + ": " + what);
  }
}

/// Folders in which the pictures of an annotation file usually lie.
std::vector<fs::path> picture_folders(const fs::path& file) {
  fs::path beside = file.parent_path();
  fs::path above = beside / "..";
  std::vector<fs::path> folders{beside, beside / "images", above, above / "images"};
  std::string stem = file.stem().string();
  std::string name = stem.rfind("instances_", 0) == 0 ? stem.substr(10) : stem;
  std::vector<std::string> names{name};
  if (auto split = split_of_name(stem)) names.push_back(*split);
  for (const std::string& sub : names)
    for (const fs::path& base : {beside, beside / "images", above, above / "images"})
      folders.push_back(base / sub);
  return folders;
}

/// The file of a picture: in the folder where the last one was, else in any of them; absent when
/// none has it.
std::optional<fs::path> find_picture(const std::vector<fs::path>& folders, const std::string& name,
                                     std::size_t& last) {
  for (std::size_t tried = 0; tried < folders.size(); ++tried) {
    std::size_t i = (last + tried) % folders.size();
    if (!is_file(folders[i] / name)) continue;
    last = i;
    return (folders[i] / name).lexically_normal();
  }
  return std::nullopt;
}

struct Images {
  std::vector<Item> items;
  std::unordered_map<std::int64_t, std::size_t> index_of;  ///< image id → item
  std::vector<Size> sizes;                                 ///< of the items; 0 x 0: unknown
};

std::string size_text(Size size) {
  return std::to_string(size.height) + "x" + std::to_string(size.width);
}

/// A side that an image entry states; absent where it states none (0 is none).
std::optional<std::int64_t> stated_side(const Json& image, const char* key) {
  const Json* side = member(image, key);
  if (side == nullptr || !side->is_number()) return std::nullopt;
  const auto value = side->get<double>();
  if (value == 0 || value != std::floor(value)) return std::nullopt;
  return std::abs(value) < 1e9 ? static_cast<std::int64_t>(value) : -1;
}

Size stated_size(const fs::path& file, const Json& image, const Item& item) {
  const auto height = stated_side(image, "height"), width = stated_side(image, "width");
  if (!height || !width) return {};
  if (*height < 1 || *width < 1 || *height * *width > kMaxPicturePixels)
    fail_corrupt(file, item.id + " claims an impossible size");
  return {static_cast<int>(*height), static_cast<int>(*width)};
}

/// Why the annotations cannot be those of the picture as it lies there.
std::string mismatch_text(const Item& item, Size stated, const PictureHeader& header) {
  return item.id + " claims to be " + size_text(stated) + ", but the image is " +
         size_text(header.upright()) + " (height x width, upright)" +
         (stated == header.stored
              ? ": its EXIF orientation turns it; turn the annotations too, or the stored pixels"
              : "; boxes and masks must be in the pixels of their images: give those that were "
                "annotated, or scale the annotations");
}

/// Sets the sizes of pictures: their files', where these can be read, which must be those that
/// their entries state.
void read_sizes(const fs::path& file, const Json& list, Images& images) {
  std::string first;
  std::size_t count = 0;
  for (std::size_t i = 0; i < images.items.size(); ++i) {
    const Item& item = images.items[i];
    const Size stated = stated_size(file, list[i], item);
    const auto header = probe_sane_header(item.file);
    images.sizes.push_back(header ? header->upright() : stated);
    if (!header || stated == Size{} || stated == header->upright()) continue;
    if (count++ == 0) first = mismatch_text(item, stated, *header);
  }
  if (count == 0) return;
  fail_corrupt(file, first + (count == 1 ? ""
                                         : " (as " + std::to_string(count - 1) + " more of " +
                                               count_text(images.items.size(), "image") + ")"));
}

Images read_images(const fs::path& file, const Json& json, bool labelled) {
  const Json* list = member(json, "images");
  if (list == nullptr || !list->is_array()) fail_corrupt(file, "has no list called images");
  std::vector<fs::path> folders = picture_folders(file);
  Images images;
  std::set<std::string> names;
  std::size_t last = 0;
  std::size_t found = 0;
  for (std::size_t i = 0; i < list->size(); ++i) {
    std::string where = "image " + std::to_string(i);
    std::string name = text_of((*list)[i], "file_name");
    if (name.empty()) fail_corrupt(file, where + " has no file_name");
    if (!images.index_of.emplace(id_of(file, (*list)[i], "id", where), i).second)
      fail_corrupt(file, where + " repeats the id of another");
    if (!names.insert(name).second) fail_corrupt(file, where + " names " + name + " again");
    auto picture = find_picture(folders, name, last);
    found += picture ? 1 : 0;
    Item item;
    item.id = name;
    item.file = picture ? *picture : folders[last] / name;
    if (labelled) item.truth.boxes.emplace();
    images.items.push_back(std::move(item));
  }
  if (found == 0 && !images.items.empty())
    throw Error(ErrorCode::not_found, "open data " + file.string() +
                                          ": none of its images exists, such as " +
                                          printable(images.items[0].id) +
                                          "; put them next to it, in images/ or in ../images/");
  return images;
}

/// What two annotations of one picture have in common that are the same object twice.
using Same = std::tuple<std::size_t, int, bool, float, float, float, float, std::string>;

Same numbers_of(std::size_t image, const TruthBox& t) {
  return {image, t.label, t.crowd, t.box.x0, t.box.y0, t.box.x1, t.box.y1, t.mask};
}

void read_annotations(const fs::path& file, const Json& list, const Categories& categories,
                      TruthDetail detail, Images& images, Reading& reading) {
  std::set<Same> seen;
  for (std::size_t i = 0; i < list.size(); ++i) {
    std::string where = "annotation " + std::to_string(i);
    auto image = images.index_of.find(id_of(file, list[i], "image_id", where));
    if (image == images.index_of.end())
      fail_corrupt(file, where + " belongs to an image that is not listed");
    auto category = categories.label_of.find(id_of(file, list[i], "category_id", where));
    if (category == categories.label_of.end())
      fail_corrupt(file, where + " has a category that is not listed");
    TruthBox truth = read_box(file, list[i], where);
    truth.label = category->second;
    const Size size = images.sizes[image->second];
    if (detail == TruthDetail::masks) read_mask(file, list[i], size, where, truth);
    if (!seen.insert(numbers_of(image->second, truth)).second) {
      ++reading.repeated_labels;
      continue;
    }
    reading.boxes_outside += size != Size{} && reaches_out(truth.box, size) ? 1 : 0;
    images.items[image->second].truth.boxes->push_back(std::move(truth));
  }
}

}  // namespace

std::optional<DatasetInfo> probe_coco(const fs::path& path) {
  auto files = annotation_files(path);
  if (files.empty()) return std::nullopt;
  DatasetInfo info;
  info.splits = ordered_splits(files);
  if (info.splits.empty()) info.splits.emplace_back(kWholeSplit);
  return info;
}

namespace {

std::unique_ptr<Dataset> open_annotated(const fs::path& file, TruthDetail detail) {
  Json json = load_annotations(file, detail);
  if (!json.is_object())
    fail_corrupt(file, "is not a COCO file (an object with images is expected)");
  const Json* annotations = member(json, "annotations");
  if (annotations != nullptr && !annotations->is_array())
    fail_corrupt(file, "annotations is not a list");
  Categories categories = read_categories(file, json);
  Images images = read_images(file, json, annotations != nullptr);
  Reading reading;
  if (annotations == nullptr) {
    reading.looked_for = "a list called annotations in " + file.string();
  } else {
    read_sizes(file, json["images"], images);
    if (detail == TruthDetail::masks)
      for (std::size_t i = 0; i < images.items.size(); ++i)
        images.items[i].truth.mask_size = images.sizes[i];
    read_annotations(file, *annotations, categories, detail, images, reading);
  }
  return std::make_unique<FileDataset>(std::move(images.items), std::move(categories.names),
                                       std::move(reading));
}

}  // namespace

std::unique_ptr<Dataset> open_coco(const fs::path& path, const std::string& split) {
  return open_annotated(annotation_files(path).at(split), TruthDetail::boxes);
}

std::unique_ptr<Dataset> open_coco_masks(const fs::path& path, const std::string& split) {
  return open_annotated(annotation_files(path).at(split), TruthDetail::masks);
}

}  // namespace tamis
