#include "base/json_fields.h"
#include "execute/input_spec.h"
#include "execute/opened_info.h"
#include "execute/opened_model.h"
#include "result/keys.h"

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

namespace {

constexpr JsonField<OpenedInfo> kOpenedInfo[] = {
    needed<&OpenedInfo::load_ms>(keys::load_ms),
    needed<&OpenedInfo::compile_ms>(keys::compile_ms),
    needed<&OpenedInfo::first_ms>(keys::first_ms),
    needed<&OpenedInfo::warm_ms>("warm_ms"),
    needed<&OpenedInfo::peak_memory_bytes>(keys::peak_memory_bytes),
    known<&OpenedInfo::in_flight>(keys::in_flight),
    known<&OpenedInfo::effective>(keys::effective),
};

}  // namespace

static std::span<const JsonField<OpenedInfo>> fields_of(const OpenedInfo*) { return kOpenedInfo; }

Json to_json(const OpenedInfo& info) { return write_document(info); }

OpenedInfo parse_opened_info(const Json& json) {
  return read_document<OpenedInfo>(json, "opened model");
}

}  // namespace tamis
