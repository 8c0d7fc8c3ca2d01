#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tamis::machine {

/// CPU time since boot, all cores together, in ticks of the kernel.
struct CpuTimes {
  std::uint64_t total = 0, busy = 0, steal = 0;  ///< busy: user, nice, system and interrupts
};

/// The line "cpu …" of /proc/stat (proc(5)); absent where it is not there or older than `steal`.
std::optional<CpuTimes> parse_cpu_times(std::string_view proc_stat);

}  // namespace tamis::machine
