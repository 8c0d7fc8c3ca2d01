#include "backends/ort/library.h"
#include "backends/ort/session.h"
#include "runtime/plugin_side.h"

namespace tamis::ort {
namespace {

void refuse(const std::string& what) { throw Error(ErrorCode::unsupported, "open model: " + what); }

void check_settings(const RunSettings& settings, const Library& library) {
  std::string providers;
  for (const std::string& name : library.providers)
    providers += (providers.empty() ? "" : ", ") + name;
  if (settings.device != "CPU")
    refuse("backend ort runs on CPU only, not " + settings.device +
           "; the loaded library has the providers " + providers);
  if (settings.inference_precision.value_or("f32") != "f32")
    refuse(
        "backend ort computes in the file's own types, so the inference precision can only be f32, "
        "not " +
        *settings.inference_precision + "; use backend openvino, or a file of that precision");
}

struct Plugin {
  static const char* name() { return "ort"; }

  static void probe(const RunSettings& settings, Availability& found) {
    const Library& library = open_library(settings, found.steps);
    found.version = library.version;
    found.library = library.file;
    found.providers = library.providers;
    found.devices.push_back({"CPU", "CPUExecutionProvider", {"f32", "int8"}});
    bool known = settings.device == "CPU";
    found.steps.push_back({"devices", known,
                           known ? "CPU" : "no device " + settings.device + ", only CPU",
                           known ? "" : "use device CPU"});
  }

  static std::unique_ptr<tamis_session> open(const OpenRequest& request) {
    std::vector<ProbeStep> steps;
    const Library& library = open_library(request.settings, steps);
    check_settings(request.settings, library);
    return open_session(library, request);
  }
};

}  // namespace
}  // namespace tamis::ort

TAMIS_EXPORT_PLUGIN(tamis::ort::Plugin)
