#include "data/dataset.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/error.h"
#include "base/units.h"
#include "data/formats.h"

namespace tamis {
namespace fs = std::filesystem;
namespace {

/// In the order of asking: what is more specific comes first.
constexpr std::array kFormats{
    DatasetFormat{"coco", "a COCO JSON file", probe_coco, open_coco, open_coco_masks},
    DatasetFormat{"yolo", "a YOLO data.yaml", probe_yolo, open_yolo, open_yolo_masks},
    DatasetFormat{"cifar", "CIFAR-10 records (data_batch_*.bin, test_batch.bin)", probe_cifar,
                  open_cifar},
    DatasetFormat{"idx", "IDX files (train-images-idx3-ubyte, t10k-…)", probe_idx, open_idx},
    DatasetFormat{"labels_txt", "labels.txt of file and class index", probe_labels_txt, open_list},
    DatasetFormat{"list", "a text file of image paths", probe_list, open_list},
    DatasetFormat{"mvtec", "MVTec AD's train/good, test/ and ground_truth/", probe_mvtec,
                  open_mvtec},
    DatasetFormat{"folder_per_class", "a folder of images per class", probe_folder_per_class,
                  open_folder_per_class},
    DatasetFormat{"pictures", "pictures", probe_pictures, open_pictures},
};

struct Found {
  const DatasetFormat* format;
  DatasetInfo info;
};

Found find_format(const fs::path& path) {
  std::error_code error;
  const bool exists = fs::exists(path, error);
  if (error && error != std::errc::not_a_directory)
    throw Error(ErrorCode::io, "open data " + path.string() + ": " + error.message());
  if (!exists)
    throw Error(ErrorCode::not_found, "open data " + path.string() + ": no such file or folder");
  std::string looked_for;
  for (const DatasetFormat& format : kFormats) {
    if (auto info = format.probe(path)) {
      info->format = format.name;
      return {&format, *info};
    }
    looked_for += (looked_for.empty() ? "" : ", ") + std::string(format.looked_for);
  }
  throw Error(
      ErrorCode::invalid_argument,
      "open data " + path.string() + ": holds no data that Tamis knows; looked for " + looked_for);
}

}  // namespace

std::string default_split(const DatasetInfo& info) {
  for (const char* split : {"val", "test"})
    if (has_split(info, split)) return split;
  return info.splits.front();
}

void Dataset::number_as(const ModelClasses& model) {
  std::set<int> used;
  for (const Item& item : items_) {
    if (item.truth.label) used.insert(*item.truth.label);
    if (item.truth.boxes)
      for (const TruthBox& box : *item.truth.boxes) used.insert(box.label);
  }
  classes_ = match_classes(labels_, used, model);
  if (classes_.how != ClassMatch::How::by_name) return;
  const auto wanted = [&](int label) { return *classes_.to[static_cast<std::size_t>(label)]; };
  for (Item& item : items_) {
    if (item.truth.label) item.truth.label = wanted(*item.truth.label);
    if (item.truth.boxes)
      for (TruthBox& box : *item.truth.boxes) box.label = wanted(box.label);
  }
  labels_ = model.names;
}

DatasetInfo probe_dataset(const fs::path& path) { return find_format(path).info; }

std::unique_ptr<Dataset> open_dataset(const DataSpec& spec) {
  Found found = find_format(spec.path);
  std::string split = spec.split.empty() ? default_split(found.info) : spec.split;
  if (!has_split(found.info, split))
    throw Error(ErrorCode::not_found, "open data " + spec.path.string() + ": has no split " +
                                          split + "; " + suggest(split, found.info.splits));
  bool masks = spec.detail == TruthDetail::masks && found.format->open_with_masks != nullptr;
  auto dataset = masks ? found.format->open_with_masks(spec.path, split)
                       : found.format->open(spec.path, split);
  if (dataset->items().empty())
    throw Error(ErrorCode::invalid_argument,
                "open data " + spec.path.string() + ": split " + split +
                    " is empty; point to a folder or list that holds images");
  dataset->number_as(spec.classes);
  return dataset;
}

}  // namespace tamis
