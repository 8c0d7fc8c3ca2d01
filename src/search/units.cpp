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

ArtefactInfo info_of(const Parent& parent) {
  ArtefactInfo info;
  info.size_bytes = parent.model.description.value("file_bytes", std::uint64_t{0});
  info.card = to_json(parent.card(), true);
  for (const char* side : {"inputs", "outputs"})
    info.io[side] = parent.model.description.value(side, Json::array());
  return info;
}

/// Then the file alone is not the model: building with an empty recipe makes one file of it.
bool has_external_data(const Parent& parent) {
  std::uint64_t whole = parent.model.description.value("file_bytes", std::uint64_t{0});
  constexpr std::uint64_t kSlack = 4096;
  return whole > fs::file_size(parent.model.file) + kSlack + whole / 20;
}

/// Of the original: what it is calibrated on.
CalibrationItems calibration_items(const SearchContext& context) {
  const ItemSet& set = context.plan.data.calibration;
  const SearchRequest& r = context.plan.request;
  const auto& path = set.dataset ? r.calibration.value_or(r.data).path : r.data.path;
  return {{path, set.split}, set.items, context.plan.data.calibration_hashes};
}

}  // namespace

BuildRequest build_request(const SearchContext& context, const Artefact& parent,
                           const std::optional<Step>& step, const fs::path& out) {
  BuildRequest request;
  request.parent = parent.model;
  request.parent_content = parent.content;
  request.made = parent.info;
  request.card = parent.card;
  request.step = step;
  const bool looks = step && find_step_kind(step->name).traits.pictures != Pictures::none;
  if (looks && !context.plan.data.calibration.items.empty())
    request.calibration = calibration_items(context);
  for (const Availability& a : context.place.backends) request.backends.push_back(a.backend);
  request.settings.backend = request.backends.empty() ? "ort" : request.backends.front();
  request.settings.threads = context.place.cores;
  request.settings.library = context.plan.library_of(request.settings.backend);
  request.libraries = context.plan.request.libraries;
  request.out = out;
  request.cache = context.cache->folder();
  request.check_parent =
      context.plan.agreement != nullptr;  // without a truth only the card is asked
  request.reference_version = context.place.version_of(request.settings.backend);
  return request;
}

namespace {

std::optional<Step> last_step(const Variant& variant) {
  return variant.recipe.empty() ? std::nullopt : std::optional(variant.recipe.back());
}

/// With the first steps of the recipe only.
Variant up_to(Variant variant, std::size_t steps) {
  variant.recipe.resize(steps);
  return variant;
}

std::size_t pictures_of(const SearchContext& context, const std::optional<Step>& step) {
  return step && uses_calibration(*step) ? context.plan.data.calibration.items.size() : 0;
}

/// One inference of the parent.
double parent_guess_s(const SearchContext& context, const Variant& variant) {
  return guessed_inference_s(context.parent_of(variant).model.description.value("macs", 0.0));
}

Patience build_patience(const SearchContext& context, const Variant& variant) {
  const std::optional<Step> step = last_step(variant);
  const double guess_s = parent_guess_s(context, variant);
  return patience_to_build(pictures_of(context, step), context.inference_s.value_or(guess_s));
}

std::string build_kind(const std::optional<Step>& step) {
  return "build " + (step ? step->name : "one file");
}

/// On the quick side: the first of a kind corrects it.
double build_guess_s(const SearchContext& context, const Variant& variant) {
  constexpr double kStart_s = 1, kChecks = 20, kPerItem = 3;
  const double guess_s = parent_guess_s(context, variant) / 4;
  const auto items = static_cast<double>(pictures_of(context, last_step(variant)));
  return kStart_s * context.plan.budget.slowness() +
         (kChecks + kPerItem * items) * context.inference_s.value_or(guess_s);
}

/// What a step at this place hangs on.
StepInputs step_inputs(const Plan& plan, const PlaceFacts& place) {
  StepInputs inputs{plan.data.calibration_hashes, {}};
  for (const Availability& a : place.backends)
    inputs.runtimes.push_back(a.backend + " " + a.version + " " + plan.library_of(a.backend));
  return inputs;
}

/// Of the original, then of what each step makes of it.
std::vector<std::string> keys_along(const SearchContext& context, const Variant& variant) {
  const Parent& parent = context.parent_of(variant);
  std::vector<std::string> keys{original_key(parent.model.hash, parent.card())};
  const StepInputs inputs = step_inputs(context.plan, context.place);
  for (const Step& step : variant.recipe) keys.push_back(artefact_key(keys.back(), step, inputs));
  return keys;
}

}  // namespace

