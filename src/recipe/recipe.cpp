#include "recipe/recipe.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/units.h"
#include "passes/input_u8.h"
#include "recipe/steps.h"

namespace tamis {

Json to_json(const Step& step) { return {{"name", step.name}, {"params", step.params}}; }

Step parse_step(const Json& json) {
  return {json.at("name").get<std::string>(), json.value("params", Json::object())};
}

Json to_json(const Recipe& recipe) {
  Json json = Json::array();
  for (const Step& step : recipe) json.push_back(to_json(step));
  return json;
}

Recipe parse_recipe(const Json& json) {
  Recipe recipe;
  for (const Json& step : json) recipe.push_back(parse_step(step));
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
       {.pictures = Pictures::probed, .needs_card = false, .exact = true},
       &simplify_version,
       &simplify_text,
       &apply_simplify},
      {"resolution",
       "another height and width of the image; fixed shapes are computed again",
       {.pictures = Pictures::probed},
       &resolution_version,
       &resolution_text,
       &apply_resolution},
      {"free-shapes",
       "height and width of the image left open, after all steps that need them fixed",
       {},
       &free_shapes_version,
       &free_shapes_text,
       &apply_free_shapes},
      {"head-cut",
       "the YOLO tail moved out of the graph, into a native decoder (yolov8-cut, yolov8-seg-cut)",
       {.pictures = Pictures::probed},
       &head_cut_version,
       &head_cut_text,
       &apply_head_cut},
      {"input-u8",
       "images as bytes [N,H,W,C] as input; colour order and normalisation in the graph",
       {},
       &input_u8_version,
       &input_u8_text,
       &apply_input_u8},
      {"rewrites",
       "exact rewrites that a runtime executes faster",
       {.pictures = Pictures::probed, .needs_card = false, .exact = true},
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
       "INT8 matrix products, whose inputs are quantised at run time",
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
       "an anomaly detector from this backbone and good images",
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

bool uses_calibration(const Step& step) {
  const Pictures pictures = find_step_kind(step.name).traits.pictures;
  return pictures == Pictures::used || pictures == Pictures::required;
}

std::optional<std::size_t> find_step(const Recipe& recipe, std::string_view name) {
  for (std::size_t i = 0; i < recipe.size(); ++i)
    if (recipe[i].name == name) return i;
  return std::nullopt;
}

void free_sets_of_shapes(Recipe& recipe) {
  const auto at = find_step(recipe, "resolution");
  if (at && recipe[*at].params.contains("sizes") && !find_step(recipe, "free-shapes"))
    recipe.push_back({"free-shapes", Json::object()});
}

Json step_reasons(const Graph& graph, const Card& card) {
  const auto reason = [](const std::string& text) { return text.empty() ? Json() : Json(text); };
  return Json{{"head-cut", reason(head_cut_reason(graph, card))},
              {"input-u8", reason(input_u8_reason(graph))},
              {"rewrites", reason(rewrites_reason(graph))}};
}

std::string original_key(const std::string& content, const std::optional<Card>& card) {
  const Json key{{"original", content}, {"card", card ? to_json(*card, false) : Json()}};
  return hash_text(canonical_text(key));
}

std::string artefact_key(const std::string& parent_key, const Step& step,
                         const StepInputs& inputs) {
  Json key{{"parent", parent_key},
           {"step", to_json(step)},
           {"version", find_step_kind(step.name).version()},
           {"runtimes", inputs.runtimes}};
  if (uses_calibration(step)) key["pictures"] = inputs.pictures;
  return hash_text(canonical_text(key));
}

std::string artefact_key(const std::string& original_key, const Recipe& recipe,
                         const StepInputs& inputs) {
  std::string key = original_key;
  for (const Step& step : recipe) key = artefact_key(key, step, inputs);
  return key;
}

}  // namespace tamis
