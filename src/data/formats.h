#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/dataset.h"

/// What the dataset formats share; internal to this folder.
namespace tamis {

/// One way to store a dataset: a row of the table in dataset.cpp.
struct DatasetFormat {
  std::string_view name;
  std::string_view looked_for;  ///< for the message that nothing was found
  /// What is at the path, absent when it is not this format. Throws corrupt_data when it is, but
  /// damaged.
  std::optional<DatasetInfo> (*probe)(const std::filesystem::path& path);
  /// Opens one of the splits that probe gave.
  std::unique_ptr<Dataset> (*open)(const std::filesystem::path& path, const std::string& split);
  /// The same with the masks of the truth; null where the format holds none.
  std::unique_ptr<Dataset> (*open_with_masks)(const std::filesystem::path& path,
                                              const std::string& split) = nullptr;
};

std::optional<DatasetInfo> probe_coco(const std::filesystem::path& path);
std::unique_ptr<Dataset> open_coco(const std::filesystem::path& path, const std::string& split);
std::unique_ptr<Dataset> open_coco_masks(const std::filesystem::path& path,
                                         const std::string& split);
std::optional<DatasetInfo> probe_yolo(const std::filesystem::path& path);
std::unique_ptr<Dataset> open_yolo(const std::filesystem::path& path, const std::string& split);
std::unique_ptr<Dataset> open_yolo_masks(const std::filesystem::path& path,
                                         const std::string& split);
std::optional<DatasetInfo> probe_cifar(const std::filesystem::path& path);
std::unique_ptr<Dataset> open_cifar(const std::filesystem::path& path, const std::string& split);
std::optional<DatasetInfo> probe_idx(const std::filesystem::path& path);
std::unique_ptr<Dataset> open_idx(const std::filesystem::path& path, const std::string& split);
std::optional<DatasetInfo> probe_labels_txt(const std::filesystem::path& path);
std::optional<DatasetInfo> probe_list(const std::filesystem::path& path);
std::unique_ptr<Dataset> open_list(const std::filesystem::path& path, const std::string& split);
std::optional<DatasetInfo> probe_folder_per_class(const std::filesystem::path& path);
std::unique_ptr<Dataset> open_folder_per_class(const std::filesystem::path& path,
                                               const std::string& split);
std::optional<DatasetInfo> probe_mvtec(const std::filesystem::path& path);
std::unique_ptr<Dataset> open_mvtec(const std::filesystem::path& path, const std::string& split);
std::optional<DatasetInfo> probe_pictures(const std::filesystem::path& path);
std::unique_ptr<Dataset> open_pictures(const std::filesystem::path& path, const std::string& split);

/// A dataset whose items are picture files.
class FileDataset : public Dataset {
 public:
  FileDataset(std::vector<Item> items, std::vector<std::string> labels, Reading reading = {})
      : Dataset(std::move(labels)) {
    items_ = std::move(items);
    reading_ = std::move(reading);
  }
  Picture load_picture(std::size_t i) const override;
  std::string content_hash(std::size_t i) const override;
};

/// The name of a split where a folder has none.
inline constexpr std::string_view kWholeSplit = "all";

/// The folders below that are named after a split: "train", "val" (also valid, validation), "test".
std::map<std::string, std::filesystem::path> split_folders(const std::filesystem::path& folder);

/// The folder of a split: the sub-folder, or the folder itself for kWholeSplit.
std::filesystem::path split_folder(const std::filesystem::path& folder, const std::string& split);

/// Splits in the order train, val, test.
std::vector<std::string> ordered_splits(const std::map<std::string, std::filesystem::path>& found);

/// Entries directly in a folder, sorted by name bytes; names that start with a dot are left out.
/// Throws io, naming the folder.
std::vector<std::filesystem::path> sorted_entries(const std::filesystem::path& folder);

/// All pictures in a folder and below it, by their names and whatever else they are, sorted by
/// path. Links to folders are followed, and each folder is entered once. Throws io.
std::vector<std::filesystem::path> pictures_below(const std::filesystem::path& folder);

/// True as soon as one picture is found in a folder or below it.
bool has_pictures(const std::filesystem::path& folder);

/// The same for files of any kind; those whose name starts with a dot do not count.
bool has_files(const std::filesystem::path& folder);

/// A dataset of so many items is an error in a file's header, or an attack.
inline constexpr std::size_t kMostItems = std::size_t{1} << 22;

/// Whether a regular file or a folder is there, links followed; false where asking fails.
bool is_file(const std::filesystem::path& path);
bool is_folder(const std::filesystem::path& path);

/// Throws corrupt_data: "read FILE: what is wrong", without control characters.
[[noreturn]] void fail_corrupt(const std::filesystem::path& file, const std::string& what);

bool has_split(const DatasetInfo& info, const std::string& split);

/// The path below the root with forward slashes, for Item::id.
std::string id_below(const std::filesystem::path& root, const std::filesystem::path& file);

/// Whether a box leaves its picture by more than rounding makes it: a pixel and a hundredth.
bool reaches_out(const Box& box, Size picture);

/// A line of a text file, without its line end and the white space around it.
struct TextLine {
  std::size_t number;  ///< from 1
  std::string text;
};

/// The lines of a text that hold anything. A byte-order mark at the start is dropped. Throws
/// corrupt_data for a NUL byte.
std::vector<TextLine> filled_lines(const std::string& text, const std::string& name);

/// The fields between white space.
std::vector<std::string_view> split_words(std::string_view text);

/// Class names from the first of these files that exists in the folder, one a line: classes.txt,
/// batches.meta.txt. Else empty.
std::vector<std::string> load_class_names(const std::filesystem::path& folder);

}  // namespace tamis
