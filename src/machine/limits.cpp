#include <algorithm>
#include <array>
#include <limits>

#include "machine/parts.h"

namespace tamis::machine {
namespace {

constexpr std::uint64_t kKibibyte = 1024;

std::uint64_t meminfo_bytes(const std::string& meminfo, const char* key) {
  return static_cast<std::uint64_t>(
             std::max<std::int64_t>(0, to_number(field(meminfo, key).value_or("")).value_or(0))) *
         kKibibyte;
}

struct CgroupFolders {
  std::vector<std::string> v1,
      v2;  ///< from the process's own group up to the root, existing or not
};

/// "/a/b" below a mount point: mount/a/b, mount/a, mount. The kernel applies the limits of all.
void add_up_to_root(const std::string& mount, std::string path, std::vector<std::string>& out) {
  while (!path.empty() && path != "/") {
    out.push_back(mount + path);
    path.resize(path.find_last_of('/'));
  }
  out.push_back(mount);
}

/// Lines of /proc/self/cgroup are "number:controllers:path"; v2's is "0::path". Inside a container
/// the path may be the host's, and the group's files then lie at the mount's root.
CgroupFolders cgroup_folders(const SystemFiles& files, const std::string& controller) {
  CgroupFolders folders;
  for (const std::string& line : split_lines(files.text("proc/self/cgroup").value_or(""))) {
    std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    std::string controllers = line.substr(first + 1, second - first - 1);
    std::string path = line.substr(second + 1);
    if (controllers.empty()) {
      add_up_to_root("sys/fs/cgroup", path, folders.v2);
      add_up_to_root("sys/fs/cgroup/unified", path, folders.v2);
    } else if (("," + controllers + ",").find("," + controller + ",") != std::string::npos) {
      add_up_to_root("sys/fs/cgroup/" + controllers, path, folders.v1);
      add_up_to_root("sys/fs/cgroup/" + controller, path, folders.v1);
    }
  }
  return folders;
}

/// "150000 100000" → 1.5 cores; "max 100000" → no limit.
std::optional<double> parse_cpu_max(const std::string& text) {
  std::vector<std::string> parts = split_words(text);
  if (parts.size() != 2) return std::nullopt;
  auto quota = to_number(parts[0]), period = to_number(parts[1]);
  if (!quota || !period || *quota <= 0 || *period <= 0) return std::nullopt;
  return static_cast<double>(*quota) / static_cast<double>(*period);
}

}  // namespace

void read_quota(const SystemFiles& files, Fingerprint& fingerprint) {
  double cores = std::numeric_limits<double>::infinity();
  CgroupFolders folders = cgroup_folders(files, "cpu");
  for (const std::string& folder : folders.v2)
    if (auto text = files.text(folder + "/cpu.max"))
      cores = std::min(cores, parse_cpu_max(*text).value_or(cores));
  for (const std::string& folder : folders.v1) {
    auto quota = files.text(folder + "/cpu.cfs_quota_us");
    auto period = files.text(folder + "/cpu.cfs_period_us");
    if (quota && period)
      cores = std::min(cores, parse_cpu_max(*quota + " " + *period).value_or(cores));
  }
  if (cores < std::numeric_limits<double>::infinity()) fingerprint.cpu_quota_cores = cores;
}

void read_memory(const SystemFiles& files, Fingerprint& fingerprint) {
  std::string meminfo = files.text("proc/meminfo").value_or("");
  fingerprint.memory_bytes = meminfo_bytes(meminfo, "MemTotal");
  fingerprint.memory_available_bytes = meminfo_bytes(meminfo, "MemAvailable");
  std::uint64_t total = meminfo_bytes(meminfo, "SwapTotal");
  fingerprint.swap_used_bytes = total - std::min(total, meminfo_bytes(meminfo, "SwapFree"));

  std::uint64_t limit = fingerprint.memory_bytes;
  auto apply = [&](const std::string& file) {
    auto bytes = files.number(file);
    if (bytes && *bytes > 0) limit = std::min(limit, static_cast<std::uint64_t>(*bytes));
  };
  CgroupFolders folders = cgroup_folders(files, "memory");
  for (const std::string& folder : folders.v2) apply(folder + "/memory.max");
  for (const std::string& folder : folders.v1) apply(folder + "/memory.limit_in_bytes");
  if (limit < fingerprint.memory_bytes) fingerprint.memory_limit_bytes = limit;
}

void read_container(const SystemFiles& files, Fingerprint& fingerprint) {
  constexpr std::array<std::pair<const char*, const char*>, 5> kGroupWords{
      {{"kubepods", "kubernetes"},
       {"docker", "docker"},
       {"libpod", "podman"},
       {"containerd", "containerd"},
       {"/lxc", "lxc"}}};
  std::string name;
  if (files.exists(".dockerenv")) name = "docker";
  if (files.exists("run/.containerenv")) name = "podman";
  std::string groups =
      files.text("proc/1/cgroup").value_or("") + files.text("proc/self/cgroup").value_or("");
  for (const auto& [word, container] : kGroupWords)
    if (name.empty() && groups.find(word) != std::string::npos) name = container;
  if (name.empty()) name = files.text("run/systemd/container").value_or("");
  fingerprint.container = name;
}

void read_accelerators(const SystemFiles& files, Fingerprint& fingerprint) {
  auto vendor = [&](const std::string& of) -> std::string {
    std::string id = files.text(of + "/device/vendor").value_or("");
    return id == "0x8086" ? "Intel " : id == "0x1002" ? "AMD " : id == "0x10de" ? "NVIDIA " : "";
  };
  for (const std::string& name : files.names("dev/dri", "renderD"))
    fingerprint.accelerators.push_back(vendor("sys/class/drm/" + name) + "GPU /dev/dri/" + name);
  for (const std::string& name : files.names("dev/accel", "accel"))
    fingerprint.accelerators.push_back(vendor("sys/class/accel/" + name) + "NPU /dev/accel/" +
                                       name);
  const std::string nvidia = "proc/driver/nvidia/gpus";
  for (const std::string& gpu : files.names(nvidia, ""))
    fingerprint.accelerators.push_back(
        field(files.text(nvidia + "/" + gpu + "/information").value_or(""), "Model")
            .value_or("NVIDIA GPU") +
        " " + gpu);
}

}  // namespace tamis::machine
