#include "base/error_json.h"

#include <string>

namespace tamis {

Json to_json(const Error& error) {
  return {{"code", to_text(error.code())}, {"text", error.what()}};
}

Error error_from_json(const Json& json) {
  return {parse_error_code(json.at("code").get<std::string>()), json.at("text").get<std::string>()};
}

}  // namespace tamis
