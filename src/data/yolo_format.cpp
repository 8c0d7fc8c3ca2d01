#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/files.h"
#include "base/mask.h"
#include "base/number.h"
#include "base/printable.h"
#include "data/formats.h"
#include "data/picture_header.h"

/// The YOLO layout: a data.yaml that names folders (or text files) of pictures, and beside images/
/// a folder labels/ with a text file per picture (or that file beside the picture), a line "class x
/// y w h" (or "class x1 y1 x2 y2 …", a polygon) in fractions of the picture's upright size. Source:
/// https://docs.ultralytics.com/datasets/detect/
namespace tamis {
namespace fs = std::filesystem;
namespace {

constexpr std::array<const char*, 3> kSplits{"train", "val", "test"};
constexpr int kMaxYamlDepth = 50;
// Polygons lie in labels/ too; where a dataset has both, they have a folder of their own.
constexpr const char *kBoxLabels = "labels", *kPolygonLabels = "labels_segment";
constexpr double kEdgeTolerance = 0.01;  // rounding in the files of several tools

struct DataYaml {
  fs::path file;
  fs::path root;
  std::map<std::string, std::vector<std::string>> splits;  ///< as written
  std::vector<std::string> names;
};

bool is_yaml(const fs::path& file) {
  return (file.extension() == ".yaml" || file.extension() == ".yml") &&
         file.stem().extension() != ".card";
}

/// yaml-cpp recurses with the nesting, so deep nesting is refused before it sees the text.
void check_depth(const fs::path& file, const std::string& text) {
  int depth = 0;
  for (char c : text) {
    depth += c == '[' || c == '{' ? 1 : c == ']' || c == '}' ? -1 : 0;
    if (depth > kMaxYamlDepth) fail_corrupt(file, "is nested too deeply");
  }
}

std::vector<std::string> strings(const YAML::Node& node) {
  std::vector<std::string> result;
  if (node.IsScalar()) result.push_back(node.as<std::string>());
  if (node.IsSequence())
    for (const auto& entry : node) result.push_back(entry.as<std::string>());
  return result;
}

/// Names as a list, or as a map from index to name.
std::vector<std::string> class_names(const fs::path& file, const YAML::Node& node) {
  if (!node || !node.IsMap()) return node ? strings(node) : std::vector<std::string>();
  std::vector<std::string> names(node.size());
  for (const auto& entry : node) {
    auto index = parse_number<int>(entry.first.as<std::string>());
    if (!index || *index < 0 || static_cast<std::size_t>(*index) >= names.size())
      fail_corrupt(file, "names: index " + entry.first.as<std::string>() + " is not in 0.." +
                             std::to_string(names.size() - 1));
    names[static_cast<std::size_t>(*index)] = entry.second.as<std::string>();
  }
  return names;
}

/// The folder that `path:` means: relative to the file; where that is not there, the file's own
/// folder.
fs::path root_folder(const fs::path& file, const std::string& path) {
  fs::path own = file.parent_path();
  return !path.empty() && is_folder(own / path) ? own / path : own;
}

/// Absent when the YAML is something else (no train and no val).
std::optional<DataYaml> load_data_yaml(const fs::path& file) {
  std::string text = load_text(file, kDataYamlFile);
  check_depth(file, text);
  try {
    YAML::Node node = YAML::Load(text);
    if (!node.IsMap()) return std::nullopt;
    DataYaml data;
    data.file = file;
    data.root = root_folder(file, node["path"] ? node["path"].as<std::string>("") : "");
    for (const char* split : kSplits)
      if (node[split] && !strings(node[split]).empty()) data.splits[split] = strings(node[split]);
    if (data.splits.empty()) return std::nullopt;
    data.names = class_names(file, node["names"]);
    return data;
  } catch (const YAML::Exception& e) {
    fail_corrupt(file, e.what());
  }
}

std::optional<DataYaml> find_data_yaml(const fs::path& path) {
  if (!is_folder(path)) return is_yaml(path) ? load_data_yaml(path) : std::nullopt;
  std::optional<DataYaml> found;
  for (const fs::path& entry : sorted_entries(path)) {
    if (!is_yaml(entry) || !is_file(entry)) continue;  // of other kinds none was made by hand
    auto data = load_data_yaml(entry);
    if (data && found)
      throw Error(ErrorCode::invalid_argument,
                  "open data " + path.string() + ": holds two data files, " +
                      found->file.filename().string() + " and " + entry.filename().string() +
                      "; name the one to use");
    if (data) found = std::move(data);
  }
  return found;
}

/// Where an entry of a split lies. "../train/images" is also looked for without the "../", as
/// common exporters need.
fs::path locate(const DataYaml& data, const std::string& entry) {
  std::vector<fs::path> candidates{data.root / entry, data.file.parent_path() / entry};
  if (entry.rfind("../", 0) == 0) candidates.push_back(data.root / entry.substr(3));
  std::error_code error;
  for (const fs::path& candidate : candidates)
    if (fs::exists(candidate, error)) return candidate.lexically_normal();
  throw Error(ErrorCode::not_found, "open data " + data.file.string() + ": " + printable(entry) +
                                        " is not there (looked for " +
                                        printable(candidates[0].string()) +
                                        "); correct path, train, val or test in it");
}

/// The pictures that a text file lists. What it holds is not repeated in messages: it may be any
/// file.
void add_listed(const DataYaml& data, const fs::path& list, std::vector<fs::path>& files) {
  for (const TextLine& line : filled_lines(load_text(list, kListFile), list.string())) {
    if (!is_picture_name(line.text))
      fail_corrupt(list, "line " + std::to_string(line.number) +
                             " names no image; a list of images has a path in each line");
    bool beside = line.text.rfind("./", 0) == 0;
    files.push_back((beside ? list.parent_path() : data.root) / line.text);
  }
}

/// In the order of the entries; one that several of them name comes once.
std::vector<fs::path> split_pictures(const DataYaml& data, const std::string& split,
                                     std::size_t& repeated) {
  std::vector<fs::path> all;
  for (const std::string& entry : data.splits.at(split)) {
    fs::path place = locate(data, entry);
    if (is_folder(place)) {
      auto below = pictures_below(place);
      all.insert(all.end(), below.begin(), below.end());
    } else {
      add_listed(data, place, all);
    }
  }
  std::vector<fs::path> files;
  std::set<fs::path> seen;
  for (const fs::path& file : all)
    if (fs::path normal = file.lexically_normal(); seen.insert(normal).second)
      files.push_back(std::move(normal));
  repeated = all.size() - files.size();
  return files;
}

bool is_link_or_there(const fs::path& file) {
  std::error_code error;
  return fs::exists(fs::symlink_status(file, error));  // also a link that leads nowhere
}

/// images/…/NAME.jpg → labels/…/NAME.txt, replacing the last folder called images; absent where
/// there is none.
std::optional<fs::path> replaced_folder(const fs::path& picture, const char* folder) {
  std::vector<fs::path> parts(picture.begin(), picture.end());
  auto images = std::find(parts.rbegin(), parts.rend(), fs::path("images"));
  if (images == parts.rend()) return std::nullopt;
  *images = folder;
  fs::path file;
  for (const fs::path& part : parts) file /= part;
  return file.replace_extension(".txt");
}

/// The file of a picture's labels in the folder that stands for images/, or else, of boxes, beside
/// the picture. Absent when neither is there.
std::optional<fs::path> find_label_file(const fs::path& picture, const char* folder) {
  if (auto file = replaced_folder(picture, folder); file && is_link_or_there(*file)) return file;
  if (std::string_view(folder) != kBoxLabels) return std::nullopt;
  fs::path beside = fs::path(picture).replace_extension(".txt");
  return is_link_or_there(beside) ? std::optional(beside) : std::nullopt;
}

/// For messages: where the labels of this picture would lie.
std::string places_text(const fs::path& picture, const char* folder) {
  auto file = replaced_folder(picture, folder);
  const std::string beside = fs::path(picture).replace_extension(".txt").string();
  return file ? file->string() + " and next to the image" : beside;
}

struct LabelFile {
  const fs::path& file;
  const std::vector<std::string>& names;
  Size size;
  TruthDetail detail;
};

[[noreturn]] void fail(const LabelFile& labels, const TextLine& line, const std::string& what) {
  fail_corrupt(fs::path(labels.file.string() + " line " + std::to_string(line.number)), what);
}

std::vector<double> parse_fractions(const LabelFile& labels, const TextLine& line,
                                    std::span<const std::string_view> words) {
  std::vector<double> values;
  for (std::string_view word : words) {
    auto value = parse_finite(word);
    if (!value) fail(labels, line, "number expected, got " + std::string(word.substr(0, 40)));
    if (*value < -kEdgeTolerance || *value > 1 + kEdgeTolerance)
      fail(labels, line,
           std::string(word.substr(0, 40)) +
               " is outside 0..1; coordinates are fractions of the image");
    values.push_back(*value);
  }
  return values;
}

/// In fractions: the box of "x y w h", or the one around a polygon.
std::array<double, 4> box_of(const std::vector<double>& v) {
  if (v.size() == 4) return {v[0] - v[2] / 2, v[1] - v[3] / 2, v[0] + v[2] / 2, v[1] + v[3] / 2};
  std::array<double, 4> box{v[0], v[1], v[0], v[1]};
  for (std::size_t i = 0; i < v.size(); i += 2) {
    box = {std::min(box[0], v[i]), std::min(box[1], v[i + 1]), std::max(box[2], v[i]),
           std::max(box[3], v[i + 1])};
  }
  return box;
}

/// The mask of a polygon in fractions; its area becomes the truth's, as in COCO.
void add_mask(const LabelFile& labels, std::vector<double> corners, TruthBox& truth) {
  for (std::size_t i = 0; i < corners.size(); i += 2) {
    corners[i] *= labels.size.width;
    corners[i + 1] *= labels.size.height;
  }
  Mask mask = polygon_mask(corners, labels.size);
  truth.mask = to_text(mask);
  truth.area = static_cast<double>(area(mask));
}

/// `numbers` gets the line's class and fractions.
TruthBox parse_box(const LabelFile& labels, const TextLine& line, std::vector<float>& numbers) {
  auto words = split_words(line.text);
  if (words.size() < 5 || words.size() % 2 == 0)
    fail(labels, line,
         "has " + std::to_string(words.size()) +
             " fields; a line is: class x y w h, or class and a polygon");
  auto label = parse_finite(words[0]);  // some tools write 3.0
  if (!label || *label < 0 || *label > 1e6 || *label != static_cast<int>(*label))
    fail(labels, line, "class index expected, got " + std::string(words[0].substr(0, 40)));
  if (!labels.names.empty() && *label >= static_cast<double>(labels.names.size()))
    fail(labels, line,
         "class " + std::string(words[0].substr(0, 40)) +
             " is out of range: " + std::to_string(labels.names.size()) + " names are given");
  auto fractions = parse_fractions(labels, line, std::span(words).subspan(1));
  numbers.assign(fractions.begin(), fractions.end());
  numbers.push_back(static_cast<float>(*label));
  auto box = box_of(fractions);
  TruthBox truth;
  truth.label = static_cast<int>(*label);
  truth.box = {static_cast<float>(box[0] * labels.size.width),
               static_cast<float>(box[1] * labels.size.height),
               static_cast<float>(box[2] * labels.size.width),
               static_cast<float>(box[3] * labels.size.height)};
  truth.area = (box[2] - box[0]) * labels.size.width * (box[3] - box[1]) * labels.size.height;
  if (labels.detail == TruthDetail::masks && fractions.size() > 4)
    add_mask(labels, std::move(fractions), truth);
  return truth;
}

/// Lines with the numbers of an earlier one are dropped, as Ultralytics does (numpy's unique over
/// rows of f32), and counted.
std::vector<TruthBox> load_boxes(const LabelFile& labels, Reading& reading) {
  std::vector<TruthBox> boxes;
  std::set<std::vector<float>> seen;
  const std::string text = load_text(labels.file, kLabelFile);
  for (const TextLine& line : filled_lines(text, labels.file.string())) {
    std::vector<float> numbers;
    TruthBox box = parse_box(labels, line, numbers);
    if (!seen.insert(std::move(numbers)).second) {
      ++reading.repeated_labels;
      continue;
    }
    reading.boxes_outside += reaches_out(box.box, labels.size) ? 1 : 0;
    boxes.push_back(std::move(box));
  }
  return boxes;
}

/// Which label files are read, and how.
struct Labelling {
  const char* folder;
  TruthDetail detail;
};

/// A picture without a file shows nothing, by the format's rule; its masks are unknown where it has
/// boxes in labels/. One whose header cannot be read has unknown boxes: reading the picture itself
/// will fail and say why.
Truth load_truth(const fs::path& picture, const Labelling& labelling,
                 const std::vector<std::string>& names, Reading& reading) {
  Truth truth;
  const auto file = find_label_file(picture, labelling.folder);
  if (!file && labelling.detail == TruthDetail::masks && find_label_file(picture, kBoxLabels))
    return truth;
  if (!file) {
    truth.boxes.emplace();
    if (reading.without_label_file++ == 0)
      reading.looked_for = places_text(picture, labelling.folder);
  }
  if (!file && labelling.detail == TruthDetail::boxes) return truth;
  auto header = probe_sane_header(picture);
  if (header) truth.mask_size = header->upright();
  if (header && file)
    truth.boxes = load_boxes({*file, names, header->upright(), labelling.detail}, reading);
  return truth;
}

bool has_labels(const std::vector<fs::path>& files, const char* folder) {
  return std::any_of(files.begin(), files.end(), [&](const fs::path& file) {
    return find_label_file(file, folder).has_value();
  });
}

std::unique_ptr<Dataset> open_labelled(const fs::path& path, const std::string& split,
                                       Labelling labelling) {
  DataYaml data = *find_data_yaml(path);
  Reading reading;
  auto files = split_pictures(data, split, reading.repeated_items);
  if (labelling.detail == TruthDetail::masks && has_labels(files, kPolygonLabels))
    labelling.folder = kPolygonLabels;
  bool labelled = has_labels(files, labelling.folder);
  if (!labelled && !files.empty()) reading.looked_for = places_text(files[0], labelling.folder);
  std::vector<Item> items;
  for (const fs::path& file : files) {
    Item item{id_below(data.root, file), {}, file, std::nullopt};
    if (labelled) item.truth = load_truth(file, labelling, data.names, reading);
    items.push_back(std::move(item));
  }
  return std::make_unique<FileDataset>(std::move(items), std::move(data.names), std::move(reading));
}

}  // namespace

std::optional<DatasetInfo> probe_yolo(const fs::path& path) {
  auto data = find_data_yaml(path);
  if (!data) return std::nullopt;
  DatasetInfo info;
  for (const char* split : kSplits)
    if (data->splits.count(split) != 0) info.splits.emplace_back(split);
  if (data->splits.count("train") != 0 && data->splits.count("val") != 0) {
    std::size_t repeated = 0;
    auto train = split_pictures(*data, "train", repeated);
    auto val = split_pictures(*data, "val", repeated);
    std::sort(train.begin(), train.end());
    std::sort(val.begin(), val.end());
    info.train_equals_val = !val.empty() && train == val;
  }
  return info;
}

std::unique_ptr<Dataset> open_yolo(const fs::path& path, const std::string& split) {
  return open_labelled(path, split, {kBoxLabels, TruthDetail::boxes});
}

std::unique_ptr<Dataset> open_yolo_masks(const fs::path& path, const std::string& split) {
  return open_labelled(path, split, {kBoxLabels, TruthDetail::masks});
}

}  // namespace tamis
