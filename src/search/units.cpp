#include "search/units.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "base/hash.h"
#include "search/failures.h"

namespace tamis {
namespace fs = std::filesystem;
namespace {

std::string runtime_version(const SearchContext& context, const std::string& backend) {
  for (const Availability& a : context.backends)
    if (a.backend == backend) return a.version;
  return "";
}

}  // namespace

std::string library_of(const SearchContext& context, const std::string& backend) {
  auto named = context.request.libraries.find(backend);
  return named == context.request.libraries.end() ? "" : named->second;
}

namespace {

ArtefactInfo parent_info(const SearchContext& context) {
  ArtefactInfo info;
  info.size_bytes = context.model.description.value("file_bytes", std::uint64_t{0});
  info.card = to_json(context.card(), true);
  for (const char* side : {"inputs", "outputs"})
    info.io[side] = context.model.description.value(side, Json::array());
  return info;
}

/// Then the file alone is not the model: building with an empty recipe makes one file of it.
bool has_external_data(const SearchContext& context) {
  std::uint64_t whole = context.model.description.value("file_bytes", std::uint64_t{0});
  constexpr std::uint64_t kSlack = 4096;
  return whole > fs::file_size(context.model.file) + kSlack + whole / 20;
}

}  // namespace

namespace {

/// Of the original: what it is calibrated on.
CalibrationItems calibration_items(const SearchContext& context) {
  const ItemSet& set = context.data.calibration;
  const SearchRequest& r = context.request;
  const auto& path = set.dataset ? r.calibration.value_or(r.data).path : r.data.path;
  return {{path, set.split}, set.items, context.data.calibration_hashes};
}

}  // namespace

BuildRequest build_request(const SearchContext& context, const Artefact& parent,
                           const std::optional<Step>& step, const fs::path& out) {
  BuildRequest request;
  request.parent = parent.model;
  request.made = parent.info;
  request.card = parent.card;
  request.step = step;
  const bool looks = step && find_step_kind(step->name).traits.pictures != Pictures::none;
  if (looks && !context.data.calibration.items.empty())
    request.calibration = calibration_items(context);
  for (const Availability& a : context.facts.backends) request.backends.push_back(a.backend);
  request.settings.backend = request.backends.empty() ? "ort" : request.backends.front();
  request.settings.threads = context.facts.cores;
  request.settings.library = library_of(context, request.settings.backend);
  request.libraries = context.request.libraries;
  request.out = out;
  request.cache = context.cache->folder();
  request.check_parent = context.agreement != nullptr;  // without a truth only the card is asked
  request.reference_version = runtime_version(context, request.settings.backend);
  return request;
}

namespace {

std::size_t pictures_of(const SearchContext& context, const std::optional<Step>& step) {
  return step && uses_calibration(*step) ? context.data.calibration.items.size() : 0;
}

Patience build_patience(const SearchContext& context, const std::optional<Step>& step) {
  double guess_s = guessed_inference_s(context.model.description.value("macs", 0.0));
  return patience_to_build(pictures_of(context, step), context.inference_s.value_or(guess_s));
}

std::string build_kind(const std::optional<Step>& step) {
  return "build " + (step ? step->name : "one file");
}

/// On the quick side: the first of a kind corrects it.
double build_guess_s(const SearchContext& context, const std::optional<Step>& step) {
  constexpr double kStart_s = 1, kChecks = 20, kPerItem = 3;
  const double guess_s = guessed_inference_s(context.model.description.value("macs", 0.0)) / 4;
  const auto items = static_cast<double>(pictures_of(context, step));
  return kStart_s * context.budget.slowness() +
         (kChecks + kPerItem * items) * context.inference_s.value_or(guess_s);
}

StepInputs step_inputs(const SearchContext& context) {
  StepInputs inputs{context.data.calibration_hashes, {}};
  for (const Availability& a : context.facts.backends)
    inputs.runtimes.push_back(a.backend + " " + a.version + " " + library_of(context, a.backend));
  return inputs;
}

/// Of the original, then of what each step makes of it.
std::vector<std::string> keys_along(const SearchContext& context, const Recipe& recipe) {
  std::vector<std::string> keys{original_key(context.model.hash, context.card())};
  const StepInputs inputs = step_inputs(context);
  for (const Step& step : recipe) keys.push_back(artefact_key(keys.back(), step, inputs));
  return keys;
}

}  // namespace

double expected_build_s(const SearchContext& context, const Recipe& recipe) {
  const std::vector<std::string> keys = keys_along(context, recipe);
  double seconds = 0;
  for (std::size_t i = recipe.size(); i > 0; --i) {
    if (context.cache->find(keys[i])) break;
    seconds +=
        context.budget.expected_s(build_kind(recipe[i - 1]), build_guess_s(context, recipe[i - 1]));
  }
  for (const std::string& key : keys)
    if (context.failed_builds.count(key) != 0) return 0;
  return seconds;
}

std::string recipe_key(const SearchContext& context, const Recipe& recipe) {
  return keys_along(context, recipe).back();
}

namespace {

/// Of the files that are run: what is said about building them may differ between two builds.
std::string model_hash(const FolderContent& content) {
  std::string all;
  for (const auto& [name, file] : content)
    if (name != "artefact.json" && name != "model.card.yaml") all += name + file.hash;
  return hash_text(all);
}

/// From the cache, if it is there and sound (artefact_cache.h).
std::optional<Artefact> find_artefact(SearchContext& context, const std::string& key) {
  const auto folder = context.cache->find(key);
  if (!folder) return std::nullopt;
  try {
    ArtefactInfo info = parse_artefact_info(load_json(*folder / "artefact.json"));
    Card card = info.card.is_null() ? context.card() : parse_card(info.card);
    return Artefact{key, model_hash(context.cache->content(key)), *folder / "model.onnx",
                    std::move(info), std::move(card)};
  } catch (const std::exception& e) {
    context.cache->discard(key, folder->string() + ": " + e.what());
    return std::nullopt;
  }
}

Artefact original(const SearchContext& context) {
  return {context.model.hash, context.model.hash, context.model.file, parent_info(context),
          context.card()};
}

/// Takes the last step, or none, on its parent, and puts what it gives into the cache.
void build_into_cache(SearchContext& context, const Recipe& recipe, const std::string& key) {
  const Artefact parent = ensure_parent(context, recipe);
  const std::optional<Step> step = recipe.empty() ? std::nullopt : std::optional(recipe.back());
  TemporaryFolder temporary = context.cache->make_temporary();
  const BuildRequest request = build_request(context, parent, step, temporary.path());
  try {
    attempt(context, {key, build_command(context, recipe)}, [&] {
      Budget::Unit unit(context.budget, build_kind(step), build_guess_s(context, step));
      context.lab->build(request, build_patience(context, step), context.watch());
    });
  } catch (const Error& e) {
    if (!context.interrupted()) context.failed_builds.emplace(key, e);
    throw;
  }
  context.cache->publish(key, temporary.path());
}

}  // namespace

Artefact ensure_parent(SearchContext& context, const Recipe& recipe) {
  if (recipe.size() < 2) return original(context);
  return ensure_artefact(context, Recipe(recipe.begin(), recipe.end() - 1));
}

Artefact ensure_artefact(SearchContext& context, const Recipe& recipe) {
  if (recipe.empty() && !has_external_data(context)) return original(context);
  const std::string key = recipe_key(context, recipe);
  if (auto failed = context.failed_builds.find(key); failed != context.failed_builds.end())
    throw failed->second;
  if (auto found = find_artefact(context, key)) return *found;
  build_into_cache(context, recipe, key);
  if (auto built = find_artefact(context, key)) return *built;
  throw Error(ErrorCode::io, "build: " + context.cache->folder().string() +
                                 " does not keep what is written to it; check its disk, or name "
                                 "another folder in TAMIS_CACHE_DIR");
}

std::string variant_key(SearchContext& context, const Variant& variant, const Artefact& artefact) {
  return hash_text(artefact.content + canonical_text(to_json(variant.settings)) +
                   runtime_version(context, variant.settings.backend) +
                   library_of(context, variant.settings.backend) +
                   canonical_text(to_json(artefact.card, false)) +
                   (context.from_pixels() ? "from pixels" : ""));
}

std::string answer_key(const SearchContext& context, const Variant& variant,
                       const Artefact& artefact, const std::string& output_hash) {
  const RunSettings& s = variant.settings;
  return artefact.content + s.backend + s.device + s.inference_precision.value_or("") +
         runtime_version(context, s.backend) + output_hash +
         canonical_text(to_json(artefact.card, false));
}

ContestantSpec contestant_spec(SearchContext& context, const Variant& variant,
                               const Artefact& artefact) {
  ContestantSpec spec;
  spec.id = variant.id;
  spec.request = {artefact.model,       artefact.card, variant.settings, false, {}, {},
                  context.from_pixels()};
  spec.request.settings.library = library_of(context, variant.settings.backend);
  spec.inputs = {DataSpec{context.request.data.path, context.data.evaluation.split},
                 measuring_items(context.evaluation_order, &artefact.card)};
  spec.under_load = context.under_load();
  return spec;
}

}  // namespace tamis
