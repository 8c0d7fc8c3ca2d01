#include "predict/prediction_files.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/files.h"
#include "base/mask.h"
#include "base/units.h"
#include "predict/mask_outline.h"
#include "predict/prediction_json.h"

namespace tamis {
namespace fs = std::filesystem;
namespace {

void save_below(const fs::path& folder, const fs::path& name, std::string_view content) {
  make_writable_folder((folder / name).parent_path());
  save_file(folder / name, content);
}

/// Annotated images as JPEG files.
class ImageFiles final : public PredictionFiles {
 public:
  explicit ImageFiles(const PredictionOutput& output) : folder_(output.folder / "images") {}
  void add(const PredictedImage& image) override {
    const std::vector<std::uint8_t>& bytes = *image.annotated;
    save_below(folder_, names_.name_for(image.file),
               {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }

 private:
  fs::path folder_;
  OutputNames names_{".jpg"};
};

/// One JSON document a line.
class JsonLines final : public PredictionFiles {
 public:
  explicit JsonLines(const PredictionOutput& output) : file_(output.folder / "predictions.jsonl") {}
  void add(const PredictedImage& image) override { lines_ += image.json.dump() + "\n"; }
  void finish() override { save_file(file_, lines_); }

 private:
  fs::path file_;
  std::string lines_;
};

/// COCO's format of annotations, each with its score.
/// Source: https://cocodataset.org/#format-data
class CocoFile final : public PredictionFiles {
 public:
  explicit CocoFile(const PredictionOutput& output)
      : card_(output.card), file_(output.folder / "predictions.coco.json") {}

  void add(const PredictedImage& image) override {
    const std::size_t id = images_.size() + 1;
    images_.push_back({{"id", id},
                       {"file_name", image.json.at("image")},
                       {"width", image.size.width},
                       {"height", image.size.height}});
    for (const Json& object : image.json.at("objects")) add_object(object, id);
  }

  void finish() override {
    Json categories = Json::array();
    for (int label = 0; label < classes(); ++label)
      categories.push_back({{"id", label}, {"name", class_name(card_, label)}});
    const Json document{
        {"images", images_}, {"annotations", annotations_}, {"categories", categories}};
    save_file(file_, document.dump());
  }

 private:
  void add_object(const Json& object, std::size_t image) {
    const Json& box = object.at("box");
    const double x = box.at(0), y = box.at(1);
    const double width = box.at(2).get<double>() - x, height = box.at(3).get<double>() - y;
    const int label = object.at("class");
    most_ = std::max(most_, label);
    Json annotation{{"id", annotations_.size() + 1}, {"image_id", image},
                    {"category_id", label},          {"bbox", {x, y, width, height}},
                    {"area", width * height},        {"iscrowd", 0},
                    {"score", object.at("score")}};
    if (object.contains("mask")) {
      const Json& mask = object.at("mask");
      annotation["segmentation"] = mask;
      const Size size{mask.at("size").at(0), mask.at("size").at(1)};
      annotation["area"] = area(parse_mask(mask.at("counts").get<std::string>(), size));
    }
    annotations_.push_back(std::move(annotation));
  }
  int classes() const { return std::max(static_cast<int>(card_.labels.size()), most_ + 1); }

  Card card_;
  fs::path file_;
  Json images_ = Json::array(), annotations_ = Json::array();
  int most_ = -1;  // the highest class that was seen
};

/// A text file per image, as Ultralytics writes them: "class x y width height score" with the box's
/// centre, or "class x0 y0 x1 y1 … score" with a mask's outline, all shares of width and height.
class YoloFiles final : public PredictionFiles {
 public:
  explicit YoloFiles(const PredictionOutput& output) : folder_(output.folder / "labels") {}
  void add(const PredictedImage& image) override {
    std::string lines;
    for (const Json& object : image.json.at("objects")) lines += line_of(object, image.size);
    save_below(folder_, names_.name_for(image.file), lines);
  }

 private:
  static std::string line_of(const Json& object, Size size) {
    const double score = object.at("score");
    const int label = object.at("class");
    std::string text;
    if (object.contains("mask")) {
      const Json& mask = object.at("mask");
      const Size own{mask.at("size").at(0), mask.at("size").at(1)};
      for (const auto& [x, y] : mask_outline(parse_mask(mask.at("counts").get<std::string>(), own)))
        text += fmt::format(" {:.6g} {:.6g}", x / own.width, y / own.height);
    }
    if (text.empty()) {
      const Json& box = object.at("box");
      const double x0 = box.at(0), y0 = box.at(1), x1 = box.at(2), y1 = box.at(3);
      text =
          fmt::format(" {:.6g} {:.6g} {:.6g} {:.6g}", (x0 + x1) / 2 / size.width,
                      (y0 + y1) / 2 / size.height, (x1 - x0) / size.width, (y1 - y0) / size.height);
    }
    return fmt::format("{}{} {:.6g}\n", label, text, score);
  }

  fs::path folder_;
  OutputNames names_{".txt"};
};

template <typename T>
std::unique_ptr<PredictionFiles> make(const PredictionOutput& output) {
  return std::make_unique<T>(output);
}

}  // namespace

const std::vector<PredictionFormat>& prediction_formats() {
  static const std::vector<PredictionFormat> table{
      {"images", "images/", false, true, make<ImageFiles>},
      {"jsonl", "predictions.jsonl", false, false, make<JsonLines>},
      {"coco", "predictions.coco.json", true, false, make<CocoFile>},
      {"yolo", "labels/", true, false, make<YoloFiles>},
  };
  return table;
}

std::vector<const PredictionFormat*> formats_named(const std::vector<std::string>& names,
                                                   TaskKind task) {
  std::vector<std::string> known;
  for (const PredictionFormat& format : prediction_formats()) known.emplace_back(format.name);
  std::vector<const PredictionFormat*> formats;
  for (const std::string& name : names) {
    const auto at = std::find(known.begin(), known.end(), name);
    if (at == known.end())
      throw Error(ErrorCode::invalid_argument,
                  fmt::format("--format {}: {}", name, suggest(name, known)));
    const PredictionFormat& format =
        prediction_formats()[static_cast<std::size_t>(at - known.begin())];
    if (format.of_objects && task != TaskKind::detect && task != TaskKind::segment)
      throw Error(ErrorCode::invalid_argument,
                  fmt::format("--format {}: holds objects, and this model's task is {}; give "
                              "jsonl",
                              name, to_text(task)));
    if (std::find(formats.begin(), formats.end(), &format) == formats.end())
      formats.push_back(&format);
  }
  return formats;
}

fs::path OutputNames::name_for(const std::string& id) {
  fs::path inside;
  for (const fs::path& part : fs::path(id).relative_path())
    if (part != ".." && part != "." && !part.empty()) inside /= part;
  if (inside.empty()) inside = "image";
  std::string stem = inside.replace_extension().string();
  std::replace(stem.begin(), stem.end(), '#', '-');  // "file#record"
  std::string name = stem + extension_;
  auto place = [&] { return std::lower_bound(taken_.begin(), taken_.end(), name); };
  for (int n = 2; place() != taken_.end() && *place() == name; ++n)
    name = fmt::format("{}-{}{}", stem, n, extension_);
  taken_.insert(place(), name);
  return name;
}

}  // namespace tamis
