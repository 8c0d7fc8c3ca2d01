#include "store/artefact_cache.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "base/leftovers.h"
#include "base/lock_file.h"
#include "base/log.h"
#include "base/units.h"

namespace tamis {
namespace fs = std::filesystem;
namespace {

constexpr std::uint64_t kDefaultLimit = 10'000'000'000;
constexpr const char* kPartial = ".partial";  // .partial-MARK-… (base/leftovers.h)
constexpr std::string_view kMarks = ".in-use";

void check_key(const std::string& key) {
  auto good = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.';
  };
  if (!key.empty() && key[0] != '.' && std::all_of(key.begin(), key.end(), good)) return;
  throw Error(ErrorCode::invalid_argument, "artefact cache: \"" + key + "\" is not a key");
}

[[noreturn]] void fail(const std::string& operation, const fs::path& path,
                       const std::error_code& error) {
  throw Error(ErrorCode::io, operation + " " + path.string() + ": " + error.message());
}

std::uint64_t folder_bytes(const fs::path& folder) {
  std::uint64_t bytes = 0;
  std::error_code error;
  for (auto it = fs::recursive_directory_iterator(folder, error);
       !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    std::error_code gone;
    std::uint64_t size = it->is_regular_file(gone) ? it->file_size(gone) : 0;
    if (!gone && it->path().filename() != kContentFile) bytes += size;
  }
  return bytes;
}

}  // namespace

std::uint64_t cache_limit_bytes() {
  auto text = environment("TAMIS_CACHE_LIMIT");
  return text ? parse_bytes(*text, "TAMIS_CACHE_LIMIT") : kDefaultLimit;
}

/// A lock on an entry's mark file: shared while a process uses the entry, exclusive to remove it.
/// The kernel frees it when the process dies.
class ArtefactCache::UseMark {
 public:
  enum class Mode { use, remove };

  /// Null when it is asked for to remove, and is in use. To use it, waits: removers hold it for the
  /// time of a rename.
  static std::unique_ptr<UseMark> take(const fs::path& file, Mode mode) {
    LockFile lock(file, LockUsers::own);
    const bool locked = mode == Mode::use ? lock.lock(LockFile::Mode::shared)
                                          : lock.try_lock(LockFile::Mode::exclusive);
    return locked ? std::unique_ptr<UseMark>(new UseMark(std::move(lock))) : nullptr;
  }

 private:
  explicit UseMark(LockFile lock) : lock_(std::move(lock)) {}
  LockFile lock_;
};

ArtefactCache::ArtefactCache(const fs::path& folder, std::optional<std::uint64_t> limit_bytes)
    : folder_(folder), limit_bytes_(limit_bytes ? *limit_bytes : cache_limit_bytes()) {
  std::error_code error;
  fs::create_directories(folder_ / kMarks, error);
  if (error) fail("create artefact cache", folder_, error);
  remove_leftovers(folder_);
}

ArtefactCache::~ArtefactCache() = default;

fs::path ArtefactCache::mark_file(const std::string& key) const { return folder_ / kMarks / key; }

void ArtefactCache::mark_used(const std::string& key) {
  auto& mark = used_[key];
  if (!mark) mark = UseMark::take(mark_file(key), UseMark::Mode::use);
  std::error_code ignored;  // the time only orders eviction
  fs::last_write_time(folder_ / key, fs::file_time_type::clock::now(), ignored);
}

std::optional<fs::path> ArtefactCache::find(const std::string& key) {
  check_key(key);
  std::lock_guard lock(mutex_);
  std::error_code error;
  if (!fs::is_directory(folder_ / key, error)) return std::nullopt;
  mark_used(key);
  // Once more, now that nobody can remove it.
  if (fs::is_directory(folder_ / key, error) && is_sound(key)) return folder_ / key;
  used_.erase(key);
  return std::nullopt;
}

/// Else it is gone afterwards.
bool ArtefactCache::is_sound(const std::string& key) {
  if (checked_.count(key) != 0) return true;
  try {
    checked_[key] = check_content(folder_ / key);
    return true;
  } catch (const Error& e) {
    throw_away(key, e.what());
    return false;
  }
}

FolderContent ArtefactCache::content(const std::string& key) const {
  std::lock_guard lock(mutex_);
  auto found = checked_.find(key);
  if (found != checked_.end()) return found->second;
  throw Error(ErrorCode::invalid_argument, "artefact cache: nobody has asked for " + key);
}

