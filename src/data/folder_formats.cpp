#include <algorithm>
#include <set>

#include "data/formats.h"
#include "data/picture_header.h"

/// Folder per class, and folders of pictures without labels; either may lie in train/, val/, test/.
namespace tamis {
namespace fs = std::filesystem;
namespace {

/// The folders that results are read from: the splits where there are any, else the folder itself.
std::vector<fs::path> roots(const fs::path& path) {
  std::vector<fs::path> result;
  for (const auto& [split, folder] : split_folders(path)) result.push_back(folder);
  if (result.empty()) result.push_back(path);
  return result;
}

DatasetInfo describe(const fs::path& path) {
  DatasetInfo info;
  info.splits = ordered_splits(split_folders(path));
  if (info.splits.empty()) info.splits.emplace_back(kWholeSplit);
  return info;
}

/// Names of sub-folders that hold pictures, or nothing at all, over all splits: a class that one
/// split lacks shifts nothing, and neither does one without pictures yet (as torchvision with
/// allow_empty, and Ultralytics).
struct ClassFolders {
  std::set<std::string> names;
  std::size_t with_pictures = 0;
};

ClassFolders class_folders(const fs::path& path) {
  std::set<std::string> filled, empty;
  for (const fs::path& root : roots(path))
    for (const fs::path& entry : sorted_entries(root)) {
      if (!is_folder(entry)) continue;
      if (has_pictures(entry))
        filled.insert(entry.filename().string());
      else if (!has_files(entry))
        empty.insert(entry.filename().string());
    }
  ClassFolders folders{filled, filled.size()};
  folders.names.insert(empty.begin(), empty.end());
  return folders;
}

/// Pictures beside the class folders belong to no class.
bool has_loose_pictures(const fs::path& path) {
  for (const fs::path& root : roots(path))
    for (const fs::path& entry : sorted_entries(root))
      if (is_picture_name(entry) && !is_folder(entry)) return true;
  return false;
}

}  // namespace

std::optional<DatasetInfo> probe_folder_per_class(const fs::path& path) {
  if (!is_folder(path) || class_folders(path).with_pictures < 2 || has_loose_pictures(path))
    return std::nullopt;
  return describe(path);
}

/// Classes are numbered in the byte order of their folders' names, as torchvision's ImageFolder
/// does.
std::unique_ptr<Dataset> open_folder_per_class(const fs::path& path, const std::string& split) {
  const std::set<std::string> folders = class_folders(path).names;
  std::vector<std::string> names(folders.begin(), folders.end());
  fs::path root = split_folder(path, split);
  std::vector<Item> items;
  for (std::size_t label = 0; label < names.size(); ++label) {
    if (!is_folder(root / names[label])) continue;
    for (const fs::path& file : pictures_below(root / names[label])) {
      Item item{id_below(path, file), {}, file, std::nullopt};
      item.truth.label = static_cast<int>(label);
      items.push_back(std::move(item));
    }
  }
  return std::make_unique<FileDataset>(std::move(items), std::move(names));
}

std::optional<DatasetInfo> probe_pictures(const fs::path& path) {
  if (!is_folder(path)) return std::nullopt;
  auto found = roots(path);
  if (!std::any_of(found.begin(), found.end(), has_pictures)) return std::nullopt;
  return describe(path);
}

std::unique_ptr<Dataset> open_pictures(const fs::path& path, const std::string& split) {
  std::vector<Item> items;
  for (const fs::path& file : pictures_below(split_folder(path, split)))
    items.push_back({id_below(path, file), {}, file, std::nullopt});
  Reading reading;
  reading.looked_for = class_folders(path).with_pictures >= 2
                           ? "a folder per class, but there are images next to the folders"
                           : "a folder per class, labels.txt, a data.yaml and COCO JSON";
  return std::make_unique<FileDataset>(std::move(items), std::vector<std::string>(),
                                       std::move(reading));
}

}  // namespace tamis
