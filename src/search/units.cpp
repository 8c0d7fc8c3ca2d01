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

constexpr std::size_t kMeasuringInputs =
    8;  // candidates; the first four that can be decoded are used

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

BuildRequest build_request(const SearchContext& context, const Recipe& recipe,
                           const fs::path& out) {
  BuildRequest request;
  request.parent = context.model.file;
  request.card = context.card();
  request.recipe = recipe;
  if (uses_calibration(recipe) && !context.data.calibration.items.empty())
    request.calibration =
        CalibrationItems{{context.data.calibration.dataset
                              ? context.request.calibration.value_or(context.request.data).path
                              : context.request.data.path,
                          context.data.calibration.split},
                         context.data.calibration.items,
                         context.data.calibration_hashes};
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

Patience build_patience(const SearchContext& context, const Recipe& recipe) {
  double guess_s = guessed_inference_s(context.model.description.value("macs", 0.0));
  std::size_t items = uses_calibration(recipe) ? context.data.calibration.items.size() : 0;
  return patience_to_build(items, context.inference_s.value_or(guess_s));
}

std::string build_kind(const Recipe& recipe) { return "build " + recipe.back().name; }

/// On the quick side: the first of a kind corrects it.
double build_guess_s(const SearchContext& context, const Recipe& recipe) {
  constexpr double kStart_s = 1, kChecks = 20, kPerItem = 3;
  const double guess_s = guessed_inference_s(context.model.description.value("macs", 0.0)) / 4;
  const double items =
      uses_calibration(recipe) ? static_cast<double>(context.data.calibration.items.size()) : 0;
  return kStart_s * context.budget.slowness() +
         (kChecks + kPerItem * items) * context.inference_s.value_or(guess_s);
}

}  // namespace

double expected_build_s(const SearchContext& context, const Recipe& recipe) {
  if (recipe.empty()) return 0;
  const std::string key = recipe_key(context, recipe);
  if (context.failed_builds.count(key) != 0 || context.cache->find(key)) return 0;
  return context.budget.expected_s(build_kind(recipe), build_guess_s(context, recipe));
}

std::string recipe_key(const SearchContext& context, const Recipe& recipe) {
  std::vector<std::string> runtimes;
  for (const Availability& a : context.facts.backends)
    runtimes.push_back(a.backend + " " + a.version + " " + library_of(context, a.backend));
  return artefact_key(context.model.hash, context.card(), recipe, context.data.calibration_hashes,
                      runtimes);
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
    if (info.io.is_null()) info.io = parent_info(context).io;  // from before steps changed them
    Card card = info.card.is_null() ? context.card() : parse_card(info.card);
    return Artefact{key, model_hash(context.cache->content(key)), *folder / "model.onnx",
                    std::move(info), std::move(card)};
  } catch (const std::exception& e) {
    context.cache->discard(key, folder->string() + ": " + e.what());
    return std::nullopt;
  }
}

}  // namespace

Artefact ensure_artefact(SearchContext& context, const Recipe& recipe) {
  if (recipe.empty() && !has_external_data(context))
    return {context.model.hash, context.model.hash, context.model.file, parent_info(context),
            context.card()};
  std::string key = recipe_key(context, recipe);
  if (auto failed = context.failed_builds.find(key); failed != context.failed_builds.end())
    throw failed->second;
  if (auto found = find_artefact(context, key)) return *found;
  {
    TemporaryFolder temporary = context.cache->make_temporary();
    const BuildRequest request = build_request(context, recipe, temporary.path());
    try {
      attempt(context, {key, build_command(context, recipe)}, [&] {
        Budget::Unit unit(context.budget, build_kind(recipe), build_guess_s(context, recipe));
        context.lab->build(request, build_patience(context, recipe));
      });
    } catch (const Error& e) {
      context.failed_builds.emplace(key, e);
      throw;
    }
    context.cache->publish(key, temporary.path());
  }
  if (auto built = find_artefact(context, key)) return *built;
  throw Error(ErrorCode::io, "build: " + context.cache->folder().string() +
                                 " does not keep what is written to it; see whether its disk is "
                                 "sound, or name another folder in TAMIS_CACHE_DIR");
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
  std::vector<std::size_t> items = context.evaluation_order;
  const bool one_shape = artefact.card.input_sizes.empty();  // else shares are counted over all
  if (one_shape && items.size() > kMeasuringInputs) items.resize(kMeasuringInputs);
  spec.inputs = {DataSpec{context.request.data.path, context.data.evaluation.split}, items};
  spec.under_load = context.under_load();
  return spec;
}

}  // namespace tamis
