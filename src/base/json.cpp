#include "base/json.h"

#include <algorithm>

#include "base/error.h"
#include "base/files.h"

namespace tamis {
namespace {

// Copying and writing values recurse, so that the stack must hold as many calls.
constexpr std::size_t kMostDepth = 100;

/// The most brackets that are open at once, those in strings aside.
std::size_t nesting(std::string_view text) {
  std::size_t open = 0, most = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string && c == '\\') ++i;
    if (c == '"') in_string = !in_string;
    if (in_string) continue;
    if (c == '[' || c == '{') most = std::max(most, ++open);
    if ((c == ']' || c == '}') && open > 0) --open;
  }
  return most;
}

}  // namespace

Json parse_json(std::string_view text, const std::string& what) {
  if (nesting(text) > kMostDepth)
    throw Error(ErrorCode::corrupt_data, what + ": nested too deeply; it is not a file of Tamis");
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& e) {
    throw Error(ErrorCode::corrupt_data,
                what + ": not valid JSON at byte " + std::to_string(e.byte));
  }
}

Json load_json(const std::filesystem::path& file) {
  return parse_json(load_text(file, kJsonFile), file.string());
}

void save_json(const std::filesystem::path& file, const Json& json) {
  save_file(file, json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
}

std::string json_text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string canonical_text(const Json& json) {
  // nlohmann::json (unlike ordered_json) keeps its keys sorted.
  return nlohmann::json::parse(json_text(json)).dump();
}

}  // namespace tamis
