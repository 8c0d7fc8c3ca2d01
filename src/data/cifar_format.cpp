#include "base/error.h"
#include "base/files.h"
#include "base/hash.h"
#include "data/formats.h"

namespace tamis {
namespace fs = std::filesystem;
namespace {

// CIFAR-10: records of one label byte and 3 planes (R, G, B) of 32 x 32.
// Source: https://www.cs.toronto.edu/~kriz/cifar.html, "Binary version".
constexpr int kCifarSide = 32;
constexpr std::size_t kCifarPlane = std::size_t{kCifarSide} * kCifarSide;
constexpr std::size_t kCifarRecord = 1 + 3 * kCifarPlane;

std::vector<fs::path> cifar_files(const fs::path& folder, const std::string& split) {
  std::vector<fs::path> files;
  std::error_code error;
  if (!fs::is_directory(folder, error)) return files;
  for (const fs::path& entry : sorted_entries(folder)) {
    std::string name = entry.filename().string();
    bool train = name.rfind("data_batch_", 0) == 0;
    bool val = name.rfind("test_batch", 0) == 0;
    if (entry.extension() == ".bin" && (split == "train" ? train : val)) files.push_back(entry);
  }
  return files;
}

class CifarDataset : public Dataset {
 public:
  CifarDataset(const std::vector<fs::path>& files, std::vector<std::string> labels)
      : Dataset(std::move(labels)) {
    for (const fs::path& file : files) add(file);
  }

  Picture load_picture(std::size_t i) const override {
    std::vector<std::uint8_t> planes = read_planes(i);
    Picture picture{kCifarSide, kCifarSide, 3, std::vector<std::uint8_t>(planes.size())};
    for (std::size_t p = 0; p < kCifarPlane; ++p)
      for (std::size_t c = 0; c < 3; ++c) picture.pixels[p * 3 + c] = planes[c * kCifarPlane + p];
    return picture;
  }

  /// Of the pixels only: the same picture under another label is the same content.
  std::string content_hash(std::size_t i) const override { return hash_bytes(read_planes(i)); }

 private:
  void add(const fs::path& file) {
    auto records = std::make_unique<InputFile>(file, kRecordFile);
    const std::uint64_t size = records->size();
    if (size == 0 || size % kCifarRecord != 0)
      fail_corrupt(file, "its " + std::to_string(size) +
                             " bytes are not a whole number of records of " +
                             std::to_string(kCifarRecord) + " bytes");
    if (size / kCifarRecord + items_.size() > kMostItems)
      fail_corrupt(file, "holds more than " + std::to_string(kMostItems) + " records");
    files_.push_back(std::move(records));
    for (std::uint64_t r = 0; r < size / kCifarRecord; ++r) {
      std::uint8_t label = 0;
      files_.back()->read_at(r * kCifarRecord, {&label, 1});
      if (label > 9)
        fail_corrupt(file, "record " + std::to_string(r) + " has label " + std::to_string(label) +
                               ", CIFAR-10 has 0 to 9");
      Item item{file.filename().string() + "#" + std::to_string(r), {}, file, r};
      item.truth.label = label;
      items_.push_back(std::move(item));
      of_file_.push_back(files_.size() - 1);
    }
  }

  std::vector<std::uint8_t> read_planes(std::size_t i) const {
    std::vector<std::uint8_t> planes(3 * kCifarPlane);
    files_[of_file_.at(i)]->read_at(*items_[i].record * kCifarRecord + 1, planes);
    return planes;
  }

  std::vector<std::unique_ptr<InputFile>> files_;
  std::vector<std::size_t> of_file_;  ///< index into files_, per item
};

}  // namespace

std::optional<DatasetInfo> probe_cifar(const fs::path& path) {
  DatasetInfo info;
  for (const char* split : {"train", "val"})
    if (!cifar_files(path, split).empty()) info.splits.emplace_back(split);
  if (info.splits.empty()) return std::nullopt;
  return info;
}

std::unique_ptr<Dataset> open_cifar(const fs::path& path, const std::string& split) {
  return std::make_unique<CifarDataset>(cifar_files(path, split), load_class_names(path));
}

}  // namespace tamis
