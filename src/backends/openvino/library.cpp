#include "backends/openvino/library.h"

#include <algorithm>
#include <cctype>
#include <sstream>

namespace tamis::openvino {
namespace {

LibrarySearch search_for(const RunSettings& settings) {
  return {
      settings.library,
      "TAMIS_OPENVINO_LIBRARY",
      "libopenvino_c.so",
      "openvino",
      {TAMIS_OPENVINO_BUILD_FOLDER, dependency_folder(TAMIS_OPENVINO_NAME) / "openvino" / "libs"},
      "openvino/libs",
      "openvino"};
}

std::string read_version(const Library& library) {
  ov_version_t version{};
  check(library, library.ov_get_openvino_version(&version), "read OpenVINO's version");
  std::string text = version.buildNumber;
  library.ov_version_free(&version);
  return text;
}

Library load(const RunSettings& settings, std::vector<ProbeStep>& steps) {
  FoundLibrary found = tamis::open_library(search_for(settings), steps);
  Library library;
  library.file = found.library.file().string();
  try {
#define TAMIS_LOOK_UP(name) library.name = found.library.function<decltype(&::name)>(#name);
    TAMIS_OPENVINO_SYMBOLS(TAMIS_LOOK_UP)
#undef TAMIS_LOOK_UP
    check(library, library.ov_core_create(&library.core), "start OpenVINO");
  } catch (const Error& error) {
    steps.back() = {"loaded", false, error.what(), "use OpenVINO " TAMIS_OPENVINO_NAME};
    throw Error(ErrorCode::unavailable, error.what());
  }
  library.version = read_version(library);
  steps.push_back({"version", true, library.version, ""});
  return library;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// "FP32 INT8 BF16" → f32, int8, bf16.
std::vector<std::string> parse_capabilities(const std::string& text) {
  std::vector<std::string> capabilities;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    word = lower(word);
    if (word.rfind("fp", 0) == 0) word.erase(1, 1);
    capabilities.push_back(word);
  }
  return capabilities;
}

std::string core_property(const Library& library, const std::string& device, const char* key) {
  char* value = nullptr;
  if (library.ov_core_get_property(library.core, device.c_str(), key, &value) != OK) return "";
  return take_text(library, value);
}

}  // namespace

const Library& open_library(const RunSettings& settings, std::vector<ProbeStep>& steps) {
  return open_once(load, settings, steps);
}

std::string take_text(const Library& library, char* text) {
  if (text == nullptr) return "";
  std::string copy = text;
  library.ov_free(text);
  return copy;
}

std::string last_message(const Library& library, ov_status_e status) {
  std::string text;
  if (const char* message = library.ov_get_last_err_msg()) {
    text = message;
    library.ov_free(message);
  }
  if (text.empty()) text = library.ov_get_error_info(status);
  std::replace(text.begin(), text.end(), '\n', ' ');
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

void check(const Library& library, ov_status_e status, const char* operation, ErrorCode code) {
  if (status == OK) return;
  throw Error(code, std::string(operation) + ": " + last_message(library, status));
}

std::vector<DeviceInfo> list_devices(const Library& library) {
  ov_available_devices_t names{};
  check(library, library.ov_core_get_available_devices(library.core, &names), "list devices");
  std::vector<DeviceInfo> devices;
  for (std::size_t i = 0; i < names.size; ++i) {
    std::string name = names.devices[i];
    devices.push_back(
        {name, core_property(library, name, "FULL_DEVICE_NAME"),
         parse_capabilities(core_property(library, name, "OPTIMIZATION_CAPABILITIES"))});
  }
  library.ov_available_devices_free(&names);
  return devices;
}

}  // namespace tamis::openvino
