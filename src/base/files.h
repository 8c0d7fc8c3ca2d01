#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tamis {

/// What a file is read as: the word for it in messages, how long it may be, and what to do where it
/// is longer.
struct FileKind {
  std::string_view name;
  std::uint64_t most_bytes;
  std::string_view remedy = "is it the right file?";
};
inline constexpr std::uint64_t kMebibyte = std::uint64_t{1} << 20;
inline constexpr FileKind kCardFile{"a card", kMebibyte};
inline constexpr FileKind kConfigFile{"options of a run", kMebibyte};
inline constexpr FileKind kDataYamlFile{"a data file", 4 * kMebibyte};
inline constexpr FileKind kLabelFile{"a label file", 16 * kMebibyte};
inline constexpr FileKind kNamesFile{"a list of class names", 2 * kMebibyte};
inline constexpr FileKind kListFile{"a list of images", 256 * kMebibyte};
inline constexpr FileKind kAnnotationFile{"a file of annotations", 2048 * kMebibyte};
inline constexpr FileKind kImageFile{"an image", 512 * kMebibyte};
inline constexpr FileKind kRecordFile{"a file of image records", 65'536 * kMebibyte};
inline constexpr FileKind kModelFile{"a model in one file", 2048 * kMebibyte - 1,
                                     "keep the weights as external data"};
inline constexpr FileKind kLibraryFile{"a library", 16'384 * kMebibyte};
inline constexpr FileKind kJsonFile{"a JSON file", 512 * kMebibyte};
inline constexpr FileKind kAnyFile{"a file", ~std::uint64_t{0}};  // that Tamis wrote itself, say

/// A file that a user or another file names, open for reading. Only regular files are opened, so
/// that nothing waits for a pipe or reads a device without end. read_at is thread safe.
class InputFile {
 public:
  /// Throws not_found, io, invalid_argument (a folder, pipe, socket or device) or unsupported
  /// (longer than its kind may be), naming the file and what to do.
  InputFile(const std::filesystem::path& file, const FileKind& kind);
  InputFile(InputFile&& other) noexcept;
  InputFile& operator=(InputFile&&) = delete;
  ~InputFile();

  std::uint64_t size() const { return size_; }  ///< when it was opened; 0 for files of /proc
  int descriptor() const { return descriptor_; }
  /// Fills `to` from byte `at` on. Throws corrupt_data when the file ends before, or io.
  void read_at(std::uint64_t at, std::span<std::uint8_t> to) const;
  /// From the start to at most to.size() bytes; returns how many there were. Throws io.
  std::size_t read_start(std::span<std::uint8_t> to) const;
  /// Calls visit with each part of the file in turn. Throws io.
  void for_each_piece(const std::function<void(std::span<const std::uint8_t>)>& visit) const;
  /// The descriptor, which is now the caller's to close; nothing else may be called afterwards.
  int release() { return std::exchange(descriptor_, -1); }
  std::string text() const;                 ///< All of it. Throws io, unsupported.
  std::vector<std::uint8_t> bytes() const;  ///< The same as numbers.

 private:
  template <typename Container>
  Container all() const;
  std::size_t read_some(std::uint64_t at, std::uint8_t* to, std::size_t count) const;
  [[noreturn]] void throw_too_long(std::uint64_t bytes) const;

  std::filesystem::path file_;
  FileKind kind_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
};

/// Throws as InputFile does; for files that a library opens by its own means.
void require_regular_file(const std::filesystem::path& file, const FileKind& kind);

/// Reads a whole file. Throws as InputFile does.
std::string load_text(const std::filesystem::path& file, const FileKind& kind = kAnyFile);
std::vector<std::uint8_t> load_bytes(const std::filesystem::path& file,
                                     const FileKind& kind = kAnyFile);

/// The place that a file in `folder` may name: relative, without "..", and inside the folder once
/// links are followed. Absent otherwise. The file itself need not be there.
std::optional<std::filesystem::path> path_inside(const std::filesystem::path& folder,
                                                 const std::filesystem::path& name);

/// Writes a file so that a reader, a crash or a full disk never leaves half of it: a temporary
/// beside it, flushed to disk, then renamed. Throws io with the system's reason; the old content is
/// then untouched and the temporary gone.
void save_file(const std::filesystem::path& file, std::string_view content);
void save_file(const std::filesystem::path& file, std::span<const std::uint8_t> content);

/// Copies a file with the same promise as save_file.
void copy_file_atomically(const std::filesystem::path& from, const std::filesystem::path& to);

/// Creates the folder and its parents and proves that it can be written to. Throws io otherwise.
void make_writable_folder(const std::filesystem::path& folder);

/// The user's cache folder for Tamis: $TAMIS_CACHE_DIR, else user_cache(). A folder that others
/// could have written is not used; a warning says so.
std::filesystem::path cache_folder();

/// $XDG_CACHE_HOME/tamis, else .cache/tamis in $HOME, else in the home that the system lists for
/// this user. Where there is none: an empty folder of this process alone, which goes with it.
std::filesystem::path user_cache();

/// Why what lies there must not be believed or run: absent when only this user or root can have
/// written it. Of a path that is not there, the nearest folder that is decides.
std::optional<std::string> why_untrusted(const std::filesystem::path& path);

/// The folder that holds the running program.
std::filesystem::path program_folder();

/// An environment variable, absent when unset or empty.
std::optional<std::string> environment(const std::string& name);

/// A folder that an environment variable names, absent when unset; one that is no absolute path
/// means another place in each folder it is used from, so it is ignored with a warning.
std::optional<std::filesystem::path> environment_folder(const std::string& name);

/// A folder that is removed with all that is in it when the object goes. Not thread safe.
class TemporaryFolder {
 public:
  /// In the system's folder for temporary files.
  explicit TemporaryFolder(const std::string& prefix = "tamis");
  /// Inside `parent`, so that its content can be renamed to a place there.
  TemporaryFolder(const std::filesystem::path& parent, const std::string& prefix);
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace tamis
