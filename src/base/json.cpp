#include "base/json.h"

#include "base/error.h"
#include "base/files.h"

namespace tamis {

Json parse_json(std::string_view text, const std::string& what) {
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& e) {
    throw Error(ErrorCode::corrupt_data,
                what + ": not valid JSON at byte " + std::to_string(e.byte));
  }
}

Json load_json(const std::filesystem::path& file) {
  return parse_json(load_text(file), file.string());
}

void save_json(const std::filesystem::path& file, const Json& json) {
  save_file(file, json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
}

std::string canonical_text(const Json& json) {
  // nlohmann::json (unlike ordered_json) keeps its keys sorted.
  return nlohmann::json::parse(json.dump(-1, ' ', false, Json::error_handler_t::replace)).dump();
}

}  // namespace tamis
