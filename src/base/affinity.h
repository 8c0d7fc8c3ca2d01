#pragma once

#include <sched.h>

#include <string>
#include <vector>

namespace tamis {

/// One logical CPU of each core that this process may use, ascending, as it was at the first call.
/// Empty where the system does not say. Safe from any thread.
const std::vector<int>& usable_cpus();

/// Those of usable_cpus() that are fast cores of a CPU with two kinds; empty where there is one
/// kind only.
const std::vector<int>& performance_cpus();

/// Keeps the calling thread on one CPU; threads that it starts from now on inherit that. Throws io.
void pin_this_thread(int cpu);

/// Keeps the calling thread on one CPU while it lives; the thread may then run where it might
/// before. Where the system refuses, nothing happens.
class PinnedThread {
 public:
  explicit PinnedThread(int cpu);
  PinnedThread(const PinnedThread&) = delete;
  PinnedThread& operator=(const PinnedThread&) = delete;
  ~PinnedThread();

 private:
  cpu_set_t before_{};
  bool pinned_ = false;
};

/// "0-3,8" → 0, 1, 2, 3, 8: the kernel's lists of CPUs. What is no such list gives nothing.
std::vector<int> parse_cpu_list(const std::string& text);

}  // namespace tamis
