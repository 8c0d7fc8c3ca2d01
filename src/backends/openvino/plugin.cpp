#include <algorithm>

#include "backends/openvino/library.h"
#include "backends/openvino/session.h"
#include "runtime/plugin_side.h"

namespace tamis::openvino {
namespace {

/// AUTO and its like choose among devices; "GPU" stands for "GPU.0" too.
const DeviceInfo* find_device(const std::vector<DeviceInfo>& devices, const std::string& name) {
  for (const DeviceInfo& device : devices)
    if (device.name == name || device.name.rfind(name + ".", 0) == 0) return &device;
  return nullptr;
}

bool is_choice(const std::string& name) {
  for (const char* choice : {"AUTO", "MULTI", "HETERO"})
    if (name == choice || name.rfind(std::string(choice) + ":", 0) == 0) return true;
  return false;
}

std::string list(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::string names_of(const std::vector<DeviceInfo>& devices) {
  std::vector<std::string> names;
  for (const DeviceInfo& device : devices) names.push_back(device.name);
  return list(names);
}

void check_settings(const RunSettings& settings, const std::vector<DeviceInfo>& devices) {
  if (settings.graph_level)
    throw Error(ErrorCode::unsupported,
                "open model: backend openvino has no graph levels; omit graph_level");
  if (settings.provider)
    throw Error(ErrorCode::unsupported,
                "open model: backend openvino has no execution providers (ONNX Runtime has them); "
                "omit provider");
  const DeviceInfo* device = find_device(devices, settings.device);
  if (device == nullptr && !is_choice(settings.device))
    throw Error(ErrorCode::unavailable, "open model: OpenVINO finds no device " + settings.device +
                                            "; it finds " + names_of(devices));
  if (device == nullptr || !settings.inference_precision) return;
  const auto& has = device->capabilities;
  if (std::find(has.begin(), has.end(), *settings.inference_precision) == has.end())
    throw Error(ErrorCode::unsupported,
                "open model: device " + device->name + " has no inference precision " +
                    *settings.inference_precision + "; it has " + list(has));
}

struct Plugin {
  static const char* name() { return "openvino"; }

  static void probe(const RunSettings& settings, Availability& found) {
    found.can.form = "openvino";
    found.can.hints = {"throughput", "latency"};
    found.can.chooses_device = true;
    found.can.usual_share = 0.85;
    const Library& library = open_library(settings, found.steps);
    found.version = library.version;
    found.library = library.file;
    found.devices = list_devices(library);
    bool known =
        find_device(found.devices, settings.device) != nullptr || is_choice(settings.device);
    std::string names = names_of(found.devices);
    found.steps.push_back({"devices", known,
                           known ? names : "no device " + settings.device + ", only " + names,
                           known ? "" : "use one of these, or install the device's driver"});
  }

  static std::unique_ptr<tamis_session> open(const OpenRequest& request) {
    std::vector<ProbeStep> steps;
    const Library& library = open_library(request.settings, steps);
    check_settings(request.settings, list_devices(library));
    return open_session(library, request);
  }
};

}  // namespace
}  // namespace tamis::openvino

TAMIS_EXPORT_PLUGIN(tamis::openvino::Plugin)
