#include "fuzz/mutate.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <iterator>
#include <limits>

#include "base/json.h"

namespace tamis::fuzz {
namespace {

constexpr std::size_t kLongest = 1 << 16;

void change_bit(std::string& text, Random& random) {
  char& c = text[below(random, text.size())];
  c = static_cast<char>(c ^ (1 << below(random, 8)));
}

void change_byte(std::string& text, Random& random) {
  constexpr std::array<char, 12> kSpecial{'\0', '\n', '\xff', '[', '{', '"',
                                          '\'', '\\', '*',    '&', '-', ' '};
  text[below(random, text.size())] = below(random, 2) == 0
                                         ? kSpecial[below(random, kSpecial.size())]
                                         : static_cast<char>(random());
}

void remove_part(std::string& text, Random& random) {
  const std::size_t at = below(random, text.size());
  text.erase(at, 1 + below(random, std::min<std::size_t>(text.size() - at, 64)));
}

void repeat_part(std::string& text, Random& random) {
  const std::size_t at = below(random, text.size());
  const std::string part = text.substr(at, 1 + below(random, 32));
  const std::size_t times = below(random, 8) == 0 ? 1 + below(random, 200) : 1;
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += part;
  text.insert(at, all);
}

void cut_end(std::string& text, Random& random) { text.resize(below(random, text.size())); }

void replace_number(std::string& text, Random& random) {
  const std::size_t start = below(random, text.size());
  for (std::size_t at = start; at < text.size(); ++at) {
    if (std::isdigit(static_cast<unsigned char>(text[at])) == 0) continue;
    std::size_t end = at;
    while (end < text.size() && std::isdigit(static_cast<unsigned char>(text[end])) != 0) ++end;
    text.replace(at, end - at, std::to_string(awkward_number(random)));
    return;
  }
}

void write_number(std::string& text, Random& random) {
  const std::int64_t number = awkward_number(random);
  const std::size_t at = below(random, text.size());
  for (std::size_t i = 0; i < 8 && at + i < text.size(); ++i)
    text[at + i] = static_cast<char>(number >> (8 * i));
}

void collect(Json& json, std::vector<Json*>& all) {
  all.push_back(&json);
  if (json.is_structured())
    for (Json& part : json) collect(part, all);
}

/// A value of a JSON document becomes another one, or goes.
void change_json(std::string& text, Random& random) {
  Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) return;
  std::vector<Json*> all;
  collect(json, all);
  Json& at = *all[below(random, all.size())];
  const Json other = *all[below(random, all.size())];
  switch (below(random, 7)) {
    case 0:
      at = awkward_number(random);
      break;
    case 1:
      at = static_cast<double>(awkward_number(random)) * 1e300;
      break;
    case 2:
      at = "\x1b<&\"'/etc/passwd\n";
      break;
    case 3:
      at = below(random, 2) == 0 ? Json::array() : Json::object();
      break;
    case 4:
      at = nullptr;
      break;
    case 5:
      at = other;
      break;
    default:
      if (at.is_structured() && !at.empty())
        at.erase(std::next(at.begin(), static_cast<std::ptrdiff_t>(below(random, at.size()))));
  }
  text = json_text(json);
}

}  // namespace

std::size_t below(Random& random, std::size_t count) { return random() % count; }

std::int64_t awkward_number(Random& random) {
  using Limits = std::numeric_limits<std::int64_t>;
  constexpr std::array<std::int64_t, 14> kNumbers{0,
                                                  1,
                                                  -1,
                                                  2,
                                                  -2,
                                                  7,
                                                  9,
                                                  4097,
                                                  65'536,
                                                  1'000'000'007,
                                                  Limits::max(),
                                                  Limits::min(),
                                                  std::int64_t{1} << 31,
                                                  -(std::int64_t{1} << 31)};
  if (below(random, 3) != 0) return kNumbers[below(random, kNumbers.size())];
  const auto power = static_cast<std::int64_t>(std::uint64_t{1} << below(random, 63));
  return power + static_cast<std::int64_t>(below(random, 3)) - 1;
}

std::string mutate(const std::string& seed, const std::vector<std::string>& seeds, Random& random) {
  using Change = void (*)(std::string&, Random&);
  constexpr std::array<Change, 7> kChanges{change_bit, change_byte,    remove_part, repeat_part,
                                           cut_end,    replace_number, write_number};
  std::string text = seed;
  if (text.starts_with('{') && below(random, 2) == 0) {
    for (std::size_t n = 1 + below(random, 3); n > 0; --n) change_json(text, random);
    return text;
  }
  for (std::size_t n = 1 + below(random, 5); n > 0; --n) {
    if (text.empty()) text = "x";
    if (below(random, 8) == 0) {
      const std::string& other = seeds[below(random, seeds.size())];
      text.insert(below(random, text.size()), other.substr(below(random, other.size() + 1), 200));
    } else {
      kChanges[below(random, kChanges.size())](text, random);
    }
  }
  if (text.size() > kLongest) text.resize(kLongest);
  return text;
}

}  // namespace tamis::fuzz
