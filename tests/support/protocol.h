#pragma once

#include <map>
#include <sstream>
#include <string>

#include "base/files.h"

namespace tamis::testing {

/// The rows of the table of operations in docs/worker-protocol.md, by the operation.
inline std::map<std::string, std::string> documented_operations() {
  std::istringstream text(load_text(TAMIS_SOURCE_DIR "/docs/worker-protocol.md"));
  std::map<std::string, std::string> rows;
  const std::string begin = "| `";
  for (std::string line; std::getline(text, line);)
    if (line.rfind(begin, 0) == 0)
      if (const std::string name = line.substr(begin.size(), line.find('`', 3) - 3); name != "op")
        rows[name] = line;
  return rows;
}

/// Members of a document that the row of an operation does not name, with commas between.
template <typename Document>
std::string undocumented_members(const std::string& operation, const Document& document) {
  const std::string row = documented_operations().at(operation);
  std::string missing;
  for (const auto& [key, value] : document.items())
    if (row.find("`" + key + "`") == std::string::npos)
      missing += (missing.empty() ? "" : ", ") + key;
  return missing;
}

}  // namespace tamis::testing
