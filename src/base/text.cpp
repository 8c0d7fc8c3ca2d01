#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace tamis {

bool is_control(char c) {
  auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 && c != '\n' && c != '\t';
}

std::string escape_markdown(std::string_view text) {
  static constexpr std::string_view kSpecial = "\\`*_{}[]<>#|~$";
  std::string out;
  for (char c : text) {
    if (c == '\n' || c == '\r' || c == '\t')
      out += ' ';
    else if (c == '&')
      out += "&amp;";
    else if (kSpecial.find(c) != std::string_view::npos)
      out += std::string("\\") + c;
    else if (is_control(c))
      out += "\xEF\xBF\xBD";
    else
      out += c;
  }
  return out;
}

std::string words(std::string_view identifier) {
  std::string text(identifier);
  std::replace(text.begin(), text.end(), '_', ' ');
  return text;
}

std::string value_text(const Json& value) {
  if (value.is_null()) return kAbsent;
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (value.is_number_float()) return fmt::format("{:.6g}", value.get<double>());
  if (value.is_array()) {
    std::string text;
    for (const Json& item : value) text += (text.empty() ? "" : ", ") + value_text(item);
    return text;
  }
  if (value.is_object()) {
    std::string text;
    for (const auto& [key, item] : value.items())
      text += (text.empty() ? "" : ", ") + words(key) + " " + value_text(item);
    return text;
  }
  return value.dump();
}

}  // namespace tamis
