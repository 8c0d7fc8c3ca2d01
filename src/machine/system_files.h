#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tamis::machine {

/// The files in which the kernel describes the machine: /proc, /sys, /etc, /dev below a root, so
/// that a folder can stand for another machine. What is missing is absent, never an error. Thread
/// safe.
class SystemFiles {
 public:
  explicit SystemFiles(std::filesystem::path root = "/") : root_(std::move(root)) {}

  /// Without blanks at its ends; absent where it cannot be read. `path` is relative to the root.
  std::optional<std::string> text(const std::string& path) const;
  std::optional<std::int64_t> number(const std::string& path) const;
  bool exists(const std::string& path) const;
  /// Names in a folder that begin with `prefix`, in natural order (cpu2 before cpu10).
  std::vector<std::string> names(const std::string& folder, std::string_view prefix) const;

 private:
  std::filesystem::path root_;
};

std::string trim(std::string_view text);
std::vector<std::string> split_lines(std::string_view text);
std::vector<std::string> split_words(std::string_view text);

/// The value of the first line "key : value" (blanks around both ignored).
std::optional<std::string> field(std::string_view text, std::string_view key);

/// A whole decimal number, with anything after a blank ignored ("123 kB"). Absent otherwise.
std::optional<std::int64_t> to_number(std::string_view text);

/// "0-2,7" → {0, 1, 2, 7}; what does not read as such a list is left out.
std::vector<int> parse_cpu_list(std::string_view text);

}  // namespace tamis::machine
