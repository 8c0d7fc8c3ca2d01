#pragma once

#include <string>

#include "base/json.h"

namespace tamis {

/// Where a YAML text comes from, and what it should be.
struct YamlSource {
  std::string file;         ///< for messages
  std::string what;         ///< "a card"
  std::string names_key{};  ///< the top-level key whose scalars are all text (007 is no number)
  bool all_text = false;    ///< all scalars are text
};

/// YAML of people's files as JSON: quoted scalars are text, others numbers where they look it.
/// Throws corrupt_data naming file and line where it is no YAML, and where it is nested too deeply,
/// holds itself or stands for more than 50,000 values (aliases are written out). Thread safe.
Json parse_yaml(const std::string& text, const YamlSource& source);

}  // namespace tamis
