#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/geometry.h"
#include "base/json.h"
#include "base/picture.h"
#include "base/truth.h"
#include "data/classes.h"

namespace tamis {

/// One picture of a dataset. `id` is stable across runs and machines: the path below the dataset's
/// root, or "file#record".
struct Item {
  std::string id;
  Truth truth;
  std::filesystem::path file;
  std::optional<std::uint64_t> record;  ///< index of the record in a CIFAR or IDX file
};

/// What a format noticed when it read a split, beside the items.
struct Reading {
  std::size_t without_label_file = 0;  ///< pictures, where each should have one
  std::size_t repeated_labels = 0;     ///< of the same numbers as another; left out
  std::size_t repeated_items = 0;      ///< named twice in a list; read once
  std::size_t boxes_outside = 0;       ///< reach out of their picture by more than rounding does
  std::string looked_for{};            ///< where labels were looked for; empty: nothing to look for
};

/// One split of a dataset, opened. Reading is thread safe.
class Dataset {
 public:
  virtual ~Dataset() = default;
  const std::vector<Item>& items() const { return items_; }
  /// Decodes item i. EXIF orientation applied. Throws corrupt_data / not_found naming the item.
  virtual Picture load_picture(std::size_t i) const = 0;
  /// Hash of item i's content: the file's bytes, or the record's. Throws as load_picture.
  virtual std::string content_hash(std::size_t i) const = 0;
  /// Class names, in the numbering of the items' truth; may be empty.
  const std::vector<std::string>& labels() const { return labels_; }
  const Reading& reading() const { return reading_; }
  /// How the numbering came about.
  const ClassMatch& classes() const { return classes_; }

  /// Numbers the truth as `model` numbers its classes, as far as match_classes finds them. What it
  /// finds is in classes(). Before the dataset is shared.
  void number_as(const ModelClasses& model);

 protected:
  Dataset() = default;
  explicit Dataset(std::vector<std::string> labels) : labels_(std::move(labels)) {}
  Dataset(const Dataset&) = default;
  Dataset& operator=(const Dataset&) = default;

  std::vector<Item> items_;
  std::vector<std::string> labels_;
  Reading reading_;

 private:
  ClassMatch classes_;
};

/// What `--data` and `--calibration` point at.
struct DataSpec {
  std::filesystem::path path;
  std::string split{};  ///< "", "train", "val", "test"; empty = the default of the use
  TruthDetail detail = TruthDetail::boxes;  ///< items and their order are the same with either
  ModelClasses classes{};  ///< of the model that is judged: truth is numbered as these
};

/// A dataset found at a path: its format and the splits it has.
struct DatasetInfo {
  std::string
      format;  ///< folder_per_class, labels_txt, cifar, idx, yolo, coco, list, mvtec, pictures
  std::vector<std::string> splits;  ///< e.g. {"train","val"}; {"all"} when there are no splits
  bool train_equals_val = false;    ///< both name the same files
};

/// Looks at the path and says what it is. Throws not_found / invalid_argument listing what was
/// looked for ("no images, no data.yaml, …"). Formats: folder per class (also with train/ val/
/// test/ above); labels.txt of `file,index[,…]` or `file index`; CIFAR-10 binary (data_batch_*.bin,
/// test_batch.bin; 3073-byte records; val = test_batch); IDX pairs (train-images-idx3-ubyte[.gz] …,
/// val = t10k); YOLO data.yaml (a folder with one yaml, or the yaml itself; labels/ beside
/// images/); COCO JSON (the json; images found beside, in ../images/, ../<split>/ …); a text file
/// of paths (one per line, optional label); MVTec AD's train/good, test/{good,DEFECT},
/// ground_truth/DEFECT/*_mask.png; a folder of pictures without labels.
DatasetInfo probe_dataset(const std::filesystem::path& path);

/// The split that evaluates where none is named: val, else test, else the first.
std::string default_split(const DatasetInfo& info);

/// Opens a split ("" = default_split). Throws not_found, corrupt_data
/// (labels out of range are checked later against the card; malformed label lines are named here
/// with line number).
std::unique_ptr<Dataset> open_dataset(const DataSpec& spec);

/// The mask of an item that has one (truth.anomaly->mask), grey. Throws corrupt_data where it
/// cannot be decoded or is not of the picture's size; not_found, io. Thread safe.
Picture load_mask(const Item& item, Size size);

/// Decodes encoded picture bytes (JPEG, PNG, BMP, WebP …) through the pictures plugin. Throws
/// corrupt_data "…: cannot be decoded", unsupported for absurd sizes (> 2^28 pixels; checked from
/// the header before decoding), unavailable when the plugin is missing. grey: decode to one
/// channel.
Picture decode_picture(const std::vector<std::uint8_t>& bytes, const std::string& name, bool grey);

}  // namespace tamis
