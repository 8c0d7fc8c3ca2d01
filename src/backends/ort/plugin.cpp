#include <algorithm>

#include "backends/ort/library.h"
#include "backends/ort/providers.h"
#include "backends/ort/session.h"
#include "runtime/plugin_side.h"

namespace tamis::ort {
namespace {

void check_settings(const RunSettings& settings) {
  if (settings.hint)
    throw Error(ErrorCode::unsupported,
                "open model: backend ort takes no hint (OpenVINO does); give streams");
}

struct Plugin {
  static const char* name() { return "ort"; }

  static void probe(const RunSettings& settings, Availability& found) {
    found.can.reference = true;
    found.can.form = found.can.rewrites = "ort";
    found.can.graph_levels = {"all", "extended", "basic", "disable"};
    found.can.has_providers = true;
    found.can.pins_threads = false;
    const Library& library = open_library(settings, found.steps);
    found.version = library.version;
    found.library = library.file;
    found.providers = library.providers;
    found.devices.push_back({"CPU", "CPUExecutionProvider", {"f32", "int8"}});
    found.provider_steps = probe_providers(library);
    std::string names = "CPU";
    for (const ProbeStep& step : found.provider_steps)
      if (step.name == "cuda" && step.ok) {
        found.devices.push_back({"GPU", "CUDAExecutionProvider", {"f32", "f16"}});
        names += ", GPU";
      }
    const bool known =
        std::any_of(found.devices.begin(), found.devices.end(),
                    [&](const DeviceInfo& device) { return device.name == settings.device; });
    found.steps.push_back({"devices", known,
                           known ? names : "no device " + settings.device + ", only " + names,
                           known ? "" : "use device CPU"});
  }

  static std::unique_ptr<tamis_session> open(const OpenRequest& request) {
    std::vector<ProbeStep> steps;
    const Library& library = open_library(request.settings, steps);
    check_settings(request.settings);
    return open_session(library, request);
  }
};

}  // namespace
}  // namespace tamis::ort

TAMIS_EXPORT_PLUGIN(tamis::ort::Plugin)
