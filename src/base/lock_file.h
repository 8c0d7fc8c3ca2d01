#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string_view>

namespace tamis {

/// Who may open the file of a lock.
enum class LockUsers { own, all };

/// A file that processes lock as a whole (flock). The kernel frees the lock when the process dies.
/// Not thread safe.
class LockFile {
 public:
  enum class Mode { shared, exclusive };

  /// Opens the file, or makes it. `all`: every user may open it, and no link is followed. Throws
  /// io "lock FILE: reason".
  LockFile(const std::filesystem::path& file, LockUsers users);
  LockFile(LockFile&& other) noexcept;
  LockFile& operator=(LockFile&&) = delete;
  ~LockFile();  ///< frees the lock

  bool try_lock(Mode mode);  ///< at once; false where another process holds it
  bool lock(Mode mode);      ///< waits; false where the system cannot lock the file

 private:
  int descriptor_;
};

/// A place in the queue for a lock, first come, first served. The queue is a file in which each
/// that waits has locked one byte, behind all that were locked when it came. The kernel frees a
/// byte when its process dies, so nobody waits for the dead. Not thread safe.
class LockQueue {
 public:
  /// Takes the last place. Where the file cannot be opened or locked there is no order, and nobody
  /// is before this one.
  explicit LockQueue(const std::filesystem::path& file);
  LockQueue(const LockQueue&) = delete;
  LockQueue& operator=(const LockQueue&) = delete;
  ~LockQueue();

  /// How many came before and still wait.
  int before() const;

 private:
  bool set(short type, off_t byte, int how) const;
  std::optional<off_t> locked(off_t begin, off_t end) const;
  int count(off_t begin, off_t end) const;

  int descriptor_ = -1;
  off_t own_ = 0;  // byte 0 is locked for the moment of choosing
};

/// Replaces the content of a file that must stay the same file, such as a lock's. No link is
/// followed. Returns whether it could. Thread safe.
bool overwrite_in_place(const std::filesystem::path& file, std::string_view text);

}  // namespace tamis
