#pragma once

#include <onnxruntime_c_api.h>

#include <string>
#include <utility>
#include <vector>

#include "runtime/backend.h"

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

/// Calls a release function of the table at the end of the scope.
template <typename T>
class Owned {
 public:
  using Release = void(ORT_API_CALL*)(T*);
  explicit Owned(Release release, T* object = nullptr) : release_(release), object_(object) {}
  Owned(Owned&& other) noexcept
      : release_(other.release_), object_(std::exchange(other.object_, nullptr)) {}
  Owned& operator=(Owned&& other) noexcept {
    std::swap(object_, other.object_);
    std::swap(release_, other.release_);
    return *this;
  }
  ~Owned() {
    if (object_ != nullptr) release_(object_);
  }
  T* get() const { return object_; }
  T** out() { return &object_; }

 private:
  Release release_;
  T* object_;
};

}  // namespace tamis::ort
