#include "base/printable.h"

#include <fmt/format.h>

#include <cstdint>
#include <optional>

namespace tamis {
namespace {

struct CodePoint {
  std::uint32_t value = 0;
  std::size_t bytes = 1;
};

/// The code point that begins at `at`; absent where the bytes are not UTF-8 (RFC 3629: shortest
/// form, no surrogates, at most U+10FFFF).
std::optional<CodePoint> code_point(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return CodePoint{first, 1};
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || at + length > text.size()) return std::nullopt;
  std::uint32_t value = first & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80) return std::nullopt;
    value = value << 6 | (byte(i) & 0x3FU);
  }
  constexpr std::uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (value < kLeast[length] || value > 0x10FFFF || surrogate) return std::nullopt;
  return CodePoint{value, length};
}

/// Unicode's bidirectional controls, line and paragraph separator, byte order mark.
bool turns_or_breaks(std::uint32_t c) {
  return c == 0x061C || c == 0x200E || c == 0x200F || (c >= 0x2028 && c <= 0x202E) ||
         (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

bool is_control(std::uint32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || turns_or_breaks(c);
}

enum class Style {
  line,
  lines,  ///< line breaks and tabs stay
  json,   ///< of JSON's text, where controls of ASCII are line breaks or escaped already
};

std::string escaped(std::uint32_t c, Style style) {
  if (style == Style::json) return fmt::format("\\u{:04x}", c);
  switch (c) {
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      return c < 0x100 ? fmt::format("\\x{:02x}", c) : fmt::format("\\u{{{:x}}}", c);
  }
}

std::string escape(std::string_view text, Style style) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const auto found = code_point(text, at);
    const std::uint32_t c = found ? found->value : static_cast<unsigned char>(text[at]);
    const std::size_t bytes = found ? found->bytes : 1;
    const bool ours = style != Style::line && (c == '\n' || c == '\t');
    if (!found || (is_control(c) && !ours))
      result += escaped(c, style);
    else
      result += text.substr(at, bytes);
    at += bytes;
  }
  return result;
}

}  // namespace

std::string printable(std::string_view text) { return escape(text, Style::line); }
std::string printable_lines(std::string_view text) { return escape(text, Style::lines); }

std::string printable_json(const Json& document) {
  return escape(document.dump(1, ' ', false, Json::error_handler_t::replace), Style::json);
}

Json printable_document(const Json& document) {
  if (document.is_string())
    return printable(std::string_view(document.get_ref<const std::string&>()));
  if (!document.is_structured()) return document;
  Json result = document.is_array() ? Json::array() : Json::object();
  if (document.is_array())
    for (const Json& value : document) result.push_back(printable_document(value));
  else
    for (const auto& [key, value] : document.items())
      result[printable(std::string_view(key))] = printable_document(value);
  return result;
}

}  // namespace tamis
