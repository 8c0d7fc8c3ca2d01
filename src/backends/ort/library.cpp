#include "backends/ort/library.h"

#include <cstdlib>

namespace tamis::ort {
namespace {

LibrarySearch search_for(const RunSettings& settings) {
  return {settings.library,
          "TAMIS_ORT_LIBRARY",
          "libonnxruntime.so",
          "onnxruntime",
          {TAMIS_ORT_BUILD_FOLDER, dependency_folder(TAMIS_ORT_NAME) / "onnxruntime" / "capi"},
          "onnxruntime/capi",
          "onnxruntime"};
}

/// What ONNX Runtime says beside its statuses goes nowhere: errors come back as statuses.
void ORT_API_CALL drop_message(void*, OrtLoggingLevel, const char*, const char*, const char*,
                               const char*) {}

std::vector<std::string> available_providers(const Library& library) {
  char** names = nullptr;
  int count = 0;
  check(library, library.api->GetAvailableProviders(&names, &count), "list providers");
  std::vector<std::string> providers(names, names + count);
  check(library, library.api->ReleaseAvailableProviders(names, count), "list providers");
  return providers;
}

/// ONNX Runtime 1.31 collects usage, resolves its maker's host and writes a device number to the
/// user's cache as soon as it is loaded, unless this is set before (its Privacy.md); asking the
/// environment object to stop comes too late.
void forbid_telemetry() { ::setenv("ORT_DISABLE_TELEMETRY", "1", 1); }

Library load(const RunSettings& settings, std::vector<ProbeStep>& steps) {
  forbid_telemetry();
  FoundLibrary found = tamis::open_library(search_for(settings), steps);
  Library library;
  library.file = found.library.file().string();
  const OrtApiBase* base =
      found.library.function<const OrtApiBase* (*)() noexcept>("OrtGetApiBase")();
  library.version = base->GetVersionString();
  library.api = base->GetApi(ORT_API_VERSION);
  if (library.api == nullptr) {
    std::string detail = "ONNX Runtime " + library.version + " does not have C API " +
                         std::to_string(ORT_API_VERSION);
    steps.push_back({"version", false, detail, "use ONNX Runtime 1.21 or newer"});
    throw Error(ErrorCode::unavailable, detail);
  }
  check(library,
        library.api->CreateEnvWithCustomLogger(drop_message, nullptr, ORT_LOGGING_LEVEL_ERROR,
                                               "tamis", &library.env),
        "start ONNX Runtime");
  check(library, library.api->DisableTelemetryEvents(library.env), "start ONNX Runtime");
  library.providers = available_providers(library);
  steps.push_back({"version", true, library.version, ""});
  return library;
}

ErrorCode code_of(OrtErrorCode code) {
  switch (code) {
    case ORT_NO_SUCHFILE:
      return ErrorCode::not_found;
    case ORT_INVALID_PROTOBUF:
    case ORT_INVALID_GRAPH:
    case ORT_NO_MODEL:
      return ErrorCode::corrupt_data;
    case ORT_NOT_IMPLEMENTED:
    case ORT_EP_FAIL:
      return ErrorCode::unsupported;
    default:
      return ErrorCode::backend_failed;
  }
}

}  // namespace

const Library& open_library(const RunSettings& settings, std::vector<ProbeStep>& steps) {
  return open_once(load, settings, steps);
}

void check(const Library& library, OrtStatus* status, const char* operation) {
  if (status == nullptr) return;
  ErrorCode code = code_of(library.api->GetErrorCode(status));
  std::string text = std::string(operation) + ": " + library.api->GetErrorMessage(status);
  library.api->ReleaseStatus(status);
  // It has no code of its own.
  if (text.find("Failed to allocate memory") != std::string::npos)
    throw Error(ErrorCode::unavailable,
                std::string(operation) +
                    ": this machine has not enough memory for the model's "
                    "values; use a smaller input size or batch, or end other programs");
  throw Error(code, text);
}

}  // namespace tamis::ort
