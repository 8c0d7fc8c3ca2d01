#include "recipe/build.h"

namespace tamis {
namespace {

Json calibration_json(const std::optional<CalibrationItems>& calibration) {
  if (!calibration) return Json();
  return Json{{"path", calibration->data.path.string()},
              {"split", calibration->data.split},
              {"items", calibration->items},
              {"hashes", calibration->hashes}};
}

}  // namespace

Json to_json(const BuildRequest& request) {
  return Json{{"parent", request.parent.string()},
              {"card", request.card ? to_json(*request.card, true) : Json()},
              {"input_size", request.input_size ? Json::array({request.input_size->height,
                                                               request.input_size->width})
                                                : Json()},
              {"step", request.step ? to_json(*request.step) : Json()},
              {"made", to_json(request.made)},
              {"calibration", calibration_json(request.calibration)},
              {"backends", request.backends},
              {"settings", to_json(request.settings)},
              {"libraries", request.libraries},
              {"out", request.out.string()},
              {"cache", request.cache.string()},
              {"check_exact", request.check_exact},
              {"check_parent", request.check_parent},
              {"reference_version", request.reference_version}};
}

BuildRequest parse_build_request(const Json& json) {
  BuildRequest request;
  request.parent = json.at("parent").get<std::string>();
  if (!json.at("card").is_null()) request.card = parse_card(json.at("card"));
  if (const Json size = json.value("input_size", Json()); !size.is_null())
    request.input_size = Size{size.at(0), size.at(1)};
  if (!json.at("step").is_null()) request.step = parse_step(json.at("step"));
  request.made = parse_artefact_info(json.at("made"));
  request.backends = json.at("backends").get<std::vector<std::string>>();
  request.settings = parse_run_settings(json.at("settings"));
  request.libraries =
      json.value("libraries", Json::object()).get<std::map<std::string, std::string>>();
  request.out = json.at("out").get<std::string>();
  request.cache = json.value("cache", "");
  request.check_exact = json.value("check_exact", false);
  request.check_parent = json.value("check_parent", false);
  request.reference_version = json.value("reference_version", "");
  const Json& calibration = json.at("calibration");
  if (calibration.is_null()) return request;
  CalibrationItems& items = request.calibration.emplace();
  items.data.path = calibration.at("path").get<std::string>();
  items.data.split = calibration.at("split").get<std::string>();
  items.items = calibration.at("items").get<std::vector<std::size_t>>();
  items.hashes = calibration.at("hashes").get<std::vector<std::string>>();
  return request;
}

std::optional<std::string> ArtefactInfo::refusal(const std::string& backend) const {
  for (const Json& r : refused)
    if (r.at("runtime") == backend) return r.at("reason").get<std::string>();
  return std::nullopt;
}

Json to_json(const ArtefactInfo& info) {
  return Json{{"recipe", to_json(info.recipe)},
              {"size_bytes", info.size_bytes},
              {"calibration_hashes", info.calibration_hashes},
              {"card", info.card},
              {"io", info.io},
              {"steps", info.steps},
              {"refused", info.refused},
              {"wall_s", info.wall_s},
              {"peak_memory_bytes", info.peak_memory_bytes}};
}

ArtefactInfo parse_artefact_info(const Json& json) {
  ArtefactInfo info;
  info.recipe = parse_recipe(json.at("recipe"));
  info.size_bytes = json.at("size_bytes");
  info.calibration_hashes = json.at("calibration_hashes").get<std::vector<std::string>>();
  info.card = json.value("card", Json());
  info.io = json.value("io", Json());
  info.steps = json.at("steps");
  info.refused = json.at("refused");
  info.wall_s = json.at("wall_s");
  info.peak_memory_bytes = json.at("peak_memory_bytes");
  return info;
}

}  // namespace tamis
