#include <zlib.h>

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/tensor.h"
#include "base/units.h"
#include "data/formats.h"

namespace tamis {
namespace fs = std::filesystem;
namespace {

// IDX: two zero bytes, the element type (8 = u8), the number of dimensions, each dimension as a
// big-endian u32, the elements. Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database", "The
// IDX file format".
constexpr std::size_t kIdxPiece = 1 << 20;

struct IdxArray {
  std::vector<std::uint32_t> shape;
  std::vector<std::uint8_t> data;
};

class GzipFile {
 public:
  explicit GzipFile(const fs::path& file)
      : file_(file), input_(file, kRecordFile), handle_(::gzdopen(input_.descriptor(), "rb")) {
    if (handle_ == nullptr)
      throw Error(ErrorCode::io, "read " + file.string() + ": no memory to decompress it");
    input_.release();
    ::gzbuffer(handle_, kIdxPiece);
  }
  GzipFile(const GzipFile&) = delete;
  GzipFile& operator=(const GzipFile&) = delete;
  ~GzipFile() { ::gzclose(handle_); }

  /// Bytes read, fewer than asked only at the end. Throws corrupt_data on damaged compression.
  std::size_t read(std::uint8_t* to, std::size_t count) {
    int got = ::gzread(handle_, to, static_cast<unsigned>(count));
    int code = Z_OK;
    const char* reason = ::gzerror(handle_, &code);
    if (got < 0 || (code != Z_OK && code != Z_STREAM_END))
      fail_corrupt(file_, std::string("its compression is damaged: ") + reason);
    return static_cast<std::size_t>(got);
  }

 private:
  fs::path file_;
  InputFile input_;
  gzFile handle_;
};

constexpr std::uint64_t kMostIdxBytes = std::uint64_t{1} << 31;

std::uint64_t idx_elements(const fs::path& file, const std::vector<std::uint32_t>& shape) {
  std::uint64_t count = 1;
  for (std::uint32_t side : shape) {
    count *= side;
    // A compressed file of a few MB can hold so much.
    if (count > kMostIdxBytes)
      fail_corrupt(file, "its header claims more than " + bytes_text(kMostIdxBytes));
  }
  if (shape[0] > kMostItems) fail_corrupt(file, "its header claims an impossible number of images");
  if (count == 0) fail_corrupt(file, "its header claims a side of 0");
  return count;
}

/// Reads plain and gzip-compressed files alike. Memory grows with what is really there, not with
/// what the header claims.
IdxArray load_idx(const fs::path& file) {
  GzipFile in(file);
  std::array<std::uint8_t, 4> magic{};
  if (in.read(magic.data(), 4) != 4 || magic[0] != 0 || magic[1] != 0)
    fail_corrupt(file, "is not an IDX file (it does not start with two zero bytes)");
  if (magic[2] != 8 || magic[3] < 1 || magic[3] > 4)
    throw Error(
        ErrorCode::unsupported,
        "read " + file.string() + ": only IDX files of bytes in 1 to 4 dimensions are read");
  IdxArray array;
  for (int d = 0; d < magic[3]; ++d) {
    std::array<std::uint8_t, 4> side{};
    if (in.read(side.data(), 4) != 4) fail_corrupt(file, "ends in its header");
    array.shape.push_back(std::uint32_t{side[0]} << 24 | std::uint32_t{side[1]} << 16 |
                          std::uint32_t{side[2]} << 8 | side[3]);
  }
  std::uint64_t want = idx_elements(file, array.shape);
  while (array.data.size() < want) {
    std::size_t before = array.data.size();
    auto step = static_cast<std::size_t>(std::min<std::uint64_t>(kIdxPiece, want - before));
    array.data.resize(before + step);
    if (in.read(array.data.data() + before, step) != step)
      fail_corrupt(file,
                   "is shorter than the " + std::to_string(want) + " bytes that its header says");
  }
  std::uint8_t more = 0;
  if (in.read(&more, 1) != 0) fail_corrupt(file, "is longer than its header says");
  return array;
}

/// The file of a split and kind ("images", "labels"), as published or renamed with a dot,
/// compressed or not.
std::optional<fs::path> idx_file(const fs::path& folder, const std::string& split,
                                 const std::string& kind) {
  std::string dimensions = kind == "images" ? "idx3" : "idx1";
  std::string prefix = split == "train" ? "train" : "t10k";
  for (const char* joint : {"-", "."})
    for (const char* end : {"", ".gz"}) {
      fs::path file = folder / (prefix + "-" + kind + joint + dimensions + "-ubyte" + end);
      if (is_file(file)) return file;
    }
  return std::nullopt;
}

class IdxDataset : public Dataset {
 public:
  IdxDataset(const fs::path& images, const std::optional<fs::path>& labels,
             std::vector<std::string> names)
      : Dataset(std::move(names)), images_(load_idx(images)) {
    if (images_.shape.size() < 3) fail_corrupt(images, "holds no images (3 dimensions expected)");
    if (channels() != 1 && channels() != 3)
      fail_corrupt(images, "its images have neither 1 nor 3 channels");
    std::vector<std::uint8_t> truth;
    if (labels)
      truth = load_labels(*labels);
    else
      reading_.looked_for = "a file of labels next to " + images.filename().string();
    fs::path name = images.filename();
    if (name.extension() == ".gz") name.replace_extension();
    for (std::size_t r = 0; r < images_.shape[0]; ++r) {
      Item item{name.string() + "#" + std::to_string(r), {}, images, r};
      if (labels) item.truth.label = truth[r];
      items_.push_back(std::move(item));
    }
  }

  Picture load_picture(std::size_t i) const override {
    auto bytes = record(i);
    return {static_cast<int>(images_.shape[1]), static_cast<int>(images_.shape[2]), channels(),
            std::vector<std::uint8_t>(bytes.begin(), bytes.end())};
  }
  std::string content_hash(std::size_t i) const override { return hash_bytes(record(i)); }

 private:
  int channels() const {
    return images_.shape.size() == 4 ? static_cast<int>(images_.shape[3]) : 1;
  }
  std::span<const std::uint8_t> record(std::size_t i) const {
    std::size_t size = images_.data.size() / items_.size();
    return std::span(images_.data).subspan(*items_.at(i).record * size, size);
  }
  std::vector<std::uint8_t> load_labels(const fs::path& file) const {
    IdxArray truth = load_idx(file);
    if (truth.shape.size() != 1 || truth.shape[0] != images_.shape[0])
      fail_corrupt(file, "holds " + std::to_string(truth.shape[0]) + " labels for " +
                             std::to_string(images_.shape[0]) + " images");
    return std::move(truth.data);
  }

  IdxArray images_;
};

}  // namespace

std::optional<DatasetInfo> probe_idx(const fs::path& path) {
  DatasetInfo info;
  for (const char* split : {"train", "val"})
    if (idx_file(path, split, "images")) info.splits.emplace_back(split);
  if (info.splits.empty()) return std::nullopt;
  return info;
}

std::unique_ptr<Dataset> open_idx(const fs::path& path, const std::string& split) {
  return std::make_unique<IdxDataset>(*idx_file(path, split, "images"),
                                      idx_file(path, split, "labels"), load_class_names(path));
}

}  // namespace tamis
