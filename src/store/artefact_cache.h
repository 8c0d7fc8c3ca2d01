#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/content.h"
#include "base/files.h"

namespace tamis {

/// The size limit of the cache: $TAMIS_CACHE_LIMIT ("5GB"), else 10 GB. Throws invalid_argument for
/// a value that is no size.
std::uint64_t cache_limit_bytes();

/// Folders of built artefacts by key, kept between runs. An entry is there whole or not at all: it
/// is built in a temporary folder, which gets a list of what its files hold, and renamed. What is
/// no longer as it was built is not found (content.h). Above the size limit the least recently used
/// entries go, but none that a living process has found or published. Thread safe; several
/// processes may use one cache.
class ArtefactCache {
 public:
  struct Entry {
    std::string key;
    std::filesystem::path folder;
    std::uint64_t bytes = 0;
    double age_s = 0;     ///< since it was last used
    bool in_use = false;  ///< by this or another process
  };

  /// Creates the folder, and removes what killed processes left half-built. Throws io.
  /// `limit_bytes` absent: cache_limit_bytes().
  explicit ArtefactCache(const std::filesystem::path& folder,
                         std::optional<std::uint64_t> limit_bytes = std::nullopt);
  ~ArtefactCache();
  ArtefactCache(const ArtefactCache&) = delete;
  ArtefactCache& operator=(const ArtefactCache&) = delete;

  /// The folder of a key, absent when it is not there. From now on the entry is in use until this
  /// object goes. An entry that is damaged, or from before there were lists, is removed, which is
  /// said, and is absent; looked at once per object. Throws invalid_argument for a key with other
  /// characters than letters, digits,
  /// '-', '_' and '.'.
  std::optional<std::filesystem::path> find(const std::string& key);

  /// What the files of an entry hold that this object has found or published. Throws
  /// invalid_argument for another.
  FolderContent content(const std::string& key) const;

  /// Removes an entry, even one in use, that its user finds to be wrong, and says why.
  void discard(const std::string& key, const std::string& why);

  /// An empty folder to build in, on the same file system as the cache.
  TemporaryFolder make_temporary() const;

  /// Makes the built folder the entry of the key, and gives the entry's folder, now in use. `built`
  /// is gone afterwards. Where the key is there already (another process was quicker), that entry
  /// stays, if it is sound, and `built` is removed. Then evicts down to the limit. Throws io.
  std::filesystem::path publish(const std::string& key, const std::filesystem::path& built);

  /// All entries, least recently used first.
  std::vector<Entry> list() const;

  /// Removes entries that were not used for longer than that (all of them when absent), and
  /// leftovers. Entries in use stay. Returns the bytes freed.
  std::uint64_t clean(std::optional<double> older_than_s);

  const std::filesystem::path& folder() const { return folder_; }

 private:
  class UseMark;

  void evict();
  void mark_used(const std::string& key);
  bool is_sound(const std::string& key);
  void throw_away(const std::string& key, const std::string& why);
  std::filesystem::path waste_folder();
  bool remove(const Entry& entry);
  std::filesystem::path mark_file(const std::string& key) const;

  std::filesystem::path folder_;
  std::uint64_t limit_bytes_;
  mutable std::mutex mutex_;
  std::map<std::string, std::unique_ptr<UseMark>> used_;
  std::map<std::string, FolderContent> checked_;
  std::size_t next_waste_ = 0;
};

}  // namespace tamis
