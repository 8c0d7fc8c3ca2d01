#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

namespace tamis {

/// Returns what the allocator holds free to the system, also in the middle of the heap (glibc's
/// malloc_trim; nothing on other C libraries). For the moment before something large is allocated
/// by others: a runtime that opens a model. Milliseconds. Thread safe.
void return_free_memory();

/// How much memory a process may still take without pressing other programs out: what the system
/// calls available, or what is left of the control group's limit where that is less, less a reserve
/// (a sixteenth of the memory, 256 MB at least). Very large where the system does not say. Thread
/// safe.
std::uint64_t spare_memory_bytes();

/// The same of a worker that begins now: TAMIS_WORKER_MEMORY where that is less. Throws
/// invalid_argument for a value that is no size. Thread safe.
std::uint64_t worker_memory_bytes();

/// What a process takes now: memory of its own (private pages that are in memory or swapped out).
/// Absent when it has ended.
std::optional<std::uint64_t> own_memory_bytes(pid_t process);

/// What another process may take: what it has now and what the machine can spare at this moment (so
/// that others that run beside it are counted), or TAMIS_WORKER_MEMORY where that is less. Made
/// anew for each piece of work. Not thread safe.
class MemoryLimit {
 public:
  /// Also sets the process's own limit (RLIMIT_DATA, with room for what is reserved and not used),
  /// so that allocations beyond it fail at once. Nothing happens where the system does not tell.
  explicit MemoryLimit(pid_t process);

  /// Why the process must end, when it has passed its limit.
  std::optional<std::string> exceeded() const;

 private:
  pid_t process_;
  std::optional<std::uint64_t> bytes_;
};

}  // namespace tamis
