#include "place/machine_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <optional>
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

/// The queue: a file beside the lock, of which each that waits has locked one byte, behind all that
/// were locked when it came. The kernel frees a byte when its process dies, so nobody waits for the
/// dead. Byte 0 is locked for the moment of choosing.
class Ticket {
 public:
  explicit Ticket(const fs::path& lock) {
    const fs::path file = lock.string() + ".queue";
    int descriptor = ::open(file.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (descriptor < 0) {
      ::close(open_lock_file(file));
      descriptor = ::open(file.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    }
    descriptor_ = descriptor;
    if (descriptor_ < 0 || !set(F_WRLCK, 0, F_OFD_SETLKW)) return;  // then there is no order
    own_ = 1;
    while (auto other = locked(own_, 0)) own_ = *other + 1;
    set(F_WRLCK, own_, F_OFD_SETLK);
    set(F_UNLCK, 0, F_OFD_SETLK);
  }
  Ticket(const Ticket&) = delete;
  Ticket& operator=(const Ticket&) = delete;
  ~Ticket() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  /// How many came before and still wait.
  int before() const { return own_ > 1 ? count(1, own_) : 0; }

 private:
  bool set(short type, off_t byte, int how) const {
    struct flock lock {};
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    lock.l_start = byte;
    lock.l_len = 1;
    int result = 0;
    do result = ::fcntl(descriptor_, how, &lock);
    while (result != 0 && errno == EINTR);
    return result == 0;
  }
  /// The place of one that another has locked in [begin, end), not always the first; end 0: of all.
  std::optional<off_t> locked(off_t begin, off_t end) const {
    if (end != 0 && begin >= end) return std::nullopt;
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    lock.l_start = begin;
    lock.l_len = end == 0 ? 0 : end - begin;
    if (::fcntl(descriptor_, F_OFD_GETLK, &lock) != 0 || lock.l_type == F_UNLCK)
      return std::nullopt;
    return lock.l_start;
  }
  int count(off_t begin, off_t end) const {
    auto one = locked(begin, end);
    return one ? 1 + count(begin, *one) + count(*one + 1, end) : 0;
  }

  int descriptor_ = -1;
  off_t own_ = 0;
};

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
  if (::ftruncate(descriptor, 0) == 0)
    static_cast<void>(::write(descriptor, text.data(), text.size()) < 0);
  ::close(descriptor);
}

/// What the holder wrote about itself: its process number and command.
std::string holder_of(const fs::path& file) {
  std::string holder;
  try {
    const std::string text = load_text(file, kLabelFile);
    holder = text.substr(0, text.find('\n'));
  } catch (const Error&) {  // what it wrote only helps messages
  }
  return holder.empty() ? "another process" : holder;
}

[[noreturn]] void refuse(const fs::path& file, int before) {
  std::string waiting = before > 0 ? fmt::format(", {} waiting for it", before) : "";
  throw Error(ErrorCode::unavailable,
              fmt::format("measure: {} is using this machine (lock {}){}; wait for it to end",
                          holder_of(file), file.string(), waiting));
}

/// Says whom it waits for, when that or the place in the queue is new.
void say_waiting(const fs::path& file, int before, std::string& said) {
  std::string text = fmt::format("waiting for another run on this machine to end ({}, lock {})",
                                 holder_of(file), file.string());
  if (before > 0) text += fmt::format("; {} started before this one", before);
  if (said == text) return;
  said = text;
  say(Severity::info, text);
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
  const Ticket ticket(path);
  std::int64_t start = now_ns();
  std::string said;
  for (;;) {
    const int before = ticket.before();
    if (before == 0 && ::flock(descriptor, LOCK_EX | LOCK_NB) == 0) break;
    if (!wait || seconds_since(start) >= seconds || (idle && !idle())) refuse(path, before);
    say_waiting(path, before, said);
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
