#include "runtime/backend.h"

namespace tamis {
namespace {

Json steps_json(const std::vector<ProbeStep>& steps) {
  Json json = Json::array();
  for (const ProbeStep& s : steps)
    json.push_back({{"name", s.name}, {"ok", s.ok}, {"detail", s.detail}, {"remedy", s.remedy}});
  return json;
}

std::vector<ProbeStep> parse_steps(const Json& json) {
  std::vector<ProbeStep> steps;
  for (const Json& s : json)
    steps.push_back(
        {s.value("name", ""), s.value("ok", false), s.value("detail", ""), s.value("remedy", "")});
  return steps;
}

}  // namespace

std::string Availability::reason() const {
  if (steps.empty()) return "not probed";
  const ProbeStep& last = steps.back();
  if (last.ok) return "";
  return last.name + ": " + last.detail + (last.remedy.empty() ? "" : "; " + last.remedy);
}

Json to_json(const Availability& availability) {
  Json json = {{"backend", availability.backend},
               {"ok", availability.ok()},
               {"version", availability.version},
               {"library", availability.library},
               {"steps", steps_json(availability.steps)},
               {"devices", Json::array()},
               {"providers", availability.providers},
               {"provider_steps", steps_json(availability.provider_steps)},
               {"can", to_json(availability.can)}};
  for (const DeviceInfo& d : availability.devices)
    json["devices"].push_back(
        {{"name", d.name}, {"full_name", d.full_name}, {"capabilities", d.capabilities}});
  return json;
}

Availability parse_availability(const Json& json) {
  Availability availability;
  availability.backend = json.value("backend", "");
  availability.version = json.value("version", "");
  availability.library = json.value("library", "");
  availability.providers = json.value("providers", std::vector<std::string>());
  availability.steps = parse_steps(json.value("steps", Json::array()));
  availability.provider_steps = parse_steps(json.value("provider_steps", Json::array()));
  availability.can = parse_capabilities(json.value("can", Json::object()));
  for (const Json& d : json.value("devices", Json::array()))
    availability.devices.push_back({d.value("name", ""), d.value("full_name", ""),
                                    d.value("capabilities", std::vector<std::string>())});
  return availability;
}

}  // namespace tamis
