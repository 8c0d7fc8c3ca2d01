#pragma once

#include <filesystem>
#include <functional>
#include <utility>

#include "base/lock_file.h"

namespace tamis {

/// The one lock of this machine for measuring: two runs that measure at once would falsify each
/// other. Held until the object goes; the kernel frees it when the process dies. First come, first
/// served. All users of the machine share it (processes in different containers do not see each
/// other's).
class MachineLock {
 public:
  /// Takes the lock. When another process holds it or came before: with `wait`, says who holds it
  /// and which place this one has, again whenever that changes, and waits for up to `seconds`, else
  /// refuses at once. Throws unavailable, naming the holder; io when the lock's
  /// file cannot be made. `idle` is called about ten times a second while waiting; returning false
  /// ends the wait as the time-out does.
  static MachineLock take(bool wait, double seconds, const std::function<bool()>& idle = nullptr);

  /// The lock's file: $TAMIS_LOCK_FILE, else tamis-measure.lock in /run/lock, else in /tmp.
  static std::filesystem::path file();

 private:
  explicit MachineLock(LockFile file) : file_(std::move(file)) {}
  LockFile file_;
};

}  // namespace tamis
