#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "backends/tiny_models.h"
#include "base/files.h"
#include "runtime/backend.h"

namespace tamis {

inline TinyModel tiny_model(const std::string& name) {
  for (TinyModel& model : tiny_models())
    if (model.name == name) return model;
  throw std::runtime_error("no tiny model " + name);
}

/// A tiny model's session; `change` may edit the request.
template <typename Change>
std::unique_ptr<Session> open_tiny(const std::string& backend, const TinyModel& model,
                                   Change&& change) {
  TemporaryFolder folder("tamis-test");
  OpenRequest request;
  request.model = folder.path() / "model.onnx";
  save_file(request.model, model.bytes);
  request.settings.backend = backend;
  for (const TinyTensor& input : model.inputs) request.input_shapes.push_back(input.shape);
  change(request);
  return find_backend(backend)->open(request);
}

inline std::unique_ptr<Session> open_tiny(const std::string& backend, const TinyModel& model) {
  return open_tiny(backend, model, [](OpenRequest&) {});
}

}  // namespace tamis
