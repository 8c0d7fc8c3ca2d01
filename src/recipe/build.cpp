#include "recipe/build.h"

#include <fmt/format.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/files.h"
#include "base/hash.h"
#include "execute/opened_model.h"
#include "graph/inspect.h"
#include "measure/visit.h"
#include "recipe/feed.h"
#include "recipe/parent_check.h"
<<<<<<< HEAD
#include "runtime/tensor_info.h"
=======
#include "recipe/steps.h"
>>>>>>> main

namespace tamis {
namespace fs = std::filesystem;
namespace {

std::string joined(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, " "));
}

<<<<<<< HEAD
/// Pictures as the card now says them: steps may change it.
void feed_as_the_card_says(BuildState& state, const BuildRequest& request) {
  state.feed =
      make_calibration_feed(state.card, *request.calibration, state.graph.inputs().at(0).type);
  state.calibration_key =
      hash_text(joined(request.calibration->hashes) + canonical_text(to_json(state.card, false)) +
                state.reference_backend + request.reference_version);
}
=======
}  // namespace
>>>>>>> main

BuildState make_state(const BuildRequest& request) {
  BuildState state(Graph::load(request.parent), request.card);
  if (request.backends.empty())
    throw Error(ErrorCode::unavailable,
                "build: no runtime works here to fold and calibrate with; see tamis doctor");
  state.reference_backend = request.backends.front();
  state.check_backends = request.backends;
  state.base_settings = request.settings;
  state.libraries = request.libraries;
  Card card = request.card;
  RunSettings settings = request.settings;
  settings.backend = state.reference_backend;
  settings.inference_precision = "f32";
  settings.graph_level.reset();
  state.open_reference = [card, settings](const fs::path& model) {
    // A folded subgraph has no picture as its input: only models that take one get the card's size.
    Graph graph = Graph::load(model);
    OpenRequest open{model, settings, {}, false, {}};
    auto inputs = graph.inputs();
    if (inputs.size() == 1 && inputs[0].shape.size() == 4 && !concrete_shape(inputs[0]))
      open.input_shapes = {{1, card.channels(), card.input_size.height, card.input_size.width}};
    return find_backend(settings.backend)->open(open);
  };
  if (request.calibration && !state.graph.inputs().empty()) {
    state.cache = request.cache;
    if (request.check_parent)
      state.check_parent = [request] { return tamis::check_parent(request); };
    feed_as_the_card_says(state, request);
  }
  return state;
}

ArtefactInfo build_artefact(const BuildRequest& request) {
  std::int64_t start = now_ns();
  BuildState state = make_state(request);
  ArtefactInfo info;
  info.recipe = request.recipe;
  for (const Step& step : request.recipe) {
    std::int64_t step_start = now_ns();
    state.report = Json::object();
    const std::string card = canonical_text(to_json(state.card, false));
    find_step_kind(step.name).apply(state, step.params);
    if (state.feed && card != canonical_text(to_json(state.card, false)))
      feed_as_the_card_says(state, request);
    info.steps.push_back(
        {{"name", step.name}, {"wall_s", seconds_since(step_start)}, {"report", state.report}});
    for (const Json& check : state.report.value("checks", Json::array()))
      if (!check.at("refused").is_null())
        info.refused.push_back({{"runtime", check.at("runtime")}, {"reason", check.at("refused")}});
  }
  if (needs_calibration(request.recipe) && request.calibration) {
    info.calibration_hashes = request.calibration->hashes;
    // A parent that was calibrated before keeps its own items: these may not evaluate either.
    std::string all = joined(info.calibration_hashes);
    auto known = state.graph.metadata();
    if (auto own = known.find(kCalibrationMetadata); own != known.end()) all += " " + own->second;
    state.graph.set_metadata(kCalibrationMetadata, all);
  }
  state.graph.verify();
  state.graph.save(request.out / "model.onnx");
  save_file(request.out / "model.card.yaml", to_yaml(state.card));
  info.card = to_json(state.card, true);
  const Json description = inspect_model(state.graph, state.card.input_size);
  info.io = {{"inputs", description.at("inputs")}, {"outputs", description.at("outputs")}};
  info.size_bytes = fs::file_size(request.out / "model.onnx");
  info.wall_s = seconds_since(start);
  info.peak_memory_bytes = peak_memory_bytes();
  save_json(request.out / "artefact.json", to_json(info));
  return info;
}

}  // namespace tamis
