#pragma once

#include <fmt/format.h>

#include <string_view>
#include <type_traits>

#include "base/json.h"
#include "base/printable.h"

namespace tamis {

/// Text that this program has laid out in lines, on standard output; what is printable in it stays
/// (base/printable.h). Whether it arrived is asked once, at the end (finish_output).
void print_lines(std::string_view text);

/// The same on standard error.
void print_error_lines(std::string_view text);

/// Prints a document on stdout, indented.
void print_json(const Json& json);

/// Sends what was printed on its way. Throws io where standard output did not take all of it (full
/// disk, closed); a reader that has gone (`| head`) had enough and is no error.
void finish_output();

namespace print_details {

/// Texts get printable(), so that a name with a line break in it stays on its line.
template <typename T>
auto argument(const T& value) {
  if constexpr (std::is_convertible_v<const T&, std::string_view>)
    return printable(std::string_view(value));
  else
    return value;
}

template <typename... T>
std::string text_of(fmt::string_view format, const T&... arguments) {
  return fmt::vformat(format, fmt::make_format_args(arguments...));
}

}  // namespace print_details

/// As fmt::print, with all texts among the arguments made printable.
template <typename... T>
void say(fmt::format_string<T...> format, T&&... arguments) {
  print_lines(print_details::text_of(format, print_details::argument(arguments)...));
}

/// The same on standard error.
template <typename... T>
void say_error(fmt::format_string<T...> format, T&&... arguments) {
  print_error_lines(print_details::text_of(format, print_details::argument(arguments)...));
}

}  // namespace tamis