double expected_build_s(const SearchContext& context, const Variant& variant) {
  const std::vector<std::string> keys = keys_along(context, variant);
  double seconds = 0;
  for (std::size_t i = variant.recipe.size(); i > 0; --i) {
    if (context.cache->find(keys[i])) break;
    const Variant part = up_to(variant, i);
    seconds +=
        context.plan.budget.expected_s(build_kind(last_step(part)), build_guess_s(context, part));
  }
  for (const std::string& key : keys)
    if (context.failed_builds.count(key) != 0) return 0;
  return seconds;
}

std::string recipe_key(const SearchContext& context, const Variant& variant) {
  return keys_along(context, variant).back();
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
std::optional<Artefact> find_artefact(SearchContext& context, const std::string& key,
                                      const Card& parent_card) {
  const auto folder = context.cache->find(key);
  if (!folder) return std::nullopt;
  try {
    ArtefactInfo info = parse_artefact_info(load_json(*folder / "artefact.json"));
    Card card = info.card.is_null() ? parent_card : parse_card(info.card);
    return Artefact{key, model_hash(context.cache->content(key)), *folder / "model.onnx",
                    std::move(info), std::move(card)};
  } catch (const std::exception& e) {
    context.cache->discard(key, folder->string() + ": " + e.what());
    return std::nullopt;
  }
}

Artefact original(const Parent& parent) {
  return {parent.model.hash, parent.model.hash, parent.model.file, info_of(parent), parent.card()};
}

/// Takes the last step, or none, on its parent, and puts what it gives into the cache.
void build_into_cache(SearchContext& context, const Variant& variant, const std::string& key) {
  const Artefact parent = ensure_last_parent(context, variant);
  const std::optional<Step> step = last_step(variant);
  TemporaryFolder temporary = context.cache->make_temporary();
  const BuildRequest request = build_request(context, parent, step, temporary.path());
  try {
    attempt(context, {key, build_command(context, variant)}, [&] {
      Budget::Unit unit(context.plan.budget, build_kind(step), build_guess_s(context, variant));
      context.lab->build(request, build_patience(context, variant), context.watch());
    });
  } catch (const Error& e) {
    if (!context.interrupted()) context.failed_builds.emplace(key, e);
    throw;
  }
  context.cache->publish(key, temporary.path());
}

}  // namespace

Artefact ensure_last_parent(SearchContext& context, const Variant& variant) {
  const std::size_t steps = variant.recipe.size();
  if (steps < 2) return original(context.parent_of(variant));
  return ensure_artefact(context, up_to(variant, steps - 1));
}

Artefact ensure_artefact(SearchContext& context, const Variant& variant) {
  const Parent& parent = context.parent_of(variant);
  if (variant.recipe.empty() && !has_external_data(parent)) return original(parent);
  const std::string key = recipe_key(context, variant);
  if (auto failed = context.failed_builds.find(key); failed != context.failed_builds.end())
    throw failed->second;
  if (auto found = find_artefact(context, key, parent.card())) return *found;
  build_into_cache(context, variant, key);
  if (auto built = find_artefact(context, key, parent.card())) return *built;
  throw Error(ErrorCode::io, "build: " + context.cache->folder().string() +
                                 " does not keep what is written to it; check its disk, or name "
                                 "another folder in TAMIS_CACHE_DIR");
}

std::string variant_key(SearchContext& context, const Variant& variant, const Artefact& artefact) {
  return hash_text(artefact.content + canonical_text(to_json(variant.settings)) +
                   context.place.version_of(variant.settings.backend) +
                   context.plan.library_of(variant.settings.backend) +
                   canonical_text(to_json(artefact.card, false)) +
                   (context.plan.from_pixels() ? "from pixels" : ""));
}

std::string answer_key(const SearchContext& context, const Variant& variant,
                       const Artefact& artefact, const std::string& output_hash) {
  const RunSettings& s = variant.settings;
  // Two batches may agree on the hashed outputs, which are those of each request's first picture.
  const std::string batch = s.batch.value_or(1) > 1 ? fmt::format("batch {}", *s.batch) : "";
  return artefact.content + s.backend + s.device + s.inference_precision.value_or("") + batch +
         context.place.version_of(s.backend) + output_hash +
         canonical_text(to_json(artefact.card, false));
}

ContestantSpec contestant_spec(SearchContext& context, const Variant& variant,
                               const Artefact& artefact) {
  ContestantSpec spec;
  spec.id = variant.id;
  spec.request = {
      artefact.model, artefact.card, variant.settings, false, {}, {}, context.plan.from_pixels()};
  spec.request.settings.library = context.plan.library_of(variant.settings.backend);
  spec.inputs = {DataSpec{context.plan.request.data.path, context.plan.data.evaluation.split},
                 measuring_items(context.plan.evaluation_order, &artefact.card,
                                 variant.settings.batch.value_or(1))};
  spec.under_load = context.plan.under_load();
  spec.content = artefact.content;
  return spec;
}

}  // namespace tamis
