#include "base/process.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>

namespace tamis {
namespace fs = std::filesystem;

std::int64_t process_id() { return ::getpid(); }

std::string process_command() {
  std::ifstream in("/proc/self/cmdline");
  std::string program, command;
  if (!std::getline(in, program, '\0')) return "";
  std::getline(in, command, '\0');
  program = fs::path(program).filename();
  return program + (command.empty() ? "" : " " + command);
}

double process_cpu_s() {
  timespec own{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own);
  return static_cast<double>(own.tv_sec) + static_cast<double>(own.tv_nsec) * 1e-9;
}

std::uint64_t process_preemptions() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_nivcsw);
}

double clock_ticks_per_second() { return static_cast<double>(::sysconf(_SC_CLK_TCK)); }

std::string kernel_architecture() {
  utsname name{};
  return ::uname(&name) == 0 ? name.machine : "";
}

fs::path folder_of_code(const void* address) {
  Dl_info info{};
  if (::dladdr(address, &info) == 0) return {};
  return fs::path(info.dli_fname).parent_path();
}

void on_stop_signals(void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

void end_at_once(int status) { ::_exit(status); }

bool is_crash(int signal) {
  constexpr std::array kCrashes{SIGSEGV, SIGBUS,  SIGILL,  SIGFPE, SIGABRT,
                                SIGSYS,  SIGTRAP, SIGXCPU, SIGXFSZ};
  return std::find(kCrashes.begin(), kCrashes.end(), signal) != kCrashes.end();
}

bool is_request_to_end(int signal) { return !is_crash(signal) && signal != SIGKILL; }

int take_standard_output() {
  const int output = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  ::dup2(STDERR_FILENO, STDOUT_FILENO);
  return output;
}

}  // namespace tamis
