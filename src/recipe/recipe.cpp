#include "recipe/recipe.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/units.h"
#include "passes/input_u8.h"
#include "recipe/steps.h"

namespace tamis {

Json to_json(const Recipe& recipe) {
  Json json = Json::array();
  for (const Step& step : recipe) json.push_back({{"name", step.name}, {"params", step.params}});
  return json;
}

Recipe parse_recipe(const Json& json) {
  Recipe recipe;
  for (const Json& step : json)
    recipe.push_back({step.at("name").get<std::string>(), step.value("params", Json::object())});
  return recipe;
}

std::vector<std::string> step_texts(const Recipe& recipe) {
  std::vector<std::string> texts;
  for (const Step& step : recipe) texts.push_back(find_step_kind(step.name).text(step.params));
  return texts;
}

const std::vector<StepKind>& step_kinds() {
  static const std::vector<StepKind> kinds{
      {"simplify",
       "fold constants, drop dead ends and identities, fuse batch normalisation",
       {.needs_card = false, .exact = true},
       &simplify_version,
       &simplify_text,
       &apply_simplify},
      {"resolution",
       "another height and width of the picture, baked shapes computed anew",
       {},
       &resolution_version,
       &resolution_text,
       &apply_resolution},
      {"head-cut",
       "the YOLO tail moved out of the graph, into a native decoder (yolov8-cut, yolov8-seg-cut)",
       {},
       &head_cut_version,
       &head_cut_text,
       &apply_head_cut},
      {"input-u8",
       "pictures of bytes [N,H,W,C] in, colour order and normalisation in the graph",
       {},
       &input_u8_version,
       &input_u8_text,
       &apply_input_u8},
      {"rewrites",
       "exact rewrites into what a runtime executes faster",
       {.needs_card = false, .exact = true},
       &rewrites_version,
       &rewrites_text,
       &apply_rewrites},
      {"fp16",
       "weights and arithmetic in FP16, inputs and outputs as they are",
       {.pictures = Pictures::used, .needs_card = false},
       &fp16_version,
       &fp16_text,
       &apply_fp16},
      {"int8-static",
       "INT8 weights and activations with ranges from calibration images (QDQ)",
       {.pictures = Pictures::required},
       &int8_static_version,
       &int8_static_text,
       &apply_int8_static},
      {"int8-dynamic",
       "INT8 matrix products, their inputs quantised as they come",
       {.needs_card = false},
       &int8_dynamic_version,
       &int8_dynamic_text,
       &apply_int8_dynamic},
      {"int8-weights",
       "weights of matrix products in blocks of 8 bits, activations in float",
       {.needs_card = false},
       &weights_version,
       &int8_weights_text,
       &apply_int8_weights},
      {"int4-weights",
       "weights of matrix products in blocks of 4 bits, activations in float",
       {.needs_card = false},
       &weights_version,
       &int4_weights_text,
       &apply_int4_weights},
      {"padim",
       "an anomaly detector from this backbone and good pictures",
       {.pictures = Pictures::required},
       &padim_version,
       &padim_text,
       &apply_padim},
  };
  return kinds;
}

const StepKind& find_step_kind(std::string_view name) {
  std::vector<std::string> known;
  for (const StepKind& kind : step_kinds()) {
    if (kind.name == name) return kind;
    known.emplace_back(kind.name);
  }
  throw Error(ErrorCode::invalid_argument,
              fmt::format("recipe: unknown step '{}'; {}", name, suggest(name, known)));
}

bool uses_calibration(const Recipe& recipe) {
  for (const Step& step : recipe)
    if (find_step_kind(step.name).traits.pictures != Pictures::none) return true;
  return false;
}

std::optional<std::size_t> find_step(const Recipe& recipe, std::string_view name) {
  for (std::size_t i = 0; i < recipe.size(); ++i)
    if (recipe[i].name == name) return i;
  return std::nullopt;
}

Json step_reasons(const Graph& graph, const Card& card) {
  const auto reason = [](const std::string& text) { return text.empty() ? Json() : Json(text); };
  return Json{{"head-cut", reason(head_cut_reason(graph, card))},
              {"input-u8", reason(input_u8_reason(graph))},
              {"rewrites", reason(rewrites_reason(graph))}};
}

std::string artefact_key(const std::string& parent_hash, const Card& card, const Recipe& recipe,
                         const std::vector<std::string>& calibration_hashes,
                         const std::vector<std::string>& runtimes) {
  Json key{{"parent", parent_hash}, {"card", to_json(card, false)}, {"recipe", to_json(recipe)}};
  for (const Step& step : recipe) key["versions"].push_back(find_step_kind(step.name).version());
  if (uses_calibration(recipe)) key["calibration"] = calibration_hashes;
  if (!runtimes.empty()) key["runtimes"] = runtimes;
  return hash_text(canonical_text(key));
}

}  // namespace tamis
