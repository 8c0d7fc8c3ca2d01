#include <cstdio>
#include <string>

#include "base/units.h"
#include "machine/fingerprint.h"
#include "machine/noise.h"

namespace tamis {
namespace {

constexpr double kMebibyte = 1024.0 * 1024;
constexpr double kGibibyte = 1024 * kMebibyte;
constexpr double kHighLoadPerCore = 0.25;
constexpr double kSwapThresholdBytes = 64 * kMebibyte;
constexpr double kLowMemoryShare = 0.1;
constexpr double kLowMemoryBytes = kGibibyte;
constexpr double kHighSteal = 0.01;
constexpr double kHighOthers = 0.05;
constexpr double kHighDrift = 0.05;
constexpr double kSlowTimer_ns = 250;
constexpr double kCoarseTimer_ns = 1000;

std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.*f %%", share < 0.1 ? 1 : 0, share * 100);
  return text;
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", value);
  return text;
}

std::string threads_text(int threads) {
  return std::to_string(threads) + (threads == 1 ? " thread" : " threads");
}

void warn_of_cores(const Fingerprint& f, std::vector<EnvironmentWarning>& out) {
  if (f.load_1min >= 0.5 && f.load_1min >= kHighLoadPerCore * f.affinity_cores)
    out.push_back({"the load average is " + number(f.load_1min) + " on " +
                       std::to_string(f.logical_cores) + " cores: other programs use the CPU",
                   "end other programs (`top` shows them) or wait a minute"});
  if (f.cpu_quota_cores && *f.cpu_quota_cores < f.affinity_cores)
    out.push_back({"a cgroup limits this process to " + number(*f.cpu_quota_cores) + " of " +
                       std::to_string(f.affinity_cores) +
                       " cores: it is paused whenever it uses more",
                   "use at most " + threads_text(usable_cores(f)) +
                       ", or give cores instead of a share (docker run --cpuset-cpus)"});
  if (f.smt)
    out.push_back({"hardware threads share cores (" + std::to_string(f.logical_cores) + " on " +
                       std::to_string(f.physical_cores) + "): neighbours slow each other down",
                   "use at most " + threads_text(usable_cores(f)) +
                       " (the default), or switch SMT off in /sys/devices/system/cpu/smt"});
}

void warn_of_clocks(const Fingerprint& f, std::vector<EnvironmentWarning>& out) {
  if (f.governor && *f.governor != "performance")
    out.push_back({"the CPU's frequency governor is \"" + *f.governor + "\", so its clock varies",
                   "sudo cpupower frequency-set -g performance"});
  if (f.on_battery.value_or(false))
    out.push_back(
        {"the machine runs on battery, which lowers the CPU's clock", "connect it to mains power"});
}

void warn_of_memory(const Fingerprint& f, std::vector<EnvironmentWarning>& out) {
  auto available = static_cast<double>(f.memory_available_bytes);
  auto swap = static_cast<double>(f.swap_used_bytes);
  if (swap > kSwapThresholdBytes)
    out.push_back({bytes_text(f.swap_used_bytes) + " of memory is swapped out",
                   "end programs that hold memory, then `sudo swapoff -a && sudo swapon -a`"});
  if (f.memory_available_bytes > 0 && available < kLowMemoryBytes &&
      available < kLowMemoryShare * static_cast<double>(f.memory_bytes))
    out.push_back({"only " + bytes_text(f.memory_available_bytes) + " of memory is free",
                   "end programs that hold memory"});
}

}  // namespace

std::vector<EnvironmentWarning> suspicious_conditions(const Fingerprint& fingerprint) {
  std::vector<EnvironmentWarning> warnings;
  warn_of_cores(fingerprint, warnings);
  warn_of_clocks(fingerprint, warnings);
  warn_of_memory(fingerprint, warnings);
  return warnings;
}

std::vector<EnvironmentWarning> suspicious_conditions(const NoiseReport& r) {
  std::vector<EnvironmentWarning> warnings;
  if (r.steal_share.value_or(0) > kHighSteal)
    warnings.push_back({"the hypervisor gave " + percent(*r.steal_share) +
                            " of the CPU's time to other machines while this was measured",
                        "use a machine with cores of its own (dedicated or bare metal)"});
  if (r.others_share.value_or(0) > kHighOthers)
    warnings.push_back({"other processes used " + percent(*r.others_share) +
                            " of the CPU's time while this was measured",
                        "end them (`top` shows them)"});
  if (r.throttle_events.value_or(0) > 0)
    warnings.push_back({"the CPU got too hot and slowed down " +
                            std::to_string(*r.throttle_events) + " times while this was measured",
                        "improve cooling, use fewer threads, or pause before measuring"});
  if (r.drift_ratio > 1 + kHighDrift || r.drift_ratio < 1 / (1 + kHighDrift))
    warnings.push_back({"the same work took " + number(r.drift_ratio) +
                            " times as long at the end as at the beginning",
                        "let the machine's clock and temperature settle; measure longer"});
  if (r.timer_cost_ns > kSlowTimer_ns || r.timer_resolution_ns > kCoarseTimer_ns)
    warnings.push_back({"the clock is slow (" + number(r.timer_cost_ns) +
                            " ns a reading, steps of " + number(r.timer_resolution_ns) + " ns)",
                        "choose tsc or kvm-clock as the kernel's clock source (boot option "
                        "clocksource=tsc)"});
  return warnings;
}

Json to_json(const std::vector<EnvironmentWarning>& warnings) {
  Json json = Json::array();
  for (const EnvironmentWarning& w : warnings)
    json.push_back({{"text", w.text}, {"remedy", w.remedy}});
  return json;
}

}  // namespace tamis