void ArtefactCache::discard(const std::string& key, const std::string& why) {
  check_key(key);
  std::lock_guard lock(mutex_);
  throw_away(key, why);
  used_.erase(key);
}

/// Whoever uses it has a damaged one.
void ArtefactCache::throw_away(const std::string& key, const std::string& why) {
  checked_.erase(key);
  const fs::path waste = waste_folder();
  std::error_code error;
  fs::rename(folder_ / key, waste, error);
  if (error == std::errc::no_such_file_or_directory) return;  // another process was quicker
  if (error) fail("remove damaged artefact", folder_ / key, error);
  fs::remove_all(waste, error);
  say(Severity::warning, "artefact cache: " + why + "; it is made again");
}

fs::path ArtefactCache::waste_folder() {
  return folder_ /
         (std::string(kPartial) + "-" + owner_mark() + "-waste-" + std::to_string(next_waste_++));
}

TemporaryFolder ArtefactCache::make_temporary() const { return TemporaryFolder(folder_, kPartial); }

fs::path ArtefactCache::publish(const std::string& key, const fs::path& built) {
  check_key(key);
  std::error_code error;
  if (built.parent_path() != folder_) {  // perhaps another file system, where rename is not atomic
    TemporaryFolder copy = make_temporary();
    fs::copy(built, copy.path(), fs::copy_options::recursive, error);
    if (error) fail("copy into artefact cache", built, error);
    fs::remove_all(built, error);
    return publish(key, copy.path());
  }
  FolderContent content = save_content(built);
  std::lock_guard lock(mutex_);
  mark_used(key);
  fs::rename(built, folder_ / key, error);
  if (error && fs::is_directory(folder_ / key) && !is_sound(key)) {
    error.clear();
    fs::rename(built, folder_ / key, error);
  }
  if (error && !fs::is_directory(folder_ / key)) fail("publish artefact", folder_ / key, error);
  if (error)
    fs::remove_all(built, error);
  else
    checked_[key] = std::move(content);
  mark_used(key);
  evict();
  return folder_ / key;
}

std::vector<ArtefactCache::Entry> ArtefactCache::list() const {
  std::vector<Entry> entries;
  std::error_code error;
  auto now = fs::file_time_type::clock::now();
  for (const auto& item : fs::directory_iterator(folder_, error)) {
    std::string name = item.path().filename().string();
    std::error_code gone;
    if (name[0] == '.' || !item.is_directory(gone)) continue;
    Entry entry{name, item.path(), folder_bytes(item.path()), 0, false};
    auto used_at = fs::last_write_time(item.path(), gone);
    if (gone) continue;
    entry.age_s = std::max(0.0, std::chrono::duration<double>(now - used_at).count());
    entry.in_use = !UseMark::take(mark_file(name), UseMark::Mode::remove);
    entries.push_back(std::move(entry));
  }
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.age_s > b.age_s; });
  return entries;
}

/// Renames first, so that a kill half-way leaves a leftover and never half an entry. False when the
/// entry is in use.
bool ArtefactCache::remove(const Entry& entry) {
  auto mark = UseMark::take(mark_file(entry.key), UseMark::Mode::remove);
  if (!mark) return false;
  const fs::path waste = waste_folder();
  std::error_code error;
  fs::rename(entry.folder, waste, error);
  mark.reset();
  if (error == std::errc::no_such_file_or_directory) return false;  // another process was quicker
  if (error) fail("remove", entry.folder, error);
  fs::remove_all(waste, error);
  return true;
}

void ArtefactCache::evict() {
  std::vector<Entry> entries = list();
  std::uint64_t total = 0;
  for (const Entry& entry : entries) total += entry.bytes;
  for (const Entry& entry : entries) {
    if (total <= limit_bytes_) return;
    if (!entry.in_use && remove(entry)) total -= entry.bytes;
  }
}

std::uint64_t ArtefactCache::clean(std::optional<double> older_than_s) {
  std::lock_guard lock(mutex_);
  remove_leftovers(folder_);
  std::uint64_t freed = 0;
  for (const Entry& entry : list()) {
    if (older_than_s && entry.age_s <= *older_than_s) continue;
    if (!entry.in_use && remove(entry)) freed += entry.bytes;
  }
  return freed;
}

}  // namespace tamis
