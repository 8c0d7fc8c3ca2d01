#include "base/files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <mutex>
#include <set>
#include <system_error>

#include "base/error.h"
#include "base/leftovers.h"

namespace tamis {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kLeastRead = 4096;

[[noreturn]] void throw_io(const std::string& operation, const fs::path& file, int error) {
  throw Error(ErrorCode::io, operation + " " + file.string() + ": " + std::strerror(error));
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

int open_for_reading(const fs::path& file) {
  int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd >= 0) return fd;
  if (errno == ENOENT || errno == ENOTDIR)
    throw Error(ErrorCode::not_found, "read " + file.string() + ": no such file");
  throw_io("read", file, errno);
}

template <typename Container>
Container load(const fs::path& file) {
  Descriptor fd(open_for_reading(file));
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) throw_io("read", file, errno);
  if (S_ISDIR(info.st_mode))
    throw Error(ErrorCode::invalid_argument, "read " + file.string() + ": is a folder, not a file");
  Container content;
  // Pipes and files of /proc have no size: read to the end, whatever it says.
  content.resize(static_cast<std::size_t>(info.st_size) + 1);
  std::size_t done = 0;
  while (true) {
    if (done == content.size()) content.resize(2 * done + kLeastRead);
    ssize_t got = ::read(fd.get(), content.data() + done, content.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_io("read", file, errno);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  content.resize(done);
  return content;
}

int write_and_sync(int fd, const char* data, std::size_t size) {
  while (size > 0) {
    ssize_t wrote = ::write(fd, data, size);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return errno;
    data += wrote;
    size -= static_cast<std::size_t>(wrote);
  }
  return ::fsync(fd) == 0 ? 0 : errno;
}

/// What a killed process left half-written goes when the next one first writes to the folder.
void sweep_once(const fs::path& folder) {
  static std::mutex mutex;
  static std::set<std::string> swept;
  std::lock_guard lock(mutex);
  if (swept.insert(folder.string()).second) remove_leftovers(folder.empty() ? "." : folder);
}

}  // namespace

std::string load_text(const fs::path& file) { return load<std::string>(file); }
std::vector<std::uint8_t> load_bytes(const fs::path& file) {
  return load<std::vector<std::uint8_t>>(file);
}

void save_file(const fs::path& file, std::string_view content) {
  sweep_once(file.parent_path());
  const std::string temporary = partial_name(file);
  int error = 0;
  {
    Descriptor fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (fd.get() < 0) throw_io("write", file, errno);
    error = write_and_sync(fd.get(), content.data(), content.size());
  }
  if (error == 0 && ::rename(temporary.c_str(), file.c_str()) != 0) error = errno;
  if (error == 0) return;
  ::unlink(temporary.c_str());
  throw_io("write", file, error);
}

void save_file(const fs::path& file, std::span<const std::uint8_t> content) {
  save_file(file, std::string_view(reinterpret_cast<const char*>(content.data()), content.size()));
}

void copy_file_atomically(const fs::path& from, const fs::path& to) {
  save_file(to, load_text(from));
}

void make_writable_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error)
    throw Error(ErrorCode::io, "create folder " + folder.string() + ": " + error.message() +
                                   "; choose another folder");
  std::string probe = (folder / (".tamis-write-test-" + owner_mark() + "-XXXXXX")).string();
  int fd = ::mkstemp(probe.data());
  int reason = fd < 0 ? errno : write_and_sync(fd, "x", 1);
  if (fd >= 0) {
    ::close(fd);
    ::unlink(probe.c_str());
  }
  if (reason != 0)
    throw Error(ErrorCode::io, "write in folder " + folder.string() + ": " + std::strerror(reason) +
                                   "; free space, change its permissions or choose another folder");
}

fs::path cache_folder() {
  if (auto own = environment("TAMIS_CACHE_DIR")) return *own;
  if (auto xdg = environment("XDG_CACHE_HOME")) return fs::path(*xdg) / "tamis";
  if (auto home = environment("HOME")) return fs::path(*home) / ".cache" / "tamis";
  return fs::temp_directory_path() / "tamis-cache";
}

fs::path program_folder() { return fs::read_symlink("/proc/self/exe").parent_path(); }

std::optional<std::string> environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr || *value == '\0') return std::nullopt;
  return std::string(value);
}

TemporaryFolder::TemporaryFolder(const std::string& prefix)
    : TemporaryFolder(fs::temp_directory_path(), prefix) {}

TemporaryFolder::TemporaryFolder(const fs::path& parent, const std::string& prefix) {
  std::string pattern = (parent / (prefix + "-" + owner_mark() + "-XXXXXX")).string();
  if (::mkdtemp(pattern.data()) == nullptr) throw_io("create temporary folder", pattern, errno);
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::optional<FileLock> FileLock::try_take(const fs::path& file) {
  int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0) throw_io("lock", file, errno);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    ::close(fd);
    return std::nullopt;
  }
  std::string text = "process " + std::to_string(::getpid()) + "\n";
  if (::ftruncate(fd, 0) != 0 || ::pwrite(fd, text.data(), text.size(), 0) < 0) {
    // The text only helps messages; the lock itself is held.
  }
  return FileLock(fd);
}

std::string FileLock::holder(const fs::path& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

FileLock::FileLock(FileLock&& other) noexcept : descriptor_(other.descriptor_) {
  other.descriptor_ = -1;
}

FileLock::~FileLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace tamis
