#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"

namespace tamis {
namespace machine {
class SystemFiles;
}

/// What this machine is, as far as it changes how fast things run. Absent = could not be read.
struct Fingerprint {
  std::string cpu_model, cpu_vendor, architecture;
  int logical_cores = 1;
  int physical_cores = 1;
  bool smt = false;
  /// Those of the table in cpu.cpp that CPU and kernel offer: avx2, avx512f, avx512_vnni, avx_vnni,
  /// amx_int8, amx_bf16, avx512_bf16, asimddp …
  std::vector<std::string> isa;
  std::uint64_t memory_bytes = 0;
  std::uint64_t memory_available_bytes = 0;
  std::optional<std::uint64_t> memory_limit_bytes;  ///< of the cgroup, where below memory_bytes
  std::uint64_t swap_used_bytes = 0;
  std::string kernel, os;
  std::optional<std::string> governor;  ///< of the CPU's frequency; absent in most virtual machines
  std::optional<bool> turbo;
  std::optional<double> cpu_quota_cores;       ///< cgroup limit
  int affinity_cores = 1;                      ///< logical cores this process may run on
  std::optional<int> affinity_physical_cores;  ///< how many physical ones these belong to
  std::string container;                       ///< "docker", "vm: KVM", "docker, vm: KVM", "" …
  /// "GPU /dev/dri/renderD128", "NPU /dev/accel/accel0", "NVIDIA …"
  std::vector<std::string> accelerators;
  double load_1min = 0;
  std::optional<bool> on_battery;
};

/// Reads /proc, /sys, cgroups. Never throws for what is missing. Thread safe.
Fingerprint capture_fingerprint();

/// The same of the machine that the files below a root describe, with nothing from this one but
/// `architecture`.
Fingerprint capture_fingerprint(const machine::SystemFiles& files);

/// Every field by its name, and usable_cores; null for what is absent.
Json to_json(const Fingerprint& fingerprint);

/// Hash of what stays: CPU, cores, memory size (to the GiB), kernel release, governor, quota,
/// affinity. Not load or free memory.
std::string fingerprint_hash(const Fingerprint& fingerprint);

/// Physical cores that this process can really use: affinity and quota (rounded down) allowed for,
/// at least 1.
int usable_cores(const Fingerprint& fingerprint);

/// A condition under which measurements are suspicious, and what to do about it.
struct EnvironmentWarning {
  std::string text, remedy;
};
/// Those that the fingerprint shows: load, governor, quota, battery, swap, memory, shared cores.
/// What only a measurement shows (steal, jitter): the overload in machine/noise.h. Pure.
std::vector<EnvironmentWarning> suspicious_conditions(const Fingerprint& fingerprint);

/// [{"text", "remedy"}]
Json to_json(const std::vector<EnvironmentWarning>& warnings);

}  // namespace tamis
