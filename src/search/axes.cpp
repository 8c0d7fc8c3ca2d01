#include "search/axes.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "base/error.h"
#include "base/json.h"
#include "base/units.h"
#include "search/resolutions.h"

namespace tamis {
namespace {

using Values = std::vector<std::string>;

const DeviceInfo* device_of(const GridFacts& facts, const std::string& backend) {
  for (const Availability& a : facts.backends)
    for (const DeviceInfo& d : a.devices)
      if (a.backend == backend &&
          (d.name == facts.device || (facts.device == "AUTO" && backend == "openvino")))
        return &d;
  return nullptr;
}

bool computes_in_half(const GridFacts& facts, const std::string& backend) {
  const DeviceInfo* device = device_of(facts, backend);
  if (device == nullptr) return false;
  const auto& can = device->capabilities;
  return std::find(can.begin(), can.end(), "f16") != can.end();
}

/// From here on the forms that only quantise matrix products can gain something.
constexpr double kLeastProductShare = 0.5;

const Values& product_precisions() {
  static const Values values{"int8-dynamic", "int8-weights", "int4-weights"};
  return values;
}

std::string read_resolution(const std::string& value) {
  return resolution_text(parse_resolution(value));
}

Values resolution_values(const GridFacts& facts, const Choice&, bool) {
  if (facts.allow.count("resolution") == 0) return {};
  Values values{facts.own_resolution};
  values.insert(values.end(), facts.resolutions.begin(), facts.resolutions.end());
  return values;
}

/// One simplify is enough, whichever axis is first to need it.
void simplify_first(Recipe& recipe) {
  if (!find_step(recipe, "simplify")) recipe.push_back({"simplify", Json::object()});
}

void apply_resolution_value(Variant& variant, const std::string& value) {
  simplify_first(variant.recipe);
  variant.recipe.push_back({"resolution", resolution_params(parse_resolution(value))});
}

/// At another resolution a search only tries what usually wins, so that the grid does not grow by
/// a factor; a sweep tries all.
bool narrowed(const GridFacts& facts, const Choice& chosen, bool every) {
  auto resolution = chosen.find("resolution");
  return !every && resolution != chosen.end() && !resolution->second.empty() &&
         resolution->second != facts.own_resolution;
}

/// An axis of the interface: its first value is the model as it is.
Values interface_values(const GridFacts& facts, const std::string& axis, Values values) {
  if (facts.allow.count(axis) == 0 || facts.nothing_to_choose.count(axis) != 0) return {};
  return values;
}

/// Whether the caller sees another model than the parent here, or it is written otherwise: then a
/// search tries only what usually wins, so that the grid does not grow by a factor.
bool is_special(const Choice& chosen) {
  const auto is = [&](const char* axis, const char* value) {
    auto found = chosen.find(axis);
    return found != chosen.end() && found->second == value;
  };
  return is("head", "cut") || is("input", "u8") || is("rewrites", "runtime") ||
         is("precision", "fp16");
}

Values head_values(const GridFacts& facts, const Choice&, bool) {
  return interface_values(facts, "head", {"graph", "cut"});
}

void apply_head(Variant& variant, const std::string& value) {
  if (value == "cut") variant.recipe.push_back({"head-cut", Json::object()});
}

bool is_set_of_shapes(const std::string& resolution) {
  return resolution.find('+') != std::string::npos;
}

/// A set's height and width are freed as those of planes.
Values input_values(const GridFacts& facts, const Choice& chosen, bool) {
  auto resolution = chosen.find("resolution");
  if (resolution != chosen.end() && is_set_of_shapes(resolution->second))
    return interface_values(facts, "input", {"f32"});
  return interface_values(facts, "input", {"f32", "u8"});
}

/// Behind the precision: quantising places the first Q, which the pixels may then be.
void apply_input(Variant& variant, const std::string& value) {
  if (value == "u8") variant.recipe.push_back({"input-u8", Json::object()});
}

/// Whether some device here computes in it, or the file's size is what counts.
bool half_pays(const GridFacts& facts) {
  return facts.for_size ||
         std::any_of(facts.backends.begin(), facts.backends.end(),
                     [&](const Availability& a) { return computes_in_half(facts, a.backend); });
}

Values precision_values(const GridFacts& facts, const Choice& chosen, bool every) {
  if (narrowed(facts, chosen, every)) return {facts.can_calibrate ? "int8-static" : "fp32"};
  Values values{"fp32"};
  if (every || half_pays(facts)) values.emplace_back("fp16");
  if (facts.can_calibrate) values.emplace_back("int8-static");
  if (facts.product_share >= kLeastProductShare)
    values.insert(values.end(), product_precisions().begin(), product_precisions().end());
  return values;
}

void apply_precision(Variant& variant, const std::string& value) {
  simplify_first(variant.recipe);
  if (value != "fp32") variant.recipe.push_back({value, Json::object()});
}

Values backend_values(const GridFacts& facts, const Choice& chosen, bool every) {
  const bool all = every || facts.for_size || chosen.at("precision") != "fp16";
  Values names;
  for (const Availability& a : facts.backends)
    if (device_of(facts, a.backend) != nullptr && (all || computes_in_half(facts, a.backend)))
      names.push_back(a.backend);
  return names;
}

void apply_backend(Variant& variant, const std::string& value) { variant.settings.backend = value; }

/// The quantised file's form: the one made for the runtime, and the one for all.
Values form_values(const GridFacts& facts, const Choice& chosen, bool every) {
  if (chosen.at("precision") != "int8-static") return {};
  const std::string& backend = chosen.at("backend");
  if (narrowed(facts, chosen, every) && (backend == "ort" || backend == "openvino"))
    return {backend};
  if (backend == "ort" || backend == "openvino") return {backend, "portable"};
  return {"portable"};
}

void apply_form(Variant& variant, const std::string& value) {
  variant.recipe.back().params["for"] = value;
}

/// A head that is cut off has no distances to rewrite, and those are all that OpenVINO gains by.
Values rewrites_values(const GridFacts& facts, const Choice& chosen, bool) {
  const std::string& precision = chosen.at("precision");
  const bool cut = chosen.at("head") == "cut", ort = chosen.at("backend") == "ort";
  if ((precision != "fp32" && precision != "fp16") ||
      facts.nothing_to_choose.count("rewrites") != 0)
    return {};
  return cut && !ort ? Values{"none"} : Values{"none", "runtime"};
}

void apply_rewrites_value(Variant& variant, const std::string& value) {
  if (value != "runtime") return;
  const char* target = variant.settings.backend == "ort" ? "ort" : "all";
  const Step step{"rewrites", {{"for", target}}};
  const auto at = find_step(variant.recipe, "fp16").value_or(variant.recipe.size());
  variant.recipe.insert(variant.recipe.begin() + static_cast<std::ptrdiff_t>(at), step);
}

/// By itself a search gives layers back only where a gate is missed (give_back.h).
Values float_layers_values(const GridFacts&, const Choice& chosen, bool) {
  return chosen.at("precision") == "int8-static" ? Values{"0"} : Values{};
}

std::string read_layer_count(const std::string& value) {
  const bool number = !value.empty() && value.size() < 5 &&
                      value.find_first_not_of("0123456789") == std::string::npos &&
                      (value == "0" || value[0] != '0');
  if (!number)
    throw Error(ErrorCode::invalid_argument,
                fmt::format("--float-layers: '{}' is no positive number", value));
  return value;
}

void apply_float_layers(Variant& variant, const std::string& value) {
  if (value != "0") variant.recipe.back().params["float_layers"] = std::stoul(value);
}

Values inference_precision_values(const GridFacts& facts, const Choice& chosen, bool) {
  const DeviceInfo* device = device_of(facts, chosen.at("backend"));
  Values values;
  for (const char* precision : {"f32", "bf16", "f16"}) {
    auto& c = device->capabilities;
    if (std::find(c.begin(), c.end(), precision) != c.end()) values.emplace_back(precision);
  }
  return values;
}

void apply_inference_precision(Variant& variant, const std::string& value) {
  variant.settings.inference_precision = value;
}

Values graph_level_values(const GridFacts& facts, const Choice& chosen, bool every) {
  if (chosen.at("backend") != "ort") return {};
  if (every) return {"all", "extended", "basic", "disable"};
  return is_special(chosen) || narrowed(facts, chosen, every) ? Values{"all"}
                                                              : Values{"all", "extended"};
}

void apply_graph_level(Variant& variant, const std::string& value) {
  variant.settings.graph_level = value;
}

Values thread_values(const GridFacts& facts, const Choice& chosen, bool every) {
  if (narrowed(facts, chosen, every) || (!every && is_special(chosen)))
    return {std::to_string(facts.cores)};
  std::set<int, std::greater<>> counts{facts.cores, 1};
  if (facts.cores > 4) counts.insert(facts.cores / 2);
  Values values;
  for (int count : counts) values.push_back(std::to_string(count));
  return values;
}

std::string read_count(const std::string& value) {
  const bool number = !value.empty() && value.size() < 5 && value[0] != '0' &&
                      value.find_first_not_of("0123456789") == std::string::npos;
  if (!number)
    throw Error(ErrorCode::invalid_argument,
                fmt::format("--threads: '{}' is no positive number", value));
  return value;
}

void apply_threads(Variant& variant, const std::string& value) {
  variant.settings.threads = std::stoi(value);
}

/// The values of one axis at one point: those worth trying, or those asked for that exist there.
Values values_here(const Axis& axis, const GridFacts& facts, const Choice& chosen,
                   const std::map<std::string, Values>& asked, bool every) {
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

const Axis& axis_named(std::string_view name) {
  return *std::find_if(axes().begin(), axes().end(),
                       [&](const Axis& axis) { return axis.name == name; });
}

/// Naming values of an axis of the interface allows them.
GridFacts with_allowed(GridFacts facts, const std::map<std::string, Values>& asked) {
  for (const auto& [axis, values] : asked) facts.allow.insert(axis);
  return facts;
}

struct Expansion {
  const GridFacts& facts;
  const std::map<std::string, Values>& asked;
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
  variant.settings.device = facts.device;
  for (const Axis& axis : axes())
    if (const std::string& value = choice.at(std::string(axis.name));
        !value.empty() && !(axis.name == "resolution" && value == facts.own_resolution))
      axis.apply(variant, value);
  return variant;
}

bool needs_products(const GridFacts& facts, const std::string& value) {
  return facts.product_share < kLeastProductShare &&
         std::find(product_precisions().begin(), product_precisions().end(), value) !=
             product_precisions().end();
}

std::string share_text(const GridFacts& facts) {
  return fmt::format(
      "MatMul and Gemm do {:.0f} % of this model's multiplications, and from {:.0f} %"
      " on it can pay",
      100 * facts.product_share, 100 * kLeastProductShare);
}

/// Whether that is why the value appears at no point.
bool asks_set_with_u8(const std::map<std::string, Values>& asked, const std::string& axis,
                      const std::string& value) {
  auto resolutions = asked.find("resolution"), inputs = asked.find("input");
  if (resolutions == asked.end() || inputs == asked.end()) return false;
  if (axis == "resolution") return is_set_of_shapes(value) && inputs->second == Values{"u8"};
  return axis == "input" && value == "u8" &&
         std::all_of(resolutions->second.begin(), resolutions->second.end(), is_set_of_shapes);
}

/// A value that was asked for but appears at no point is an error, not a silent omission.
void check_all_used(const std::vector<Choice>& points, const GridFacts& facts,
                    const std::map<std::string, Values>& asked) {
  for (const auto& [axis, values] : asked)
    for (const std::string& value : values) {
      bool used = std::any_of(points.begin(), points.end(),
                              [&, &axis = axis](const Choice& p) { return p.at(axis) == value; });
      if (!used && needs_products(facts, value))
        throw Error(ErrorCode::unavailable,
                    fmt::format("--{} {}: quantises matrix products only; {}; tamis quantize "
                                "--precision {} makes the file all the same",
                                axis, value, share_text(facts), value));
      if (auto why = facts.nothing_to_choose.find(axis);
          !used && why != facts.nothing_to_choose.end())
        throw Error(ErrorCode::unavailable,
                    fmt::format("--{} {}: {}; leave it out", axis, value, why->second));
      if (!used && asks_set_with_u8(asked, axis, value))
        throw Error(ErrorCode::unavailable,
                    fmt::format("--{} {}: a set of shapes takes f32 only; give one size, or "
                                "--input f32",
                                axis, value));
      if (!used)
        throw Error(
            ErrorCode::unavailable,
            fmt::format("--{} {}: nothing here can run that; see tamis doctor", axis, value));
    }
}

}  // namespace

namespace {

/// "int8-static(ort) + head-cut": the precision first, then what else was changed, the resolution
/// left out.
std::string made_text(const Recipe& recipe) {
  if (recipe.empty()) return "parent";
  std::string precision = "fp32", others;
  for (const Step& step : recipe) {
    const std::string text = find_step_kind(step.name).text(step.params);
    const Values& known = axis_named("precision").known;
    if (std::find(known.begin(), known.end(), step.name) != known.end())
      precision = text;
    else if (step.name != "simplify" && step.name != "resolution")
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
  if (s.device != "CPU") parts.push_back(s.device);
  if (s.inference_precision) parts.push_back(*s.inference_precision);
  if (s.graph_level) parts.push_back(*s.graph_level);
  if (s.threads)
    parts.push_back(fmt::format("{} thread{}", *s.threads, *s.threads == 1 ? "" : "s"));
  return fmt::format("{}", fmt::join(parts, " · "));
}

const std::vector<Axis>& axes() {
  static const std::vector<Axis> table{
      {"resolution",
       "height x width of the picture, such as 480x640; a set of shapes: 480x640+640x480+640x640",
       {},
       resolution_values,
       apply_resolution_value,
       read_resolution},
      {"head",
       "of a YOLO detector: graph (as exported), cut (decoded natively; with --allow head)",
       {"graph", "cut"},
       head_values,
       apply_head},
      {"precision",
       "of the file: fp32, fp16, int8-static, int8-dynamic, int8-weights, int4-weights",
       {"fp32", "fp16", "int8-static", "int8-dynamic", "int8-weights", "int4-weights"},
       precision_values,
       apply_precision},
      {"backend",
       "runtime: ort, openvino",
       {"ort", "openvino", "fake"},
       backend_values,
       apply_backend},
      {"form",
       "of a quantised file: made for ort, openvino, or portable",
       {"ort", "openvino", "portable"},
       form_values,
       apply_form},
      {"float-layers",
       "of an INT8 file: so many layers given back to FP32; default: as a missed gate demands",
       {},
       float_layers_values,
       apply_float_layers,
       read_layer_count},
      {"rewrites",
       "of a float file, exact: none, or runtime: as the runtime executes it faster",
       {"none", "runtime"},
       rewrites_values,
       apply_rewrites_value},
      {"input",
       "f32 as the card says, or u8: the picture's bytes, normalised inside (with --allow input)",
       {"f32", "u8"},
       input_values,
       apply_input},
      {"inference-precision",
       "f32, bf16, f16: what the runtime uses where the file leaves it free",
       {"f32", "bf16", "f16"},
       inference_precision_values,
       apply_inference_precision},
      {"graph-level",
       "ONNX Runtime's graph optimisation: disable, basic, extended, all",
       {"disable", "basic", "extended", "all"},
       graph_level_values,
       apply_graph_level},
      {"threads", "of the runtime", {}, thread_values, apply_threads, read_count},
  };
  return table;
}

void check_axes(const std::map<std::string, Values>& asked) {
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
      if (axis->known.empty()) axis->read(value);
      if (!axis->known.empty() &&
          std::find(axis->known.begin(), axis->known.end(), value) == axis->known.end())
        throw Error(ErrorCode::invalid_argument, fmt::format("--{}: unknown value '{}'; {}", name,
                                                             value, suggest(value, axis->known)));
    }
  }
}

namespace {

/// "v07": a variant of the plan.
bool is_id(const std::string& text) {
  return text.size() > 1 && text[0] == 'v' &&
         text.find_first_not_of("0123456789", 1) == std::string::npos;
}

Values split(const std::string& text, char separator) {
  Values parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, separator);) parts.push_back(part);
  return parts;
}

const Availability& runtime_named(const GridFacts& facts, const std::string& name) {
  Values running;
  for (const Availability& a : facts.backends) {
    if (a.backend == name) return a;
    running.push_back(a.backend);
  }
  throw Error(ErrorCode::unavailable, fmt::format("--baseline {}: no such runtime works here; {}",
                                                  name, suggest(name, running)));
}

/// One of the words behind the runtime.
void set_baseline_word(Variant& baseline, const GridFacts& facts, const std::string& word) {
  constexpr std::size_t kMostDigits = 4;
  Values known{"f32", "bf16", "f16", "disable", "basic", "extended", "all", "1"};
  bool number = !word.empty() && word.size() <= kMostDigits && word[0] != '0' &&
                word.find_first_not_of("0123456789") == std::string::npos;
  auto at = std::find(known.begin(), known.end(), word);
  const std::string& backend = baseline.settings.backend;
  if (number) {
    baseline.settings.threads = std::stoi(word);
  } else if (at == known.end()) {
    throw Error(ErrorCode::invalid_argument,
                fmt::format("--baseline: unknown '{}'; {}", word, suggest(word, known)));
  } else if (at < known.begin() + 3) {
    Values can = inference_precision_values(facts, {{"backend", backend}}, true);
    if (std::find(can.begin(), can.end(), word) == can.end())
      throw Error(ErrorCode::unavailable,
                  fmt::format("--baseline {}:{}: {} cannot do that here", backend, word, backend));
    baseline.settings.inference_precision = word;
  } else if (backend == "ort") {
    baseline.settings.graph_level = word;
  } else {
    throw Error(ErrorCode::invalid_argument,
                fmt::format("--baseline {}:{}: graph levels are ONNX Runtime's", backend, word));
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
std::vector<Variant> grid_with(const Variant& baseline, const GridFacts& facts,
                               const std::map<std::string, Values>& asked, bool every) {
  Expansion expansion{facts, asked, every, {}};
  expansion.expand(0, {});
  check_all_used(expansion.points, facts, asked);
  std::vector<Variant> variants{baseline};
  for (const Choice& point : expansion.points) variants.push_back(to_variant(point, facts));
  number_them(variants);
  return variants;
}

/// The variant of the whole grid that the id names, then the others.
std::vector<Variant> grid_from_id(const GridFacts& facts,
                                  const std::map<std::string, Values>& asked, bool every) {
  Variant usual = baseline_variant(facts);
  std::vector<Variant> whole = grid_with(usual, facts, asked, true);
  auto named = std::find_if(whole.begin(), whole.end(),
                            [&](const Variant& v) { return v.id == facts.baseline; });
  if (named == whole.end())
    throw Error(ErrorCode::not_found,
                fmt::format("--baseline {}: no such variant; tamis sweep --dry-run with the same "
                            "options lists v01 to {}",
                            facts.baseline, whole.back().id));
  std::vector<Variant> variants{*named};
  for (Variant& v : every ? whole : grid_with(usual, facts, asked, false))
    if (!same(v, variants.front())) variants.push_back(v);
  number_them(variants);
  return variants;
}

}  // namespace

std::string note_on_precisions(const GridFacts& facts) {
  if (facts.product_share >= kLeastProductShare) return "";
  return fmt::format("{} are left out: {}", fmt::join(product_precisions(), ", "),
                     share_text(facts));
}

Variant baseline_variant(const GridFacts& facts) {
  if (facts.backends.empty())
    throw Error(ErrorCode::unavailable, "no runtime works on this machine; tamis doctor says why");
  Values words = is_id(facts.baseline) ? Values() : split(facts.baseline, ':');
  Variant baseline;
  baseline.settings.device = facts.device;
  const Availability* chosen = &facts.backends.front();
  for (const Availability& a : facts.backends)
    if (a.backend == "ort") chosen = &a;
  if (!words.empty()) chosen = &runtime_named(facts, words.front());
  baseline.settings.backend = chosen->backend;
  if (chosen->backend == "ort") baseline.settings.device = "CPU";
  baseline.settings.inference_precision = "f32";
  if (chosen->backend == "ort") baseline.settings.graph_level = "all";
  baseline.settings.threads = facts.cores;
  for (std::size_t i = 1; i < words.size(); ++i) set_baseline_word(baseline, facts, words[i]);
  return baseline;
}

std::vector<Variant> expand_grid(const GridFacts& given, const std::map<std::string, Values>& typed,
                                 bool every) {
  check_axes(typed);
  const GridFacts facts = with_allowed(given, typed);
  std::map<std::string, Values> asked = typed;
  for (const Axis& axis : axes())
    if (auto named = asked.find(std::string(axis.name)); named != asked.end() && axis.read)
      std::transform(named->second.begin(), named->second.end(), named->second.begin(), axis.read);
  if (is_id(facts.baseline)) return grid_from_id(facts, asked, every);
  return grid_with(baseline_variant(facts), facts, asked, every);
}

}  // namespace tamis
