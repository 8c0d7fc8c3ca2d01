#include "base/affinity.h"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <sstream>
#include <system_error>

#include "base/error.h"

namespace tamis {
namespace {

std::string first_line(const std::string& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

/// Siblings of one core count once: the lowest that is allowed stands for it.
std::vector<int> find_usable() {
  cpu_set_t allowed;
  if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) return {};
  std::vector<int> cpus, siblings;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed)) continue;
    if (std::find(siblings.begin(), siblings.end(), cpu) != siblings.end()) continue;
    cpus.push_back(cpu);
    const std::vector<int> own = parse_cpu_list(first_line(
        "/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/thread_siblings_list"));
    siblings.insert(siblings.end(), own.begin(), own.end());
  }
  return cpus;
}

std::vector<int> find_performance() {
  const std::vector<int> fast = parse_cpu_list(first_line("/sys/devices/cpu_core/cpus"));
  std::vector<int> cpus;
  for (int cpu : usable_cpus())
    if (std::find(fast.begin(), fast.end(), cpu) != fast.end()) cpus.push_back(cpu);
  return cpus;
}

}  // namespace

const std::vector<int>& usable_cpus() {
  static const std::vector<int> cpus = find_usable();
  return cpus;
}

const std::vector<int>& performance_cpus() {
  static const std::vector<int> cpus = find_performance();
  return cpus;
}

void pin_this_thread(int cpu) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(cpu, &one);
  if (::sched_setaffinity(0, sizeof one, &one) != 0)
    throw Error(ErrorCode::io, "pin thread to CPU " + std::to_string(cpu) + ": " +
                                   std::generic_category().message(errno));
}

PinnedThread::PinnedThread(int cpu) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(cpu, &one);
  pinned_ = ::sched_getaffinity(0, sizeof before_, &before_) == 0 &&
            ::sched_setaffinity(0, sizeof one, &one) == 0;
}

PinnedThread::~PinnedThread() {
  if (pinned_) ::sched_setaffinity(0, sizeof before_, &before_);
}

std::vector<int> parse_cpu_list(const std::string& text) {
  std::vector<int> cpus;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, ',');) {
    int first = 0, last = 0;
    char dash = 0;
    std::istringstream range(part);
    if (!(range >> first) || first < 0) return {};
    last = first;
    if (range >> dash && (dash != '-' || !(range >> last))) return {};
    if (last < first || last - first > CPU_SETSIZE) return {};
    for (int cpu = first; cpu <= last; ++cpu) cpus.push_back(cpu);
  }
  return cpus;
}

}  // namespace tamis
