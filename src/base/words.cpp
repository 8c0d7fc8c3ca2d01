#include "base/words.h"

namespace tamis {

std::string count_text(std::size_t count, std::string_view noun) {
  std::string text = std::to_string(count) + " " + std::string(noun);
  if (count == 1 || noun.empty()) return text;
  const auto ends = [&](std::string_view with) {
    return noun.size() > with.size() && noun.substr(noun.size() - with.size()) == with;
  };
  if (ends("s") || ends("x") || ends("ch") || ends("sh")) return text + "es";
  if (ends("y") &&
      std::string_view("aeiou").find(noun[noun.size() - 2]) == std::string_view::npos) {
    text.back() = 'i';
    return text + "es";
  }
  return text + "s";
}

}  // namespace tamis
