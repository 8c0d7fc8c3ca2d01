#pragma once

#include <onnxruntime_c_api.h>

#include <string>
#include <vector>

#include "runtime/plugin_side.h"

namespace tamis::ort {

/// ONNX Runtime, opened: its function table, and its one environment.
struct Library {
  const OrtApi* api = nullptr;
  OrtEnv* env = nullptr;
  std::string version;
  std::string file;
  std::vector<std::string> providers;
};

/// Opens the library that the settings and the search rule lead to; the first one wins for the
/// process's life. Steps library_found, loaded and version are appended. Throws unavailable. Thread
/// safe.
const Library& open_library(const RunSettings& settings, std::vector<ProbeStep>& steps);

/// Throws what `status` says, prefixed by `operation`; the status is released. Nothing when it is
/// null.
void check(const Library& library, OrtStatus* status, const char* operation);

}  // namespace tamis::ort
