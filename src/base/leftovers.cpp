#include "base/leftovers.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <climits>
#include <ctime>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string_view>
#include <system_error>

namespace tamis {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kPartial = ".partial-";
constexpr std::time_t kWeek_s = 7 * 24 * 3600;

struct Owner {
  long pid = 0;
  std::string start, space;  ///< empty in names of version 1, which have the number alone
};

struct Process {
  bool runs = false;
  std::string start = "0";  ///< in clock ticks since the system's start; "0": it does not say
};

/// From /proc/PID/stat, whose second field, a name in parentheses, may hold anything.
Process process(const std::string& pid) {
  std::ifstream in("/proc/" + pid + "/stat");
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream rest(text.substr(name_end + 1));
  std::string state, word;
  rest >> state;
  constexpr int kFieldsBetween = 18;  // 4 to 21
  for (int i = 0; i < kFieldsBetween; ++i) rest >> word;
  Process found{state != "Z" && state != "X", "0"};  // dead, but nobody has asked how it ended
  if (rest >> word) found.start = word;
  return found;
}

/// "4026531836" of "pid:[4026531836]"; "0" where the system does not say.
std::string own_space() {
  std::error_code error;
  const std::string link = fs::read_symlink("/proc/self/ns/pid", error).string();
  const std::size_t open = link.find('['), close = link.find(']');
  if (error || open == std::string::npos || close == std::string::npos) return "0";
  return link.substr(open + 1, close - open - 1);
}

/// The digits at the start of `text`, which then begins behind them.
std::string take_digits(std::string_view& text) {
  std::size_t count = 0;
  while (count < text.size() && text[count] >= '0' && text[count] <= '9') ++count;
  std::string digits(text.substr(0, count));
  text.remove_prefix(count);
  return digits;
}

std::optional<Owner> parse_mark(std::string_view text) {
  Owner owner;
  std::string* const parts[] = {nullptr, &owner.start, &owner.space};
  const std::string_view letters = "psn";
  for (std::size_t i = 0; i < letters.size(); ++i) {
    if (text.empty() || text[0] != letters[i]) return std::nullopt;
    text.remove_prefix(1);
    const std::string digits = take_digits(text);
    if (digits.empty()) return std::nullopt;
    if (i == 0)
      std::from_chars(digits.data(), digits.data() + digits.size(), owner.pid);
    else
      *parts[i] = digits;
  }
  if (!text.empty() && text[0] != '-') return std::nullopt;
  return owner;
}

std::optional<Owner> owner_of(const std::string& name) {
  if (const std::size_t at = name.rfind(kPartial); at != std::string::npos) {
    std::string_view rest = std::string_view(name).substr(at + kPartial.size());
    if (auto owner = parse_mark(rest)) return owner;
    const std::string digits = take_digits(rest);
    if (digits.empty() || digits.size() > 9 || (!rest.empty() && rest[0] != '-'))
      return std::nullopt;
    return Owner{std::stol(digits), "", ""};
  }
  if (name.rfind("tamis-", 0) != 0 && name.rfind(".tamis-", 0) != 0) return std::nullopt;
  for (std::size_t at = name.find("-p"); at != std::string::npos; at = name.find("-p", at + 1))
    if (auto owner = parse_mark(std::string_view(name).substr(at + 1))) return owner;
  return std::nullopt;
}

bool has_ended(const Owner& owner, const struct stat& info) {
  if (!owner.space.empty() && owner.space != own_space())
    return std::time(nullptr) - info.st_mtime > kWeek_s;
  if (owner.pid <= 0 || owner.pid > INT_MAX ||
      (::kill(static_cast<pid_t>(owner.pid), 0) != 0 && errno == ESRCH))
    return true;
  const Process now = process(std::to_string(owner.pid));
  if (now.start == "0") return false;
  return !now.runs || (!owner.start.empty() && owner.start != "0" && now.start != owner.start);
}

}  // namespace

std::string owner_mark() {
  return "p" + std::to_string(::getpid()) + "s" + process("self").start + "n" + own_space();
}

fs::path partial_name(const fs::path& file) {
  const std::string end = std::string(kPartial) + owner_mark();
  const bool fits = file.filename().string().size() + end.size() <= NAME_MAX;
  return fits ? file.string() + end : (file.parent_path() / end).string();
}

bool is_left_over(const fs::path& path) {
  const std::optional<Owner> owner = owner_of(path.filename().string());
  struct stat info {};
  if (!owner || ::lstat(path.c_str(), &info) != 0) return false;
  const bool ours = info.st_uid == ::geteuid() && (S_ISREG(info.st_mode) || S_ISDIR(info.st_mode));
  return ours && has_ended(*owner, info);
}

void remove_leftovers(const fs::path& folder) {
  std::error_code error;
  for (auto it = fs::directory_iterator(folder, error); !error && it != fs::directory_iterator();
       it.increment(error)) {
    std::error_code ignored;  // another process may be sweeping too
    if (is_left_over(it->path())) fs::remove_all(it->path(), ignored);
  }
}

}  // namespace tamis
