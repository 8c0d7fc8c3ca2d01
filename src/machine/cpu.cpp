#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string_view>

#include "base/process.h"
#include "machine/parts.h"

namespace tamis::machine {
namespace {

/// Instruction sets that decide how fast networks run, by the kernel's names (x86, then ARM).
constexpr std::array kInstructionSets{
    "sse4_2",   "avx",      "avx2",     "fma",         "f16c",        "avx_vnni",
    "avx512f",  "avx512bw", "avx512vl", "avx512_vnni", "avx512_bf16", "avx512_fp16",
    "amx_tile", "amx_int8", "amx_bf16", "amx_fp16",    "asimd",       "asimdhp",
    "asimddp",  "i8mm",     "bf16",     "sve",         "sve2",        "sme"};

/// Vendors that /proc/cpuinfo of ARM gives as a number only.
const std::map<std::string, std::string> kArmImplementers{
    {"0x41", "ARM"},    {"0x46", "Fujitsu"},  {"0x48", "HiSilicon"}, {"0x4e", "NVIDIA"},
    {"0x50", "Ampere"}, {"0x51", "Qualcomm"}, {"0x61", "Apple"},     {"0xc0", "Ampere"}};

std::string topology_of(int cpu) {
  return "sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/";
}

/// A text that two logical cores share exactly when they belong to one physical core.
std::string core_key(const SystemFiles& files, const std::string& block, int cpu) {
  for (const char* name : {"core_cpus_list", "thread_siblings_list"})
    if (auto siblings = files.text(topology_of(cpu) + name)) return *siblings;
  auto package = field(block, "physical id");
  auto core = field(block, "core id");
  if (package && core) return "package " + *package + " core " + *core;
  return "cpu " + std::to_string(cpu);
}

/// /proc/cpuinfo's blocks, one per logical core that is online, by the core's number.
std::map<int, std::string> processor_blocks(const std::string& cpuinfo) {
  std::map<int, std::string> blocks;
  std::string* block = nullptr;
  for (const std::string& line : split_lines(cpuinfo)) {
    if (line.starts_with("processor")) {
      auto number = to_number(field(line, "processor").value_or(""));
      block = number ? &blocks[static_cast<int>(*number)] : nullptr;
    }
    if (block != nullptr) *block += line + "\n";
  }
  return blocks;
}

void read_cores(const SystemFiles& files, const std::map<int, std::string>& blocks,
                Fingerprint& fingerprint) {
  std::set<std::string> cores, usable_cores;
  std::string status = files.text("proc/self/status").value_or("");
  std::vector<int> list = parse_cpu_list(field(status, "Cpus_allowed_list").value_or(""));
  std::set<int> allowed(list.begin(), list.end());
  int usable = 0;
  for (const auto& [cpu, block] : blocks) {
    std::string key = core_key(files, block, cpu);
    cores.insert(key);
    if (!allowed.empty() && allowed.count(cpu) == 0) continue;
    usable_cores.insert(key);
    ++usable;
  }
  fingerprint.logical_cores = std::max(1, static_cast<int>(blocks.size()));
  fingerprint.physical_cores = std::max(1, static_cast<int>(cores.size()));
  fingerprint.smt = fingerprint.physical_cores < fingerprint.logical_cores;
  fingerprint.affinity_cores = usable > 0 ? usable : fingerprint.logical_cores;
  if (usable > 0) fingerprint.affinity_physical_cores = static_cast<int>(usable_cores.size());
}

void read_isa(const std::string& cpuinfo, Fingerprint& fingerprint) {
  auto flags = field(cpuinfo, "flags");            // x86
  if (!flags) flags = field(cpuinfo, "Features");  // ARM
  std::vector<std::string> list = split_words(flags.value_or(""));
  std::set<std::string> has(list.begin(), list.end());
  for (const char* name : kInstructionSets)
    if (has.count(name) > 0) fingerprint.isa.emplace_back(name);
}

}  // namespace

void read_cpu(const SystemFiles& files, Fingerprint& fingerprint) {
  std::string cpuinfo = files.text("proc/cpuinfo").value_or("");
  std::string implementer = field(cpuinfo, "CPU implementer").value_or("");
  auto arm = kArmImplementers.find(implementer);
  fingerprint.cpu_vendor = field(cpuinfo, "vendor_id")
                               .value_or(arm == kArmImplementers.end() ? implementer : arm->second);
  fingerprint.cpu_model = field(cpuinfo, "model name").value_or("");
  if (fingerprint.cpu_model.empty() && !implementer.empty())
    fingerprint.cpu_model =
        trim(fingerprint.cpu_vendor + " part " + field(cpuinfo, "CPU part").value_or("unknown"));
  fingerprint.architecture = kernel_architecture();
  read_cores(files, processor_blocks(cpuinfo), fingerprint);
  read_isa(cpuinfo, fingerprint);
}

void read_clocks(const SystemFiles& files, Fingerprint& fingerprint) {
  const std::string folder = "sys/devices/system/cpu";
  std::set<std::string> governors;
  for (const std::string& cpu : files.names(folder, "cpu"))
    if (auto governor = files.text(folder + "/" + cpu + "/cpufreq/scaling_governor"))
      governors.insert(*governor);
  std::string all;
  for (const std::string& governor : governors) all += (all.empty() ? "" : "/") + governor;
  if (!all.empty()) fingerprint.governor = all;
  if (auto off = files.number(folder + "/intel_pstate/no_turbo")) {
    fingerprint.turbo = *off == 0;
  } else if (auto boost = files.number(folder + "/cpufreq/boost")) {
    fingerprint.turbo = *boost != 0;
  }
}

}  // namespace tamis::machine
