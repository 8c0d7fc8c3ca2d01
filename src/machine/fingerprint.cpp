#include "machine/fingerprint.h"

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <map>

#include "base/hash.h"
#include "machine/parts.h"

namespace tamis {
using machine::SystemFiles;

namespace {

template <typename T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

/// PRETTY_NAME="Debian GNU/Linux 12 (bookworm)" of os-release.
std::string os_name(const SystemFiles& files) {
  const std::string key = "PRETTY_NAME=";
  for (const std::string& line : machine::split_lines(files.text("etc/os-release").value_or(""))) {
    if (!line.starts_with(key)) continue;
    std::string name = line.substr(key.size());
    name.erase(std::remove(name.begin(), name.end(), '"'), name.end());
    return name;
  }
  return "";
}

std::optional<bool> on_battery(const SystemFiles& files) {
  const std::string folder = "sys/class/power_supply";
  bool battery_discharges = false, any = false;
  for (const std::string& supply : files.names(folder, "")) {
    std::string type = files.text(folder + "/" + supply + "/type").value_or("");
    if (type == "Mains" && files.number(folder + "/" + supply + "/online") == 1) return false;
    // Those of mice and keyboards have the scope "Device".
    if (type != "Battery" || files.text(folder + "/" + supply + "/scope") == "Device") continue;
    any = true;
    battery_discharges |= files.text(folder + "/" + supply + "/status") == "Discharging";
  }
  if (!any) return std::nullopt;
  return battery_discharges;
}

/// The signature that a hypervisor gives in CPUID leaf 0x40000000, as people call it; empty where
/// there is none. Source: Linux, arch/x86/kernel/cpu/hypervisor.c and the files it names.
std::string hypervisor_name() {
#if defined(__x86_64__) || defined(__i386__)
  unsigned a = 0, b = 0, c = 0, d = 0;
  constexpr unsigned kHypervisorBit = 1U << 31;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & kHypervisorBit) == 0) return "";
  __cpuid(0x40000000, a, b, c, d);
  char signature[13] = {};
  std::memcpy(signature, &b, 4);
  std::memcpy(signature + 4, &c, 4);
  std::memcpy(signature + 8, &d, 4);
  static const std::map<std::string, std::string> kNames{
      {"KVMKVMKVM", "KVM"},    {"Microsoft Hv", "Hyper-V"},    {"VMwareVMware", "VMware"},
      {"XenVMMXenVMM", "Xen"}, {"VBoxVBoxVBox", "VirtualBox"}, {"TCGTCGTCGTCG", "QEMU"}};
  auto known = kNames.find(signature);
  return known == kNames.end() ? machine::trim(signature) : known->second;
#else
  return "";
#endif
}

}  // namespace

Fingerprint capture_fingerprint(const SystemFiles& files) {
  Fingerprint fingerprint;
  read_cpu(files, fingerprint);
  read_clocks(files, fingerprint);
  read_memory(files, fingerprint);
  read_quota(files, fingerprint);
  read_container(files, fingerprint);
  read_accelerators(files, fingerprint);
  fingerprint.kernel = files.text("proc/sys/kernel/osrelease").value_or("");
  fingerprint.os = os_name(files);
  fingerprint.load_1min = std::strtod(files.text("proc/loadavg").value_or("0").c_str(), nullptr);
  fingerprint.on_battery = on_battery(files);
  return fingerprint;
}

Fingerprint capture_fingerprint() {
  Fingerprint fingerprint = capture_fingerprint(SystemFiles());
  std::string hypervisor = hypervisor_name();
  if (!hypervisor.empty())
    fingerprint.container += (fingerprint.container.empty() ? "vm: " : ", vm: ") + hypervisor;
  return fingerprint;
}

Json to_json(const Fingerprint& f) {
  return {{"cpu_model", f.cpu_model},
          {"cpu_vendor", f.cpu_vendor},
          {"architecture", f.architecture},
          {"logical_cores", f.logical_cores},
          {"physical_cores", f.physical_cores},
          {"smt", f.smt},
          {"isa", f.isa},
          {"memory_bytes", f.memory_bytes},
          {"memory_available_bytes", f.memory_available_bytes},
          {"memory_limit_bytes", or_null(f.memory_limit_bytes)},
          {"swap_used_bytes", f.swap_used_bytes},
          {"kernel", f.kernel},
          {"os", f.os},
          {"governor", or_null(f.governor)},
          {"turbo", or_null(f.turbo)},
          {"cpu_quota_cores", or_null(f.cpu_quota_cores)},
          {"affinity_cores", f.affinity_cores},
          {"usable_cores", usable_cores(f)},
          {"container", f.container},
          {"accelerators", f.accelerators},
          {"load_1min", f.load_1min},
          {"on_battery", or_null(f.on_battery)}};
}

std::string fingerprint_hash(const Fingerprint& f) {
  constexpr double kGibibyte = 1024.0 * 1024 * 1024;
  Json stable = {{"cpu_model", f.cpu_model},
                 {"cpu_vendor", f.cpu_vendor},
                 {"architecture", f.architecture},
                 {"logical_cores", f.logical_cores},
                 {"physical_cores", f.physical_cores},
                 {"isa", f.isa},
                 {"memory_gib", std::llround(static_cast<double>(f.memory_bytes) / kGibibyte)},
                 {"kernel", f.kernel},
                 {"governor", or_null(f.governor)},
                 {"cpu_quota_cores", or_null(f.cpu_quota_cores)},
                 {"affinity_cores", f.affinity_cores},
                 {"accelerators", f.accelerators}};
  return hash_text(canonical_text(stable));
}

int usable_cores(const Fingerprint& f) {
  int cores = f.affinity_physical_cores.value_or(std::min(f.affinity_cores, f.physical_cores));
  if (f.cpu_quota_cores && *f.cpu_quota_cores < cores) cores = static_cast<int>(*f.cpu_quota_cores);
  return std::max(1, cores);
}

}  // namespace tamis
