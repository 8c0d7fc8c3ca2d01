#include "store/machine_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "base/files.h"
#include "base/log.h"

namespace tamis {
namespace fs = std::filesystem;
namespace {

constexpr auto kPause = std::chrono::milliseconds(100);

/// Opens the file for everybody. Without O_CREAT where it exists: the kernel forbids that in sticky
/// folders for files of other users (fs.protected_regular), and a lock needs no right to write.
int open_lock_file(const fs::path& file) {
  int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (descriptor >= 0 || errno != ENOENT) return descriptor;
  descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (descriptor < 0 && errno == EEXIST)
    return ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (descriptor >= 0 && ::fchmod(descriptor, 0666) != 0) {
    ::close(descriptor);
    return -1;
  }
  return descriptor;
}

/// " (tamis bench)": the program and its first argument; "" where the system does not say.
std::string own_command() {
  std::ifstream in("/proc/self/cmdline");
  std::string program, command;
  if (!std::getline(in, program, '\0')) return "";
  std::getline(in, command, '\0');
  program = fs::path(program).filename();
  return " (" + program + (command.empty() ? "" : " " + command) + ")";
}

/// Says who holds it, for the messages of others. Where this fails, the lock is held all the same.
void write_holder(const fs::path& file) {
  int descriptor = ::open(file.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
  if (descriptor < 0) return;
  std::string text = "process " + std::to_string(::getpid()) + own_command() + "\n";
  if (::ftruncate(descriptor, 0) == 0 && ::write(descriptor, text.data(), text.size()) < 0)
    ::close(descriptor);
  else
    ::close(descriptor);
}

[[noreturn]] void refuse(const fs::path& file) {
  std::string holder = FileLock::holder(file);
  throw Error(ErrorCode::unavailable, "measure: " + (holder.empty() ? "another process" : holder) +
                                          " is using this machine (lock " + file.string() +
                                          "); wait for it to end");
}

}  // namespace

fs::path MachineLock::file() {
  if (auto named = environment("TAMIS_LOCK_FILE")) return *named;
  fs::path folder = "/run/lock";
  if (::access(folder.c_str(), W_OK | X_OK) != 0) folder = "/tmp";
  return folder / "tamis-measure.lock";
}

MachineLock MachineLock::take(bool wait, double seconds, const std::function<bool()>& idle) {
  fs::path path = file();
  int descriptor = open_lock_file(path);
  if (descriptor < 0)
    throw Error(ErrorCode::io, "lock " + path.string() + ": " + std::strerror(errno) +
                                   "; name another file in TAMIS_LOCK_FILE");
  MachineLock lock(descriptor);
  std::int64_t start = now_ns();
  bool said = false;
  while (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (!wait || seconds_since(start) >= seconds || (idle && !idle())) refuse(path);
    if (!std::exchange(said, true))
      say(Severity::info, "waiting for another run on this machine to end (" +
                              FileLock::holder(path) + ", lock " + path.string() + ")");
    std::this_thread::sleep_for(kPause);
  }
  write_holder(path);
  return lock;
}

MachineLock::MachineLock(MachineLock&& other) noexcept : descriptor_(other.descriptor_) {
  other.descriptor_ = -1;
}

MachineLock::~MachineLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace tamis
