#include "backends/fake/script.h"

#include "base/error.h"
#include "base/files.h"

namespace tamis::fake {
namespace {

bool fits(const Json& rule, const Json& settings, const std::set<std::string>& operators) {
  for (const auto& [key, value] : rule.items()) {
    if (key == "behaviour") continue;
    if (key == "operator") {
      if (operators.count(value.get<std::string>()) == 0) return false;
    } else if (settings.value(key, Json()) != value) {
      return false;
    }
  }
  return true;
}

}  // namespace

Json scripted_behaviour(const RunSettings& settings, const std::set<std::string>& operators) {
  Json behaviour = Json::object();
  if (auto script = environment("TAMIS_FAKE_SCRIPT"))
    for (const Json& rule : load_json(*script))
      if (fits(rule, to_json(settings), operators)) {
        behaviour = rule.at("behaviour");
        break;
      }
  behaviour.update(settings.extra);
  return behaviour;
}

}  // namespace tamis::fake
