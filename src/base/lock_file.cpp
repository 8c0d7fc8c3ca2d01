#include "base/lock_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "base/error.h"

namespace tamis {
namespace fs = std::filesystem;
namespace {

/// Opens the file for everybody. Without O_CREAT where it exists: the kernel forbids that in sticky
/// folders for files of other users (fs.protected_regular), and a lock needs no right to write.
int open_for_all(const fs::path& file) {
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

int open_for(LockUsers users, const fs::path& file) {
  return users == LockUsers::all ? open_for_all(file)
                                 : ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
}

int lock_whole(int descriptor, int how) {
  int result = 0;
  do result = ::flock(descriptor, how);
  while (result != 0 && errno == EINTR);
  return result;
}

int how_of(LockFile::Mode mode) { return mode == LockFile::Mode::shared ? LOCK_SH : LOCK_EX; }

struct flock range(off_t begin, off_t length) {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = begin;
  lock.l_len = length;
  return lock;
}

}  // namespace

LockFile::LockFile(const fs::path& file, LockUsers users) : descriptor_(open_for(users, file)) {
  if (descriptor_ < 0)
    throw Error(ErrorCode::io, "lock " + file.string() + ": " + std::strerror(errno));
}

LockFile::LockFile(LockFile&& other) noexcept : descriptor_(other.descriptor_) {
  other.descriptor_ = -1;
}

LockFile::~LockFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool LockFile::try_lock(Mode mode) { return lock_whole(descriptor_, how_of(mode) | LOCK_NB) == 0; }

bool LockFile::lock(Mode mode) { return lock_whole(descriptor_, how_of(mode)) == 0; }

LockQueue::LockQueue(const fs::path& file) {
  int descriptor = ::open(file.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (descriptor < 0) {
    ::close(open_for_all(file));
    descriptor = ::open(file.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  }
  descriptor_ = descriptor;
  if (descriptor_ < 0 || !set(F_WRLCK, 0, F_OFD_SETLKW)) return;
  own_ = 1;
  while (auto other = locked(own_, 0)) own_ = *other + 1;
  set(F_WRLCK, own_, F_OFD_SETLK);
  set(F_UNLCK, 0, F_OFD_SETLK);
}

LockQueue::~LockQueue() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

int LockQueue::before() const { return own_ > 1 ? count(1, own_) : 0; }

bool LockQueue::set(short type, off_t byte, int how) const {
  struct flock lock = range(byte, 1);
  lock.l_type = type;
  int result = 0;
  do result = ::fcntl(descriptor_, how, &lock);
  while (result != 0 && errno == EINTR);
  return result == 0;
}

/// The place of one that another has locked in [begin, end), not always the first; end 0: of all.
std::optional<off_t> LockQueue::locked(off_t begin, off_t end) const {
  if (end != 0 && begin >= end) return std::nullopt;
  struct flock lock = range(begin, end == 0 ? 0 : end - begin);
  if (::fcntl(descriptor_, F_OFD_GETLK, &lock) != 0 || lock.l_type == F_UNLCK) return std::nullopt;
  return lock.l_start;
}

int LockQueue::count(off_t begin, off_t end) const {
  auto one = locked(begin, end);
  return one ? 1 + count(begin, *one) + count(*one + 1, end) : 0;
}

bool overwrite_in_place(const fs::path& file, std::string_view text) {
  int descriptor = ::open(file.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
  if (descriptor < 0) return false;
  const bool done =
      ::ftruncate(descriptor, 0) == 0 &&
      ::write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  ::close(descriptor);
  return done;
}

}  // namespace tamis
