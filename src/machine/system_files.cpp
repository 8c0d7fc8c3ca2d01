#include "machine/system_files.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>

namespace tamis::machine {

std::optional<std::string> SystemFiles::text(const std::string& path) const {
  std::ifstream in(root_ / path, std::ios::binary);
  std::ostringstream all;
  // Files of /sys may open and then refuse to be read.
  if (!in || in.peek() == std::ifstream::traits_type::eof()) return std::nullopt;
  all << in.rdbuf();
  return trim(all.str());
}

std::optional<std::int64_t> SystemFiles::number(const std::string& path) const {
  std::optional<std::string> content = text(path);
  return content ? to_number(*content) : std::nullopt;
}

bool SystemFiles::exists(const std::string& path) const {
  std::error_code error;
  return std::filesystem::exists(root_ / path, error);
}

std::vector<std::string> SystemFiles::names(const std::string& folder,
                                            std::string_view prefix) const {
  std::vector<std::string> found;
  std::error_code error;
  std::filesystem::directory_iterator it(root_ / folder, error);
  for (; !error && it != std::filesystem::directory_iterator(); it.increment(error)) {
    std::string name = it->path().filename().string();
    if (name.starts_with(prefix)) found.push_back(std::move(name));
  }
  std::sort(found.begin(), found.end(), [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
  });
  return found;
}

std::string trim(std::string_view text) {
  constexpr std::string_view kBlanks(" \t\r\n\0", 5);
  std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(kBlanks) - first + 1));
}

std::vector<std::string> split_lines(std::string_view text) {
  std::istringstream in{std::string(text)};
  std::vector<std::string> found;
  for (std::string line; std::getline(in, line);) found.push_back(line);
  return found;
}

std::vector<std::string> split_words(std::string_view text) {
  std::istringstream in{std::string(text)};
  std::vector<std::string> found;
  for (std::string word; in >> word;) found.push_back(word);
  return found;
}

std::optional<std::string> field(std::string_view text, std::string_view key) {
  for (const std::string& line : split_lines(text)) {
    std::size_t colon = line.find(':');
    if (colon == std::string::npos || trim(std::string_view(line).substr(0, colon)) != key)
      continue;
    return trim(std::string_view(line).substr(colon + 1));
  }
  return std::nullopt;
}

std::optional<std::int64_t> to_number(std::string_view text) {
  std::int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || (end != text.data() + text.size() && *end != ' ' && *end != '\n'))
    return std::nullopt;
  return value;
}

std::vector<int> parse_cpu_list(std::string_view text) {
  constexpr std::int64_t kMost = 1 << 16;  // far above any kernel's limit
  std::vector<int> cpus;
  std::istringstream in{std::string(text)};
  for (std::string part; std::getline(in, part, ',');) {
    std::size_t dash = part.find('-');
    std::optional<std::int64_t> first = to_number(trim(part.substr(0, dash)));
    std::optional<std::int64_t> last =
        dash == std::string::npos ? first : to_number(trim(part.substr(dash + 1)));
    if (!first || !last || *first < 0 || *last >= kMost) continue;
    for (std::int64_t cpu = *first; cpu <= *last; ++cpu) cpus.push_back(static_cast<int>(cpu));
  }
  return cpus;
}

}  // namespace tamis::machine
