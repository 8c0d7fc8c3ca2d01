#pragma once

#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>
#include <system_error>

namespace tamis {

/// The whole text as a number of this type, in base 10, whatever the locale; absent where it is
/// empty, holds anything else (a blank, a plus, a unit), or does not fit. A floating-point type
/// also takes "inf" and "nan".
template <typename T>
std::optional<T> parse_number(std::string_view text) {
  T value{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stop == end ? std::optional<T>(value) : std::nullopt;
}

/// The same for a number that is neither infinite nor NaN.
inline std::optional<double> parse_finite(std::string_view text) {
  const std::optional<double> value = parse_number<double>(text);
  return value && std::isfinite(*value) ? value : std::nullopt;
}

}  // namespace tamis
