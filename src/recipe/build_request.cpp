#include "base/json_fields.h"
#include "recipe/build.h"
#include "result/keys.h"

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

namespace {

constexpr JsonField<ArtefactInfo> kArtefactInfo[] = {
    needed<&ArtefactInfo::size_bytes>(keys::size_bytes),
    needed<&ArtefactInfo::calibration_hashes>("calibration_hashes"),
    known<&ArtefactInfo::card>(keys::card),
    known<&ArtefactInfo::io>("io"),
    needed<&ArtefactInfo::steps>("steps"),
    needed<&ArtefactInfo::refused>("refused"),
    needed<&ArtefactInfo::wall_s>(keys::wall_s),
    needed<&ArtefactInfo::peak_memory_bytes>(keys::peak_memory_bytes),
};

}  // namespace

static std::span<const JsonField<ArtefactInfo>> fields_of(const ArtefactInfo*) {
  return kArtefactInfo;
}

Json to_json(const ArtefactInfo& info) {
  Json json{{keys::recipe, to_json(info.recipe)}};
  write_fields(info, json);
  return json;
}

ArtefactInfo parse_artefact_info(const Json& json) {
  ArtefactInfo info = read_document<ArtefactInfo>(json, "artefact");
  info.recipe = parse_recipe(json.at(keys::recipe));
  return info;
}

}  // namespace tamis
