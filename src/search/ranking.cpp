#include <fmt/format.h>

#include "base/hash.h"
#include "search/failures.h"
#include "search/mixed_precision.h"
#include "search/units.h"

namespace tamis {

bool is_plain_int8(const Recipe& recipe) {
  const std::optional<std::size_t> place = find_step(recipe, "int8-static");
  if (!place) return false;
  const Json& params = recipe[*place].params;
  return !params.contains("keep_float") && !params.contains("float_layers");
}

std::vector<std::size_t> fp32_layer_counts(std::size_t layers) {
  std::vector<std::size_t> counts;
  for (std::size_t count : {32, 24, 16, 12, 8, 6, 4, 3, 2, 1})
    if (2 * count <= layers) counts.push_back(count);
  return counts;
}

Recipe with_layers_in_fp32(const Recipe& recipe, const Sensitivity& ranking, std::size_t count) {
  Recipe mixed = recipe;
  Json names = Json::array();
  for (std::size_t i = 0; i < count; ++i) names.push_back(ranking.order.at(i).node);
  mixed.at(find_step(recipe, "int8-static").value()).params["keep_float"] = names;
  return mixed;
}

namespace {

/// What comes after quantising changes no layer.
Variant quantising_part(Variant variant) {
  variant.recipe.resize(find_step(variant.recipe, "int8-static").value() + 1);
  return variant;
}

std::string ranking_key(const SearchContext& context, const Variant& variant) {
  return hash_text("ranking/1" + recipe_key(context, quantising_part(variant)) +
                   canonical_text(to_json(variant.settings)) + context.place.hash);
}

}  // namespace

bool is_ranked(const SearchContext& context, const Variant& variant) {
  return context.store->find(Kind::measurement, ranking_key(context, variant)).has_value();
}

Sensitivity ensure_ranking(SearchContext& context, const Variant& variant) {
  const Variant quantised = quantising_part(variant);
  const std::string key = ranking_key(context, variant);
  if (auto stored = context.store->find_as(Kind::measurement, key, parse_sensitivity))
    return *stored;
  constexpr std::size_t kModels = 64;  // about so many are built, each run on a few items
  RunSettings settings = variant.settings;
  settings.library = context.plan.library_of(settings.backend);
  double guess_s =
      guessed_inference_s(context.parent_of(variant).model.description.value("macs", 0.0));
  const Artefact parent = ensure_last_parent(context, quantised);
  Sensitivity ranking = attempt(context, {key, build_command(context, quantised)}, [&] {
    return context.lab->rank_layers(
        build_request(context, parent, quantised.recipe.back(), {}), settings,
        patience_to_build(context.plan.data.calibration.items.size() + kModels,
                          context.inference_s.value_or(guess_s)),
        context.watch());
  });
  context.store->put(Kind::measurement, key, to_json(ranking));
  return ranking;
}

}  // namespace tamis
