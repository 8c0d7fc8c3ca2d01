#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tamis::fuzz {

/// A reader of what other people wrote.
struct Parser {
  std::string_view name;
  /// Reads the input; throws Error where it refuses it.
  void (*take)(const std::string& input);
  std::vector<std::string> (*seeds)();  ///< good inputs, which changes start from
};

/// The table of all parsers.
std::span<const Parser> parsers();
const Parser* find_parser(std::string_view name);

/// Takes the input and holds the parser to its promise: it returns, or throws an Error of one line.
/// Anything else that is thrown goes through.
void take_or_refuse(const Parser& parser, const std::string& input);

}  // namespace tamis::fuzz
