#include <fmt/format.h>

#include <algorithm>

#include "grid/axes.h"
#include "grid/variant.h"

namespace tamis {
namespace {

/// "int8-static(ort) + head-cut": the precision first, then what else was changed, the resolution
/// left out.
std::string made_text(const Recipe& recipe) {
  if (recipe.empty()) return "original";
  std::string precision = "fp32", others;
  for (const Step& step : recipe) {
    const std::string text = find_step_kind(step.name).text(step.params);
    const std::vector<std::string>& known = find_axis("precision").known;
    if (std::find(known.begin(), known.end(), step.name) != known.end())
      precision = text;
    else if (step.name != "simplify" && step.name != "resolution" && step.name != "free-shapes")
      others += " + " + text;
  }
  return precision + others;
}

}  // namespace

std::string variant_name(const Variant& variant) {
  const RunSettings& s = variant.settings;
  std::vector<std::string> parts;
  if (auto at = find_step(variant.recipe, "resolution"))
    parts.push_back(find_step_kind("resolution").text(variant.recipe[*at].params));
  parts.push_back(made_text(variant.recipe));
  parts.push_back(s.backend);
  if (s.device != kUsualDevice) parts.push_back(s.device);
  for (std::string& text : setting_texts(s)) parts.push_back(std::move(text));
  return fmt::format("{}", fmt::join(parts, " · "));
}

}  // namespace tamis
