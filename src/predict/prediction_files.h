#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/geometry.h"
#include "base/json.h"
#include "card/card.h"
#include "tasks/task.h"

namespace tamis {

/// One image of a run, ready to be written.
struct PredictedImage {
  std::string file;  ///< what its files are called after: a relative path
  Size size;
  const Json& json;                                      ///< prediction_json()
  const std::vector<std::uint8_t>* annotated = nullptr;  ///< JPEG; null where no format asked
};

/// What all formats of a run are told.
struct PredictionOutput {
  std::filesystem::path folder;  ///< exists, and can be written to
  Card card;
  double min_score = 0.25;
};

/// The files of one format. Not thread safe.
class PredictionFiles {
 public:
  virtual ~PredictionFiles() = default;
  /// The next image. Throws io.
  virtual void add(const PredictedImage& image) = 0;
  /// No more images come: writes what is written at the end. Throws io.
  virtual void finish() {}
};

/// A row of the table of formats.
struct PredictionFormat {
  std::string_view name;   ///< as --format takes it
  std::string_view place;  ///< what it writes, below --out
  bool of_objects;         ///< for detect and segment alone
  bool draws;              ///< wants PredictedImage::annotated
  std::unique_ptr<PredictionFiles> (*make)(const PredictionOutput& output);
};
const std::vector<PredictionFormat>& prediction_formats();

/// The rows of these names. Throws invalid_argument for a name that is none (the nearest are
/// named), and for one that the task has nothing for.
std::vector<const PredictionFormat*> formats_named(const std::vector<std::string>& names,
                                                   TaskKind task);

/// Names of files for images, by their ids, each once: "a/b.png" → "a/b.jpg" for ".jpg",
/// "a/b-2.jpg" where that is taken. No part of it leads out of the folder. Not thread safe.
class OutputNames {
 public:
  explicit OutputNames(std::string extension) : extension_(std::move(extension)) {}
  std::filesystem::path name_for(const std::string& id);

 private:
  std::string extension_;
  std::vector<std::string> taken_;  // sorted
};

}  // namespace tamis
