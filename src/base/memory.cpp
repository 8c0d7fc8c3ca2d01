#include "base/memory.h"

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>  // defines __GLIBC__
#include <limits>
#include <string>

#include "base/error.h"
#include "base/files.h"
#include "base/units.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

// Sanitizers reserve far more than they use.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TAMIS_SHADOW_MEMORY 1
#endif

namespace tamis {
namespace {

constexpr std::uint64_t kUnknown = std::numeric_limits<std::uint64_t>::max();
constexpr FileKind kKernelFile{"a file of the kernel", kMebibyte};

std::string text_of(const std::string& file) {
  try {
    return load_text(file, kKernelFile);
  } catch (const Error&) {
    return "";
  }
}

/// The number that follows the key, or that the text starts with where the key is empty.
std::optional<std::uint64_t> number_after(const std::string& text, const std::string& key) {
  std::size_t at = text.find(key);
  if (at == std::string::npos) return std::nullopt;
  at = text.find_first_not_of(" \t", at + key.size());
  if (at == std::string::npos) return std::nullopt;
  std::uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), value);
  return error == std::errc() ? std::optional(value) : std::nullopt;
}

/// What is left of a control group's limit, as a container sees it: at the root of its mount.
std::uint64_t left_in_group() {
  struct Group {
    const char *limit, *used, *statistics, *cache_key;
  };
  constexpr std::array kGroups{Group{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current",
                                     "/sys/fs/cgroup/memory.stat", "inactive_file "},
                               Group{"/sys/fs/cgroup/memory/memory.limit_in_bytes",
                                     "/sys/fs/cgroup/memory/memory.usage_in_bytes",
                                     "/sys/fs/cgroup/memory/memory.stat", "total_inactive_file "}};
  for (const Group& group : kGroups) {
    auto limit = number_after(text_of(group.limit), "");
    auto used = number_after(text_of(group.used), "");
    if (!limit || !used) continue;
    // Files that were read count as used until somebody needs the memory.
    auto cache = number_after(text_of(group.statistics), group.cache_key).value_or(0);
    return *limit - std::min(*limit, *used - std::min(*used, cache));
  }
  return kUnknown;
}

#ifndef TAMIS_SHADOW_MEMORY
/// `more` bytes on top of what the process has reserved so far, and some for thread stacks and the
/// like, which count whole although little of them is used.
void limit_data(pid_t process, std::uint64_t more) {
  constexpr std::uint64_t kReserved = std::uint64_t{1} << 30;
  const std::string status = text_of("/proc/" + std::to_string(process) + "/status");
  const auto data = number_after(status, "VmData:");
  rlimit limit{};
  if (!data || ::prlimit(process, RLIMIT_DATA, nullptr, &limit) != 0) return;
  limit.rlim_cur = std::min<rlim_t>(*data * 1024 + more + kReserved, limit.rlim_max);
  ::prlimit(process, RLIMIT_DATA, &limit, nullptr);
}
#endif

}  // namespace

void return_free_memory() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

std::uint64_t spare_memory_bytes() {
  constexpr std::uint64_t kKibibyte = 1024, kLeastReserve = 256 * kMebibyte;
  const std::string info = text_of("/proc/meminfo");
  auto total = number_after(info, "MemTotal:"), available = number_after(info, "MemAvailable:");
  if (!total || !available) return kUnknown;
  const std::uint64_t left = std::min(*available * kKibibyte, left_in_group());
  const std::uint64_t reserve = std::max(*total * kKibibyte / 16, kLeastReserve);
  return left - std::min(left, reserve);
}

std::uint64_t worker_memory_bytes() {
  const std::uint64_t spare = spare_memory_bytes();
  const auto given = environment("TAMIS_WORKER_MEMORY");
  return given ? std::min(spare, parse_bytes(*given, "TAMIS_WORKER_MEMORY")) : spare;
}

std::optional<std::uint64_t> own_memory_bytes(pid_t process) {
  const std::string status = text_of("/proc/" + std::to_string(process) + "/status");
  auto resident = number_after(status, "RssAnon:"), swapped = number_after(status, "VmSwap:");
  if (!resident) return std::nullopt;
  return (*resident + swapped.value_or(0)) * 1024;
}

MemoryLimit::MemoryLimit(pid_t process) : process_(process) {
  const auto own = own_memory_bytes(process);
  const std::uint64_t spare = spare_memory_bytes();
  if (!own || spare == kUnknown) return;
  bytes_ = *own + spare;
  if (auto given = environment("TAMIS_WORKER_MEMORY"))
    bytes_ = std::min(*bytes_, parse_bytes(*given, "TAMIS_WORKER_MEMORY"));
#ifndef TAMIS_SHADOW_MEMORY
  limit_data(process, *bytes_ - std::min(*bytes_, *own));
#endif
}

std::optional<std::string> MemoryLimit::exceeded() const {
  if (!bytes_) return std::nullopt;
  const auto own = own_memory_bytes(process_);
  if (!own || *own <= *bytes_) return std::nullopt;
  return "the worker needed more than " + bytes_text(*bytes_) + " of memory, which is what this " +
         "machine can spare; use a smaller model, input size or batch, or end other programs";
}

}  // namespace tamis
