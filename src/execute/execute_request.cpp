#include "execute/input_spec.h"
#include "execute/opened_info.h"
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

Json to_json(const InputSpec& inputs) {
  if (!inputs.data) return Json();
  return Json{
      {"path", inputs.data->path.string()}, {"split", inputs.data->split}, {"items", inputs.items}};
}

InputSpec parse_input_spec(const Json& json) {
  if (json.is_null()) return {};
  return {DataSpec{json.at("path").get<std::string>(), json.value("split", "")},
          json.at("items").get<std::vector<std::size_t>>()};
}

Json to_json(const OpenedInfo& info) {
  return Json{{"load_ms", info.load_ms},
              {"compile_ms", info.compile_ms},
              {"first_ms", info.first_ms},
              {"warm_ms", info.warm_ms},
              {"peak_memory_bytes", info.peak_memory_bytes},
              {"in_flight", info.in_flight},
              {"effective", info.effective}};
}

OpenedInfo parse_opened_info(const Json& json) {
  OpenedInfo info;
  info.load_ms = json.at("load_ms");
  info.compile_ms = json.at("compile_ms");
  info.first_ms = json.at("first_ms");
  info.warm_ms = json.at("warm_ms");
  info.peak_memory_bytes = json.at("peak_memory_bytes");
  info.in_flight = json.value("in_flight", 1);
  info.effective = json.value("effective", Json::object());
  return info;
}

}  // namespace tamis
