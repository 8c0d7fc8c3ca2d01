#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tamis {

/// Reads a whole file. Throws not_found or io, naming the file.
std::string load_text(const std::filesystem::path& file);
std::vector<std::uint8_t> load_bytes(const std::filesystem::path& file);

/// Writes a file so that a reader, a crash or a full disk never leaves half of it: a temporary
/// beside it, flushed to disk, then renamed. Throws io with the system's reason; the old content is
/// then untouched and the temporary gone.
void save_file(const std::filesystem::path& file, std::string_view content);
void save_file(const std::filesystem::path& file, std::span<const std::uint8_t> content);

/// Copies a file with the same promise as save_file.
void copy_file_atomically(const std::filesystem::path& from, const std::filesystem::path& to);

/// Creates the folder and its parents and proves that it can be written to. Throws io otherwise.
void make_writable_folder(const std::filesystem::path& folder);

/// The user's cache folder for Tamis: $TAMIS_CACHE_DIR, else $XDG_CACHE_HOME/tamis, else
/// $HOME/.cache/tamis.
std::filesystem::path cache_folder();

/// The folder that holds the running program.
std::filesystem::path program_folder();

/// An environment variable, absent when unset or empty.
std::optional<std::string> environment(const std::string& name);

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

/// An exclusive advisory lock on a file (flock), held until the object goes; released by the kernel
/// if the process dies.
class FileLock {
 public:
  /// Takes the lock, or returns absent when another process holds it. Throws io when the file
  /// cannot be made.
  static std::optional<FileLock> try_take(const std::filesystem::path& file);
  /// What the holder wrote about itself (its process number and command), for messages. Empty when
  /// unknown.
  static std::string holder(const std::filesystem::path& file);
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace tamis
