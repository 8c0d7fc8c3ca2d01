#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tamis {

/// "10m", "90s", "1h30m", "500ms", "800us" → seconds; a number without a unit is refused. Throws
/// invalid_argument naming the option and what is accepted.
double parse_seconds(std::string_view text, const std::string& option);

/// "5MB", "5MiB", "800kB", plain number = bytes → bytes (decimal and binary units kept apart).
/// Throws invalid_argument.
std::uint64_t parse_bytes(std::string_view text, const std::string& option);

/// "95%", "0.95" → 0.95, in (0, 1). Throws invalid_argument.
double parse_fraction(std::string_view text, const std::string& option);

/// A limit on a fall in accuracy. `1%` is relative to the baseline's value, `0.5pt` is absolute in
/// percentage points.
struct DropLimit {
  double value = 0.01;   ///< fraction: 0.01 for both 1% and 1pt
  bool relative = true;  ///< of the baseline's value, else absolute
};
DropLimit parse_drop(std::string_view text, const std::string& option);
std::string to_text(const DropLimit& limit);

/// For people: "12.3 ms", "845 µs", "3.4 MB", "2 min 10 s".
std::string milliseconds_text(double ms);
std::string bytes_text(std::uint64_t bytes);
std::string duration_text(double seconds);

/// Names near `name`, nearest first, at most three, for "did you mean": the one that begins with
/// it, where that is one alone and little longer; else by edit distance (at most a
/// third of the length plus one, and at most one more than the nearest).
std::vector<std::string> nearest_names(std::string_view name,
                                       const std::vector<std::string>& known);

/// "did you mean A or B?" or "known: A, B, C", ready to follow a semicolon.
std::string suggest(std::string_view name, const std::vector<std::string>& known);

}  // namespace tamis
