#pragma once

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "base/child.h"
#include "base/files.h"
#include "base/json.h"
#include "execute/opened_model.h"
#include "place/local_place.h"

namespace tamis::testing {

/// Makes workers of the build known, and the fake backend, until the object goes.
class FakeBackend {
 public:
  FakeBackend() {
    ignore_broken_pipes();  // as the programs do: a worker may die while it is written to
    ::setenv("TAMIS_ENABLE_FAKE_BACKEND", "1", 1);
    ::setenv("TAMIS_WORKER", TAMIS_BINARY_DIR "/tamis-worker", 1);
    ::setenv("TAMIS_PLUGIN_DIR", TAMIS_BINARY_DIR "/plugins", 1);
  }
  ~FakeBackend() {
    for (const char* name : {"TAMIS_ENABLE_FAKE_BACKEND", "TAMIS_WORKER", "TAMIS_PLUGIN_DIR"})
      ::unsetenv(name);
  }
  FakeBackend(const FakeBackend&) = delete;
  FakeBackend& operator=(const FakeBackend&) = delete;

  /// A model of the fake backend: grey 8 x 8 pictures, five classes by their mean.
  std::filesystem::path model() const {
    save_file(folder_.path() / "model.json", std::string_view(R"({"fake_model": 1,
      "answers": "mean", "inputs": [{"name": "x", "type": "f32", "shape": [1, 1, 8, 8]}],
      "outputs": [{"name": "y", "type": "f32", "shape": [1, 5]}]})"));
    return folder_.path() / "model.json";
  }

  /// `behaviour`: the keys of backends/fake/behaviour.h.
  ExecuteRequest request(const Json& behaviour, std::optional<Card> card = {}) const {
    ExecuteRequest request;
    request.model = model();
    request.card = std::move(card);
    request.settings.backend = "fake";
    request.settings.extra = behaviour;
    return request;
  }

  /// The card that fits the model: x = pixel / 255.
  static Card card() {
    return parse_card(Json{{"task", "classify"},
                           {"input",
                            {{"size", {8, 8}},
                             {"color", "gray"},
                             {"scale", 255},
                             {"mean", {0}},
                             {"std", {1}},
                             {"resize", "stretch"}}},
                           {"decoder", "classifier"}});
  }

  std::filesystem::path folder() const { return folder_.path(); }
  Place& place() const { return place_; }  ///< that starts these workers

 private:
  mutable LocalPlace place_;
  TemporaryFolder folder_{"tamis-fake"};
};

}  // namespace tamis::testing
