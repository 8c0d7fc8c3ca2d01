#include "execute/opened_model.h"

namespace tamis {

Json to_json(const ExecuteRequest& request) {
  Json json{{"model", request.model.string()}, {"settings", to_json(request.settings)},
            {"profile", request.profile},      {"engine_cache", request.engine_cache.string()},
            {"dump", request.dump.string()},   {"from_pixels", request.from_pixels}};
  json["input_shapes"] = request.input_shapes;
  json["card"] = request.card ? to_json(*request.card, true) : Json();
  return json;
}

ExecuteRequest parse_execute_request(const Json& json) {
  ExecuteRequest request;
  request.model = json.at("model").get<std::string>();
  request.settings = parse_run_settings(json.at("settings"));
  request.profile = json.value("profile", false);
  request.engine_cache = json.value("engine_cache", "");
  request.dump = json.value("dump", "");
  request.from_pixels = json.value("from_pixels", false);
  request.input_shapes = json.value("input_shapes", Json::array()).get<std::vector<Shape>>();
  if (json.contains("card") && !json["card"].is_null()) request.card = parse_card(json["card"]);
  return request;
}

}  // namespace tamis
