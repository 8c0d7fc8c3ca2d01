#pragma once

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

/// "0-3,8" → 0, 1, 2, 3, 8: the kernel's lists of CPUs. What is no such list gives nothing.
std::vector<int> parse_cpu_list(const std::string& text);

}  // namespace tamis
