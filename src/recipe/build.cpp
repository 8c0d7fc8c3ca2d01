#include "recipe/build.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "base/error.h"
#include "base/files.h"
#include "base/hash.h"
#include "eval/card_check.h"
#include "eval/parent_check.h"
#include "execute/model_info.h"
#include "graph/inspect.h"
#include "graph/value_shapes.h"
#include "measure/visit.h"
#include "passes/free_shapes.h"
#include "recipe/feed.h"
#include "recipe/open_with_card.h"
#include "recipe/steps.h"
#include "runtime/tensor_info.h"

namespace tamis {
namespace fs = std::filesystem;
namespace {

std::string joined(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, " "));
}

/// The parent in the first runtime, on the calibration pictures.
CheckedModel parent_to_check(const BuildRequest& request) {
  return {request.parent, request.card.value(), reference_settings(request),
          request.calibration->data, request.calibration->items};
}

/// Sessions and pictures as the card now says: steps may change it.
void follow_card(BuildState& state, const BuildRequest& request) {
  state.open_reference = [card = state.known_card(), size = state.input_size(),
                          settings = reference_settings(request)](const fs::path& model) {
    OpenRequest open;
    open.model = model;
    open.settings = settings;
    open.lean = true;
    return open_with_card(open, card, size);
  };
  if (!request.calibration || state.graph.inputs().empty()) return;
  state.feed =
      make_calibration_feed(state.card, *request.calibration, state.graph.inputs()[0].type);
  state.calibration_key =
      hash_text(joined(request.calibration->hashes) + canonical_text(to_json(state.card, false)) +
                state.reference_backend + request.reference_version);
}

}  // namespace

RunSettings reference_settings(const BuildRequest& request) {
  RunSettings settings = request.settings;
  settings.backend = request.backends.front();
  settings.inference_precision = "f32";
  settings.graph_level.reset();
  return settings;
}

BuildState make_state(const BuildRequest& request) {
  BuildState state(Graph::load(request.parent), request.card);
  if (request.backends.empty())
    throw Error(ErrorCode::unavailable,
                "build: no runtime works here to fold and calibrate with; see tamis doctor");
  if (!state.has_card) state.given_size = request.input_size;
  if (const auto reason = value_dependent_output(state.graph, state.input_size()))
    throw Error(ErrorCode::unsupported, "build: " + *reason);
  state.reference_backend = request.backends.front();
  state.check_backends = request.backends;
  state.base_settings = request.settings;
  state.libraries = request.libraries;
  if (request.calibration) {
    state.cache = request.cache;
    if (request.check_parent) {
      state.check_parent = [request] { return tamis::check_parent(parent_to_check(request)); };
      state.doubt_card = [request] { return tamis::doubt_card(parent_to_check(request)); };
    }
  }
  follow_card(state, request);
  return state;
}

void apply_step(BuildState& state, const BuildRequest& request, const Step& step) {
  state.report = Json::object();
  const StepKind& kind = find_step_kind(step.name);
  if (kind.traits.needs_card && !state.has_card)
    throw Error(
        ErrorCode::invalid_argument,
        fmt::format("{}: needs the model's card; tamis inspect says what it lacks", kind.name));
  const std::string card = canonical_text(to_json(state.card, false));
  kind.apply(state, step.params);
  if (card != canonical_text(to_json(state.card, false))) follow_card(state, request);
}

ArtefactInfo build_artefact(const BuildRequest& request) {
  std::int64_t start = now_ns();
  BuildState state = make_state(request);
  ArtefactInfo info;
  info.recipe = request.recipe;
  for (const Step& step : request.recipe) {
    std::int64_t step_start = now_ns();
    const bool compare = request.check_exact && find_step_kind(step.name).traits.exact &&
                         &step == &request.recipe.back();
    const std::optional<Graph> before = compare ? std::optional(state.graph) : std::nullopt;
    apply_step(state, request, step);
    if (before) check_exact_in_runtimes(state, *before, state.check_backends);
    info.steps.push_back(
        {{"name", step.name}, {"wall_s", seconds_since(step_start)}, {"report", state.report}});
    for (const Json& check : state.report.value("checks", Json::array()))
      if (!check.at("refused").is_null())
        info.refused.push_back({{"runtime", check.at("runtime")}, {"reason", check.at("refused")}});
  }
  if (uses_calibration(request.recipe) && request.calibration) {
    info.calibration_hashes = request.calibration->hashes;
    // A parent that was calibrated before keeps its own items: these may not evaluate either.
    std::string all = joined(info.calibration_hashes);
    auto known = state.graph.metadata();
    if (auto own = known.find(kCalibrationMetadata); own != known.end()) all += " " + own->second;
    state.graph.set_metadata(kCalibrationMetadata, all);
  }
  if (state.has_card && !state.card.input_sizes.empty())
    free_shapes(state.graph, state.card.input_size);
  state.graph.verify();
  state.graph.save(request.out / "model.onnx");
  if (state.has_card) {
    save_file(request.out / "model.card.yaml", to_yaml(state.card));
    info.card = to_json(state.card, true);
  }
  const Json description = inspect_model(state.graph, state.input_size());
  info.io = {{"inputs", description.at("inputs")}, {"outputs", description.at("outputs")}};
  info.size_bytes = fs::file_size(request.out / "model.onnx");
  info.wall_s = seconds_since(start);
  info.peak_memory_bytes = peak_memory_bytes();
  save_json(request.out / "artefact.json", to_json(info));
  return info;
}

}  // namespace tamis
