#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "base/log.h"
#include "base/mask.h"
#include "base/printable.h"
#include "data/formats.h"
#include "data/picture_header.h"

/// The YOLO layout: a data.yaml that names folders (or text files) of pictures, and beside images/
/// a folder labels/ with a text file per picture, a line "class x y w h" (or "class x1 y1 x2 y2 …",
/// a polygon) in fractions of the picture's upright size. Source:
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

[[noreturn]] void fail(const fs::path& file, const std::string& what) {
  throw Error(ErrorCode::corrupt_data, "read " + file.string() + ": " + what);
}

bool is_folder(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}
bool is_yaml(const fs::path& file) {
  return (file.extension() == ".yaml" || file.extension() == ".yml") &&
         file.stem().extension() != ".card";
}

/// yaml-cpp recurses with the nesting, so deep nesting is refused before it sees the text.
void check_depth(const fs::path& file, const std::string& text) {
  int depth = 0;
  for (char c : text) {
    depth += c == '[' || c == '{' ? 1 : c == ']' || c == '}' ? -1 : 0;
    if (depth > kMaxYamlDepth) fail(file, "is nested too deeply");
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
    auto index = parse_int(entry.first.as<std::string>());
    if (!index || *index < 0 || static_cast<std::size_t>(*index) >= names.size())
      fail(file, "names: index " + entry.first.as<std::string>() + " is not in 0.." +
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
    fail(file, printable(e.what()));
  }
}

std::optional<DataYaml> find_data_yaml(const fs::path& path) {
  if (!is_folder(path)) return is_yaml(path) ? load_data_yaml(path) : std::nullopt;
  std::optional<DataYaml> found;
  for (const fs::path& entry : sorted_entries(path)) {
    if (!is_yaml(entry) || is_folder(entry)) continue;
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
  throw Error(ErrorCode::not_found, "open data " + data.file.string() + ": " + entry +
                                        " is not there (looked for " + candidates[0].string() +
                                        "); correct path, train, val or test in it");
}

std::vector<fs::path> split_pictures(const DataYaml& data, const std::string& split) {
  std::vector<fs::path> files;
  for (const std::string& entry : data.splits.at(split)) {
    fs::path place = locate(data, entry);
    if (is_folder(place)) {
      auto below = pictures_below(place);
      files.insert(files.end(), below.begin(), below.end());
      continue;
    }
    for (const TextLine& line : filled_lines(load_text(place, kListFile), place.string())) {
      fs::path file = line.text;
      bool beside = line.text.rfind("./", 0) == 0;
      files.push_back((beside ? place.parent_path() : data.root) / file);
    }
  }
  for (fs::path& file : files) file = file.lexically_normal();
  return files;
}

/// images/…/NAME.jpg → labels/…/NAME.txt, replacing the last folder called images; where there is
/// none, beside the picture.
fs::path label_file(const fs::path& picture, const char* folder) {
  std::vector<fs::path> parts(picture.begin(), picture.end());
  auto images = std::find(parts.rbegin(), parts.rend(), fs::path("images"));
  if (images != parts.rend()) *images = folder;
  fs::path file;
  for (const fs::path& part : parts) file /= part;
  return file.replace_extension(".txt");
}

struct LabelFile {
  const fs::path& file;
  const std::vector<std::string>& names;
  Size size;
  TruthDetail detail;
};

[[noreturn]] void fail(const LabelFile& labels, const TextLine& line, const std::string& what) {
  fail(fs::path(labels.file.string() + " line " + std::to_string(line.number)), what);
}

std::vector<double> parse_fractions(const LabelFile& labels, const TextLine& line,
                                    std::span<const std::string_view> words) {
  std::vector<double> values;
  for (std::string_view word : words) {
    auto value = parse_double(word);
    if (!value) fail(labels, line, "number expected, got " + std::string(word.substr(0, 40)));
    if (*value < -kEdgeTolerance || *value > 1 + kEdgeTolerance)
      fail(labels, line,
           std::string(word.substr(0, 40)) +
               " is outside 0..1; coordinates are fractions of the picture");
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

TruthBox parse_box(const LabelFile& labels, const TextLine& line) {
  auto words = split_words(line.text);
  if (words.size() < 5 || words.size() % 2 == 0)
    fail(labels, line,
         "has " + std::to_string(words.size()) +
             " fields; a line is: class x y w h, or class and a polygon");
  auto label = parse_double(words[0]);  // some tools write 3.0
  if (!label || *label < 0 || *label > 1e6 || *label != static_cast<int>(*label))
    fail(labels, line, "class index expected, got " + std::string(words[0].substr(0, 40)));
  if (!labels.names.empty() && *label >= static_cast<double>(labels.names.size()))
    fail(labels, line,
         "class " + std::string(words[0].substr(0, 40)) +
             " is out of range: " + std::to_string(labels.names.size()) + " names are given");
  auto fractions = parse_fractions(labels, line, std::span(words).subspan(1));
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

/// Lines that repeat an earlier one are dropped, as Ultralytics does; `repeated` counts them.
std::vector<TruthBox> load_boxes(const LabelFile& labels, std::size_t& repeated) {
  std::vector<TruthBox> boxes;
  std::set<std::string> seen;
  for (const TextLine& line :
       filled_lines(load_text(labels.file, kLabelFile), labels.file.string())) {
    TruthBox box = parse_box(labels, line);
    if (seen.insert(line.text).second)
      boxes.push_back(box);
    else
      ++repeated;
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
                 const std::vector<std::string>& names, std::size_t& repeated) {
  Truth truth;
  fs::path file = label_file(picture, labelling.folder);
  std::error_code error;
  bool labelled = fs::exists(file, error);
  if (!labelled && labelling.detail == TruthDetail::masks &&
      fs::exists(label_file(picture, kBoxLabels), error))
    return truth;
  if (!labelled) truth.boxes.emplace();
  if (!labelled && labelling.detail == TruthDetail::boxes) return truth;
  auto header = probe_picture_header(picture);
  if (header) truth.mask_size = header->upright();
  if (header && labelled)
    truth.boxes = load_boxes({file, names, header->upright(), labelling.detail}, repeated);
  return truth;
}

bool has_labels(const std::vector<fs::path>& files, const char* folder) {
  std::error_code error;
  return std::any_of(files.begin(), files.end(), [&](const fs::path& file) {
    return fs::exists(label_file(file, folder), error);
  });
}

std::unique_ptr<Dataset> open_labelled(const fs::path& path, const std::string& split,
                                       Labelling labelling) {
  DataYaml data = *find_data_yaml(path);
  auto files = split_pictures(data, split);
  if (labelling.detail == TruthDetail::masks && has_labels(files, kPolygonLabels))
    labelling.folder = kPolygonLabels;
  bool labelled = has_labels(files, labelling.folder);
  std::vector<Item> items;
  std::size_t repeated = 0;
  for (const fs::path& file : files) {
    Item item{id_below(data.root, file), {}, file, std::nullopt};
    if (labelled) item.truth = load_truth(file, labelling, data.names, repeated);
    items.push_back(std::move(item));
  }
  if (repeated > 0)
    say(Severity::info, "open data " + data.file.string() + ": " + std::to_string(repeated) +
                            " repeated label lines left out");
  return std::make_unique<FileDataset>(std::move(items), std::move(data.names));
}

}  // namespace

std::optional<DatasetInfo> probe_yolo(const fs::path& path) {
  auto data = find_data_yaml(path);
  if (!data) return std::nullopt;
  DatasetInfo info;
  for (const char* split : kSplits)
    if (data->splits.count(split) != 0) info.splits.emplace_back(split);
  if (data->splits.count("train") != 0 && data->splits.count("val") != 0) {
    auto train = split_pictures(*data, "train");
    auto val = split_pictures(*data, "val");
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
