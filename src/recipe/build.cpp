#include "recipe/build.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/clock.h"
#include "base/error.h"
#include "base/files.h"
#include "base/hash.h"
#include "eval/card_check.h"
#include "eval/parent_check.h"
#include "graph/inspect.h"
#include "graph/value_shapes.h"
#include "measure/visit.h"
#include "place/model_info.h"
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

using Feed = std::function<void(const std::function<void(std::span<const Tensor>)>&)>;

/// The same, and tells of each sample.
Feed telling_feed(Feed feed, const WorkDone& begin, const TellProgress& tell) {
  if (!tell) return feed;
  return [feed = std::move(feed), begin,
          tell](const std::function<void(std::span<const Tensor>)>& use) {
    WorkDone work = begin;
    feed([&](std::span<const Tensor> sample) {
      use(sample);
      ++work.done;
      tell(work);
    });
  };
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
  state.feed = telling_feed(
      make_calibration_feed(state.card, *request.calibration, state.graph.inputs()[0].type),
      {request.step ? request.step->name + ": images" : "images", 0,
       request.calibration->items.size()},
      state.tell);
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

BuildState make_state(const BuildRequest& request, const TellProgress& tell) {
  BuildState state(Graph::load(request.parent), request.card);
  state.tell = tell;
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
      state.normalisation_warning = [request] {
        return tamis::normalisation_warning(parent_to_check(request));
      };
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

namespace {

/// Applies the request's step and says what it did in `info`.
void take_step(BuildState& state, const BuildRequest& request, ArtefactInfo& info) {
  const Step& step = *request.step;
  const std::int64_t start = now_ns();
  const bool compare = request.check_exact && find_step_kind(step.name).traits.exact;
  const std::optional<Graph> before = compare ? std::optional(state.graph) : std::nullopt;
  apply_step(state, request, step);
  if (before) check_exact_in_runtimes(state, *before, state.check_backends);
  info.recipe.push_back(step);
  info.steps.push_back(
      {{"name", step.name}, {"wall_s", seconds_since(start)}, {"report", state.report}});
  for (const Json& check : state.report.value("checks", Json::array()))
    if (!check.at("refused").is_null())
      info.refused.push_back({{"runtime", check.at("runtime")}, {"reason", check.at("refused")}});
}

/// Those that are not there yet.
void add_hashes(std::vector<std::string>& known, const std::vector<std::string>& more) {
  std::set<std::string> there(known.begin(), known.end());
  for (const std::string& hash : more)
    if (there.insert(hash).second) known.push_back(hash);
}

/// A parent that was calibrated before keeps its own items: these may not evaluate either.
void note_calibration(Graph& graph, const std::vector<std::string>& hashes) {
  std::vector<std::string> all = hashes;
  const auto known = graph.metadata();
  if (auto own = known.find(kCalibrationMetadata); own != known.end())
    add_hashes(all, parse_calibration_hashes(own->second));
  graph.set_metadata(kCalibrationMetadata, joined(all));
}

}  // namespace

ArtefactInfo build_artefact(const BuildRequest& request, const TellProgress& tell) {
  std::int64_t start = now_ns();
  BuildState state = make_state(request, tell);
  ArtefactInfo info = request.made;
  if (request.step) take_step(state, request, info);
  if (request.step && uses_calibration(*request.step) && request.calibration) {
    add_hashes(info.calibration_hashes, request.calibration->hashes);
    note_calibration(state.graph, request.calibration->hashes);
  }
  state.graph.verify();
  state.graph.save(request.out / "model.onnx");
  if (state.has_card) {
    save_file(request.out / "model.card.yaml", to_yaml(state.card));
    info.card = to_json(state.card, true);
  }
  const Json description = inspect_model(state.graph, state.input_size());
  info.io = {{"inputs", description.at("inputs")}, {"outputs", description.at("outputs")}};
  info.size_bytes = fs::file_size(request.out / "model.onnx");
  info.wall_s += seconds_since(start);
  info.peak_memory_bytes = std::max(info.peak_memory_bytes, peak_memory_bytes());
  save_json(request.out / "artefact.json", to_json(info));
  return info;
}

}  // namespace tamis
