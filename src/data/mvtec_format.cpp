#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "base/printable.h"
#include "data/formats.h"
#include "data/picture_header.h"

/// The layout of MVTec AD: train/good, test/good and test/DEFECT,
/// ground_truth/DEFECT/NAME_mask.png.
namespace tamis {
namespace fs = std::filesystem;
namespace {

constexpr const char* kGood = "good";

bool has_good(const fs::path& path, const char* split) {
  return is_folder(path / split / kGood) && has_pictures(path / split / kGood);
}

/// The folders in test/ or train/ that hold pictures, "good" and the kinds of defects.
std::vector<std::string> kinds(const fs::path& folder) {
  std::vector<std::string> names;
  if (!is_folder(folder)) return names;
  for (const fs::path& entry : sorted_entries(folder))
    if (is_folder(entry) && has_pictures(entry)) names.push_back(entry.filename().string());
  return names;
}

std::string width_by_height(const Size& size) {
  return std::to_string(size.width) + " x " + std::to_string(size.height);
}

/// NAME_mask.EXT, or NAME.EXT as other sets have it.
std::optional<fs::path> find_mask(const fs::path& folder, const fs::path& picture) {
  for (const char* suffix : {"_mask", ""})
    for (const char* extension : {".png", ".bmp", ".tif", ".tiff", ".jpg", ".jpeg", ".pgm"}) {
      fs::path file = folder / (picture.stem().string() + suffix + extension);
      std::error_code error;
      if (fs::is_regular_file(file, error)) return file;
    }
  return std::nullopt;
}

/// Headers only; what cannot be read is told of when it is decoded.
void check_size(const fs::path& mask, const fs::path& picture) {
  auto of_mask = probe_picture_header(mask), of_picture = probe_picture_header(picture);
  if (!of_mask || !of_picture || of_mask->upright() == of_picture->upright()) return;
  throw Error(ErrorCode::corrupt_data, "open data: the mask " + mask.string() + " is " +
                                           width_by_height(of_mask->upright()) + ", its image " +
                                           picture.string() + " is " +
                                           width_by_height(of_picture->upright()) +
                                           "; give masks of the size of their images");
}

AnomalyTruth truth_of(const fs::path& path, const std::string& kind, const fs::path& picture) {
  AnomalyTruth truth{kind, std::nullopt};
  const fs::path masks = path / "ground_truth";
  if (!truth.defective() || !is_folder(masks)) return truth;
  truth.mask = find_mask(masks / kind, picture);
  if (!truth.mask)
    throw Error(ErrorCode::corrupt_data,
                "open data: " + picture.string() + " has no mask " + (masks / kind).string() + "/" +
                    picture.stem().string() + "_mask.png; add it, or remove ground_truth to do " +
                    "without all masks");
  check_size(*truth.mask, picture);
  return truth;
}

std::vector<Item> items_of(const fs::path& path, const char* split,
                           const std::vector<std::string>& names) {
  std::vector<Item> items;
  for (const std::string& kind : names)
    for (const fs::path& file : pictures_below(path / split / kind)) {
      Item item{id_below(path, file), {}, file, std::nullopt};
      item.truth.anomaly = truth_of(path, kind, file);
      items.push_back(std::move(item));
    }
  return items;
}

[[noreturn]] void fail_without_good(const fs::path& folder, const char* use) {
  throw Error(ErrorCode::invalid_argument,
              "open data " + folder.string() + ": has no images in " + kGood + "/, which " + use);
}

}  // namespace

/// Known by ground_truth/ beside test/, or by train/ with nothing but good/.
std::optional<DatasetInfo> probe_mvtec(const fs::path& path) {
  if (!is_folder(path) || !is_folder(path / "test")) return std::nullopt;
  const bool only_good = kinds(path / "train") == std::vector<std::string>{kGood};
  if (!is_folder(path / "ground_truth") && !only_good) return std::nullopt;
  DatasetInfo info;
  info.splits = {"train", "test"};
  return info;
}

/// train: the good pictures. test: all, in the order of their folders.
std::unique_ptr<Dataset> open_mvtec(const fs::path& path, const std::string& split) {
  if (split == "train") {
    if (!has_good(path, "train"))
      fail_without_good(path / "train", "an anomaly detector is made from");
    return std::make_unique<FileDataset>(items_of(path, "train", {kGood}),
                                         std::vector<std::string>());
  }
  if (!has_good(path, "test")) fail_without_good(path / "test", "the defective ones are told from");
  const std::vector<std::string> names = kinds(path / "test");
  if (names.size() < 2)
    throw Error(ErrorCode::invalid_argument,
                "open data " + (path / "test").string() +
                    ": has good images only; add a folder of defective ones");
  return std::make_unique<FileDataset>(items_of(path, "test", names), std::vector<std::string>());
}

Picture load_mask(const Item& item, Size size) {
  const fs::path& file = item.truth.anomaly.value().mask.value();
  Picture mask = decode_picture(load_bytes(file, kImageFile), file.string(), true);
  if (mask.size() == size) return mask;
  throw Error(ErrorCode::corrupt_data, "the mask " + file.string() + " is " +
                                           width_by_height(mask.size()) + ", its image " +
                                           printable(item.id) + " is " + width_by_height(size));
}

}  // namespace tamis
