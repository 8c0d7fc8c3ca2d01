#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "base/units.h"
#include "grid/axes.h"
#include "grid/baseline.h"

namespace tamis {
namespace {

using Values = std::vector<std::string>;
using Asked = std::map<std::string, Values>;

/// The values of one axis at one point: those worth trying, or those asked for that exist there.
Values values_here(const Axis& axis, const GridFacts& facts, const Choice& chosen,
                   const Asked& asked, bool every) {
  auto wanted = asked.find(std::string(axis.name));
  if (wanted == asked.end()) return axis.values(facts, chosen, every);
  Values existing = axis.values(facts, chosen, true);
  if (existing.empty()) return {};
  auto holds = [](const Values& values, const std::string& value) {
    return std::find(values.begin(), values.end(), value) != values.end();
  };
  Values both;
  for (const std::string& value : wanted->second)
    if (!holds(both, value) && (axis.known.empty() || holds(existing, value)))
      both.push_back(value);
  return both;
}

/// Naming values of an axis of the interface allows them.
GridFacts with_allowed(GridFacts facts, const Asked& asked) {
  for (const auto& [axis, values] : asked) facts.plan.allow.insert(axis);
  return facts;
}

struct Expansion {
  const GridFacts& facts;
  const Asked& asked;
  bool every;
  std::vector<Choice> points;

  void expand(std::size_t at, const Choice& chosen) {
    if (at == axes().size()) {
      points.push_back(chosen);
      return;
    }
    const Axis& axis = axes()[at];
    std::string name(axis.name);
    Values here = values_here(axis, facts, chosen, asked, every);
    bool applies = !axis.values(facts, chosen, true).empty();
    Choice next = chosen;
    if (!applies && name == "backend") return;  // nothing runs there
    if (!applies) {
      next[name] = "";
      expand(at + 1, next);
    }
    for (const std::string& value : here) {
      next[name] = value;
      expand(at + 1, next);
    }
  }
};

Variant to_variant(const Choice& choice, const GridFacts& facts) {
  Variant variant;
  for (const Axis& axis : axes())
    if (const std::string& value = choice.at(std::string(axis.name)); !value.empty())
      axis.apply(variant, value, facts.parent, facts.place);
  free_sets_of_shapes(variant.recipe);
  return variant;
}

/// Why the value appears at no point of the grid.
std::string why_unused(const GridFacts& facts, const Asked& asked, const Axis& axis,
                       const std::string& value) {
  const std::string name(axis.name);
  if (axis.why_not != nullptr)
    if (std::string why = axis.why_not(facts, asked, value); !why.empty()) return why;
  const auto& nothing = facts.parent.nothing_to_choose;
  if (auto why = nothing.find(name); why != nothing.end()) return why->second + "; leave it out";
  return "nothing here can run that; see tamis doctor";
}

/// A value that was asked for but appears at no point is an error, not a silent omission.
void check_all_used(const std::vector<Choice>& points, const GridFacts& facts, const Asked& asked) {
  for (const auto& [name, values] : asked)
    for (const std::string& value : values) {
      bool used = std::any_of(points.begin(), points.end(),
                              [&, &axis = name](const Choice& p) { return p.at(axis) == value; });
      if (!used)
        throw Error(ErrorCode::unavailable,
                    fmt::format("--{} {}: {}", name, value,
                                why_unused(facts, asked, find_axis(name), value)));
    }
}

bool same(const Variant& a, const Variant& b) {
  return canonical_text(to_json(a.recipe)) == canonical_text(to_json(b.recipe)) &&
         canonical_text(to_json(a.settings)) == canonical_text(to_json(b.settings));
}

void number_them(std::vector<Variant>& variants) {
  for (std::size_t i = 0; i < variants.size(); ++i) variants[i].id = fmt::format("v{:02}", i + 1);
}

/// All points; the baseline of the settings first.
std::vector<Variant> grid_with(const Variant& baseline, const GridFacts& facts, const Asked& asked,
                               bool every) {
  Expansion expansion{facts, asked, every, {}};
  expansion.expand(0, {});
  check_all_used(expansion.points, facts, asked);
  std::vector<Variant> variants{baseline};
  for (const Choice& point : expansion.points) variants.push_back(to_variant(point, facts));
  number_them(variants);
  return variants;
}

/// On the first of the devices that are asked for.
Variant usual_baseline(const GridFacts& facts, const Asked& asked) {
  const auto devices = asked.find("device");
  return baseline_variant(facts, devices == asked.end() ? kUsualDevice : devices->second.front());
}

/// The variant of the whole grid that the id names, then the others.
std::vector<Variant> grid_from_id(const GridFacts& facts, const Asked& asked, bool every) {
  Variant usual = usual_baseline(facts, asked);
  std::vector<Variant> whole = grid_with(usual, facts, asked, true);
  auto named = std::find_if(whole.begin(), whole.end(),
                            [&](const Variant& v) { return v.id == facts.plan.baseline; });
  if (named == whole.end())
    throw Error(ErrorCode::not_found,
                fmt::format("--baseline {}: no such variant; tamis sweep --dry-run with the same "
                            "options lists v01 to {}",
                            facts.plan.baseline, whole.back().id));
  std::vector<Variant> variants{*named};
  for (Variant& v : every ? whole : grid_with(usual, facts, asked, false))
    if (!same(v, variants.front())) variants.push_back(v);
  number_them(variants);
  return variants;
}

}  // namespace

void check_axes(const Asked& asked) {
  for (const auto& [name, values] : asked) {
    auto axis = std::find_if(axes().begin(), axes().end(),
                             [&name = name](const Axis& a) { return a.name == name; });
    if (axis == axes().end()) {
      Values names;
      for (const Axis& a : axes()) names.emplace_back(a.name);
      throw Error(ErrorCode::invalid_argument,
                  fmt::format("unknown axis '{}'; {}", name, suggest(name, names)));
    }
    for (const std::string& value : values) {
      if (axis->known.empty()) axis->read(axis->name, value);
      if (!axis->known.empty() &&
          std::find(axis->known.begin(), axis->known.end(), value) == axis->known.end())
        throw Error(ErrorCode::invalid_argument, fmt::format("--{}: unknown value '{}'; {}", name,
                                                             value, suggest(value, axis->known)));
    }
  }
}

std::vector<Variant> expand_grid(const GridFacts& given, const Asked& typed, bool every) {
  check_axes(typed);
  const GridFacts facts = with_allowed(given, typed);
  Asked asked = typed;
  for (const Axis& axis : axes())
    if (auto named = asked.find(std::string(axis.name)); named != asked.end() && axis.read)
      for (std::string& value : named->second) value = axis.read(axis.name, value);
  if (is_variant_id(facts.plan.baseline)) return grid_from_id(facts, asked, every);
  return grid_with(usual_baseline(facts, asked), facts, asked, every);
}

}  // namespace tamis
