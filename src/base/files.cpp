#include "base/files.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <set>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/leftovers.h"
#include "base/log.h"
#include "base/units.h"

namespace tamis {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kLeastRead = 4096;
constexpr std::size_t kPieceBytes = 1 << 20;

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
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

/// The word for what lies there instead of a regular file; null for one.
const char* other_kind(mode_t mode) {
  if (S_ISREG(mode)) return nullptr;
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a named pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

void require_regular(const struct stat& info, const fs::path& file, const FileKind& kind) {
  if (const char* other = other_kind(info.st_mode))
    throw Error(ErrorCode::invalid_argument, "read " + file.string() + ": is " + other + ", not " +
                                                 std::string(kind.name) + "; name a regular file");
}

[[noreturn]] void throw_unopened(const fs::path& file, int error) {
  if (error == ENOENT || error == ENOTDIR)
    throw Error(ErrorCode::not_found, "read " + file.string() + ": no such file");
  throw_io("read", file, error);
}

void warn_once(const std::string& text) {
  static std::mutex mutex;
  static std::set<std::string> said;
  std::lock_guard lock(mutex);
  if (said.insert(text).second) say(Severity::warning, text);
}

/// As the system's list of users has it.
std::optional<fs::path> listed_home() {
  std::vector<char> room(16'384);
  passwd entry{}, *found = nullptr;
  if (::getpwuid_r(::geteuid(), &entry, room.data(), room.size(), &found) != 0 || found == nullptr)
    return std::nullopt;
  const fs::path home = found->pw_dir;
  std::error_code ignored;
  return home.is_absolute() && fs::is_directory(home, ignored) ? std::optional(home) : std::nullopt;
}

/// Made when first asked for, and removed when the process ends.
const fs::path& private_folder() {
  static const TemporaryFolder folder("tamis-private");
  return folder.path();
}

bool is_below(const fs::path& file, const fs::path& folder) {
  return std::mismatch(folder.begin(), folder.end(), file.begin(), file.end()).first ==
         folder.end();
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

InputFile::InputFile(const fs::path& file, const FileKind& kind) : file_(file), kind_(kind) {
  // Opening alone can set a device going, so the kind is looked at before, and again afterwards in
  // case the file was replaced between.
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0) throw_unopened(file, errno);
  require_regular(info, file, kind);
  Descriptor fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (fd.get() < 0) throw_unopened(file, errno);
  if (::fstat(fd.get(), &info) != 0) throw_io("read", file, errno);
  require_regular(info, file, kind);
  size_ = static_cast<std::uint64_t>(info.st_size);
  if (size_ > kind.most_bytes) throw_too_long(size_);
  descriptor_ = fd.release();
}

InputFile::InputFile(InputFile&& other) noexcept
    : file_(std::move(other.file_)),
      kind_(other.kind_),
      descriptor_(std::exchange(other.descriptor_, -1)),
      size_(other.size_) {}

InputFile::~InputFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void InputFile::throw_too_long(std::uint64_t bytes) const {
  throw Error(ErrorCode::unsupported, "read " + file_.string() + ": has " + bytes_text(bytes) +
                                          ", more than the " + bytes_text(kind_.most_bytes) +
                                          " that " + std::string(kind_.name) + " may have; " +
                                          std::string(kind_.remedy));
}

std::size_t InputFile::read_some(std::uint64_t at, std::uint8_t* to, std::size_t count) const {
  while (true) {
    ssize_t got = ::pread(descriptor_, to, count, static_cast<off_t>(at));
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) throw_io("read", file_, errno);
  }
}

std::size_t InputFile::read_start(std::span<std::uint8_t> to) const {
  std::size_t done = 0;
  while (done < to.size()) {
    std::size_t got = read_some(done, to.data() + done, to.size() - done);
    if (got == 0) break;
    done += got;
  }
  return done;
}

void InputFile::read_at(std::uint64_t at, std::span<std::uint8_t> to) const {
  std::size_t done = 0;
  while (done < to.size()) {
    std::size_t got = read_some(at + done, to.data() + done, to.size() - done);
    if (got == 0)
      throw Error(ErrorCode::corrupt_data, "read " + file_.string() +
                                               ": ended early; it was cut while in use, or is "
                                               "damaged: copy it again");
    done += got;
  }
}

void InputFile::for_each_piece(
    const std::function<void(std::span<const std::uint8_t>)>& visit) const {
  std::vector<std::uint8_t> piece(kPieceBytes);
  std::uint64_t at = 0;
  while (std::size_t got = read_some(at, piece.data(), piece.size())) {
    visit(std::span(piece).first(got));
    at += got;
  }
}

template <typename Container>
Container InputFile::all() const {
  Container content;
  // Files of /proc have no size, and others may grow: read to the end, whatever it says.
  content.resize(static_cast<std::size_t>(size_) + 1);
  std::size_t done = 0;
  while (true) {
    if (done == content.size()) content.resize(2 * done + kLeastRead);
    auto* to = reinterpret_cast<std::uint8_t*>(content.data()) + done;
    std::size_t got = read_some(done, to, content.size() - done);
    if (got == 0) break;
    done += got;
    if (done > kind_.most_bytes) throw_too_long(done);
  }
  content.resize(done);
  return content;
}

std::string InputFile::text() const { return all<std::string>(); }
std::vector<std::uint8_t> InputFile::bytes() const { return all<std::vector<std::uint8_t>>(); }

std::optional<fs::path> path_inside(const fs::path& folder, const fs::path& name) {
  if (name.empty() || name.is_absolute() || std::find(name.begin(), name.end(), "..") != name.end())
    return std::nullopt;
  std::error_code error;
  const fs::path root = fs::canonical(folder.empty() ? "." : folder, error);
  const fs::path file = error ? fs::path() : fs::weakly_canonical(root / name, error);
  if (error || !is_below(file, root)) return std::nullopt;
  return file;
}

void require_regular_file(const fs::path& file, const FileKind& kind) { InputFile(file, kind); }

std::string load_text(const fs::path& file, const FileKind& kind) {
  return InputFile(file, kind).text();
}
std::vector<std::uint8_t> load_bytes(const fs::path& file, const FileKind& kind) {
  return InputFile(file, kind).bytes();
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
  save_file(to, load_text(from, kAnyFile));
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

std::optional<std::string> why_untrusted(const fs::path& path) {
  struct stat info {};
  fs::path place = path;
  while (::stat(place.c_str(), &info) != 0) {
    if (!place.has_parent_path() || place == place.parent_path()) return std::nullopt;
    place = place.parent_path();
  }
  if (info.st_uid != ::geteuid() && info.st_uid != 0)
    return place.string() + " belongs to another user";
  // In a folder such as /tmp each may only change what is theirs, and nothing of ours is there yet.
  const bool shared = S_ISDIR(info.st_mode) && (info.st_mode & S_ISVTX) != 0 && place != path;
  if ((info.st_mode & S_IWOTH) != 0 && !shared)
    return place.string() + " can be written by every user";
  return std::nullopt;
}

fs::path user_cache() {
  auto absolute = [](const char* name) -> std::optional<fs::path> {
    auto value = environment(name);
    return value && fs::path(*value).is_absolute() ? std::optional<fs::path>(*value) : std::nullopt;
  };
  if (auto xdg = absolute("XDG_CACHE_HOME")) return *xdg / "tamis";
  if (auto home = absolute("HOME")) return *home / ".cache" / "tamis";
  if (auto home = listed_home()) return *home / ".cache" / "tamis";
  return private_folder();
}

fs::path cache_folder() {
  fs::path folder = environment_folder("TAMIS_CACHE_DIR").value_or(user_cache());
  const auto problem = why_untrusted(folder);
  if (!problem) return folder;
  warn_once("cache " + folder.string() + " is not used: " + *problem +
            "; name a folder of your own in TAMIS_CACHE_DIR");
  return private_folder();
}

fs::path program_folder() { return fs::read_symlink("/proc/self/exe").parent_path(); }

std::optional<std::string> environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr || *value == '\0') return std::nullopt;
  return std::string(value);
}

std::optional<fs::path> environment_folder(const std::string& name) {
  auto value = environment(name);
  if (!value || fs::path(*value).is_absolute()) return value;
  warn_once(name + "=" + *value + " is ignored: it is not an absolute path; give the whole path");
  return std::nullopt;
}

namespace {

fs::path temporary_files() {
  std::error_code error;
  fs::path folder = fs::temp_directory_path(error);
  if (error)
    throw Error(ErrorCode::io, "create temporary folder in " +
                                   environment("TMPDIR").value_or("/tmp") + ": " + error.message() +
                                   "; name a folder in TMPDIR");
  return folder;
}

}  // namespace

TemporaryFolder::TemporaryFolder(const std::string& prefix)
    : TemporaryFolder(temporary_files(), prefix) {}

TemporaryFolder::TemporaryFolder(const fs::path& parent, const std::string& prefix) {
  std::string pattern = (parent / (prefix + "-" + owner_mark() + "-XXXXXX")).string();
  if (::mkdtemp(pattern.data()) == nullptr) throw_io("create temporary folder", pattern, errno);
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace tamis
