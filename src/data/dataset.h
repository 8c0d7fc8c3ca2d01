#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/geometry.h"
#include "base/json.h"
#include "base/picture.h"
#include "base/truth.h"

namespace tamis {

/// One picture of a dataset. `id` is stable across runs and machines: the path below the dataset's
/// root, or "file#record".
struct Item {
  std::string id;
  Truth truth;
  std::filesystem::path file;
  std::optional<std::uint64_t> record;  ///< index of the record in a CIFAR or IDX file
};

/// One split of a dataset, opened. Reading is thread safe.
class Dataset {
 public:
  virtual ~Dataset() = default;
  virtual const std::vector<Item>& items() const = 0;
  /// Decodes item i. EXIF orientation applied. Throws corrupt_data / not_found naming the item.
  virtual Picture load_picture(std::size_t i) const = 0;
  /// Hash of item i's content: the file's bytes, or the record's. Throws as load_picture.
  virtual std::string content_hash(std::size_t i) const = 0;
  virtual const std::vector<std::string>& labels() const = 0;  ///< class names, may be empty
};

/// What `--data` and `--calibration` point at.
struct DataSpec {
  std::filesystem::path path;
  std::string split;  ///< "", "train", "val", "test"; empty = the default of the use
  TruthDetail detail = TruthDetail::boxes;  ///< items and their order are the same with either
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

/// Opens a split ("" = the only one, or val when it evaluates). Throws not_found, corrupt_data
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
