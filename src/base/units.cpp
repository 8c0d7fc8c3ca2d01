#include "base/units.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

#include "base/error.h"

namespace tamis {
namespace {

struct Number {
  double value;
  std::string_view rest;
};

std::optional<Number> leading_number(std::string_view text) {
  double value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || !std::isfinite(value)) return std::nullopt;
  return Number{value, text.substr(static_cast<std::size_t>(end - text.data()))};
}

[[noreturn]] void refuse(const std::string& option, std::string_view text, const char* accepted) {
  throw Error(ErrorCode::invalid_argument,
              fmt::format("{}: cannot read '{}'; give {}", option, text, accepted));
}

template <std::size_t N>
std::optional<double> factor(std::string_view unit,
                             const std::array<std::pair<std::string_view, double>, N>& units) {
  for (auto [name, value] : units)
    if (name == unit) return value;
  return std::nullopt;
}

constexpr std::array<std::pair<std::string_view, double>, 5> kTimeUnits{
    {{"us", 1e-6}, {"ms", 1e-3}, {"s", 1}, {"m", 60}, {"h", 3600}}};
constexpr std::array<std::pair<std::string_view, double>, 11> kByteUnits{{{"", 1},
                                                                          {"B", 1},
                                                                          {"kB", 1e3},
                                                                          {"KB", 1e3},
                                                                          {"MB", 1e6},
                                                                          {"GB", 1e9},
                                                                          {"KiB", 1024},
                                                                          {"MiB", 1048576},
                                                                          {"GiB", 1073741824},
                                                                          {"k", 1e3},
                                                                          {"M", 1e6}}};

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

}  // namespace

double parse_seconds(std::string_view text, const std::string& option) {
  static constexpr const char* kAccepted = "a time such as 500ms, 90s, 10m or 1h30m";
  double total = 0;
  std::string_view rest = text;
  do {
    auto number = leading_number(rest);
    if (!number || number->value < 0) refuse(option, text, kAccepted);
    std::size_t digits = number->rest.find_first_of("0123456789.");
    if (number->rest.empty())
      throw Error(ErrorCode::invalid_argument,
                  fmt::format("{} {}: has no unit; give {}", option, text, kAccepted));
    auto unit = factor(number->rest.substr(0, digits), kTimeUnits);
    if (!unit) refuse(option, text, kAccepted);
    total += number->value * *unit;
    rest = digits == std::string_view::npos ? std::string_view() : number->rest.substr(digits);
  } while (!rest.empty());
  return total;
}

std::uint64_t parse_bytes(std::string_view text, const std::string& option) {
  auto number = leading_number(text);
  auto unit = number ? factor(number->rest, kByteUnits) : std::nullopt;
  constexpr double kMost = 9e18;  // below 2^63
  if (!unit || number->value < 0 || number->value * *unit > kMost)
    refuse(option, text, "a size such as 800kB, 5MB or 2GiB");
  return static_cast<std::uint64_t>(number->value * *unit);
}

double parse_fraction(std::string_view text, const std::string& option) {
  auto number = leading_number(text);
  if (number && number->rest == "%") number->value /= 100;
  if (!number || !(number->rest.empty() || number->rest == "%") || number->value <= 0 ||
      number->value >= 1)
    refuse(option, text, "a share above 0 and below 1, such as 95% or 0.95");
  return number->value;
}

DropLimit parse_drop(std::string_view text, const std::string& option) {
  auto number = leading_number(text);
  bool known = number && (number->rest == "%" || number->rest == "pt");
  if (!known || number->value < 0 || number->value >= 100)
    refuse(option, text, "1% (of the baseline's value) or 0.5pt (percentage points)");
  return {number->value / 100, number->rest == "%"};
}

std::string to_text(const DropLimit& limit) {
  return fmt::format("{:.4g}{}", limit.value * 100, limit.relative ? "%" : "pt");
}

std::string milliseconds_text(double ms) {
  if (ms < 1) return fmt::format("{:.0f} µs", ms * 1000);
  if (ms < 100) return fmt::format("{:.3g} ms", ms);
  if (ms < 10000) return fmt::format("{:.0f} ms", ms);
  return fmt::format("{:.3g} s", ms / 1000);
}

std::string bytes_text(std::uint64_t bytes) {
  double b = static_cast<double>(bytes);
  if (b < 1e3) return fmt::format("{} B", bytes);
  if (b < 1e6) return fmt::format("{:.3g} kB", b / 1e3);
  if (b < 1e9) return fmt::format("{:.3g} MB", b / 1e6);
  return fmt::format("{:.3g} GB", b / 1e9);
}

std::string duration_text(double seconds) {
  if (seconds < 10) return fmt::format("{:.1f} s", seconds);
  auto whole = static_cast<long>(std::lround(seconds));
  if (whole < 120) return fmt::format("{} s", whole);
  if (whole < 7200) return fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

std::vector<std::string> nearest_names(std::string_view name,
                                       const std::vector<std::string>& known) {
  // What was typed in part: whoever wrote --dat meant --data.
  constexpr std::size_t kTelling = 3;
  std::vector<std::string> begun;
  for (const std::string& candidate : known)
    if (name.size() >= kTelling && candidate.size() > name.size() &&
        candidate.rfind(name, 0) == 0 && edit_distance(name, candidate) <= kTelling)
      begun.push_back(candidate);
  if (begun.size() == 1 && std::find(known.begin(), known.end(), name) == known.end()) return begun;
  std::vector<std::pair<std::size_t, std::string>> near;
  for (const std::string& candidate : known) {
    std::size_t distance = edit_distance(name, candidate);
    if (distance <= name.size() / 3 + 1) near.emplace_back(distance, candidate);
  }
  std::stable_sort(near.begin(), near.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> names;
  for (const auto& [distance, candidate] : near)
    if (names.size() < 3 && distance <= near.front().first + 1) names.push_back(candidate);
  return names;
}

std::string suggest(std::string_view name, const std::vector<std::string>& known) {
  auto near = nearest_names(name, known);
  if (!near.empty()) return fmt::format("did you mean {}?", fmt::join(near, " or "));
  return fmt::format("known: {}", fmt::join(known, ", "));
}

}  // namespace tamis
