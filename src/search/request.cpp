#include "search/request.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/error.h"
#include "grid/axes.h"

namespace tamis {
namespace {

constexpr std::array kObjectives{std::pair{Objective::latency, std::string_view("latency")},
                                 std::pair{Objective::throughput, std::string_view("throughput")},
                                 std::pair{Objective::size, std::string_view("size")},
                                 std::pair{Objective::memory, std::string_view("memory")}};

}  // namespace

std::string_view to_text(Objective objective) {
  for (auto [value, name] : kObjectives)
    if (value == objective) return name;
  return "latency";
}

Objective parse_objective(const std::string& text) {
  std::vector<std::string> known;
  for (auto [value, name] : kObjectives) {
    if (name == text) return value;
    known.emplace_back(name);
  }
  throw Error(ErrorCode::invalid_argument,
              fmt::format("--objective: unknown value '{}'; {}", text, suggest(text, known)));
}

bool by_time(Objective objective) {
  return objective == Objective::latency || objective == Objective::throughput;
}

const std::vector<std::string>& interface_steps() {
  static const std::vector<std::string> names{"resolution", "head", "input"};
  return names;
}

std::set<std::string> parse_allow(const std::vector<std::string>& names) {
  const auto& known = interface_steps();
  for (const std::string& name : names)
    if (std::find(known.begin(), known.end(), name) == known.end())
      throw Error(ErrorCode::invalid_argument,
                  fmt::format("--allow: unknown value '{}'; {}", name, suggest(name, known)));
  return {names.begin(), names.end()};
}

namespace {

/// "CPU", "CPU,GPU".
std::string devices_text(const SearchRequest& r) {
  const auto asked = r.axes.find("device");
  return asked == r.axes.end() ? kUsualDevice : fmt::format("{}", fmt::join(asked->second, ","));
}

}  // namespace

Json identity(const SearchRequest& r) {
  // The device has a member of its own, which says what runs where none is asked for.
  auto other_axes = r.axes;
  other_axes.erase("device");
  Json json{{"model", std::filesystem::weakly_canonical(r.model).string()},
            {"card_options", r.card_options.given},
            {"data", std::filesystem::weakly_canonical(r.data.path).string()},
            {"split", r.data.split},
            {"confidence", r.confidence},
            {"objective", to_text(r.objective)},
            {"axes", other_axes},
            {"allow", r.allow},
            {"exhaustive", r.exhaustive},
            {"allow_bad", r.allow_bad},
            {"seed", r.seed},
            {"device", devices_text(r)},
            {"baseline", r.baseline},
            {"libraries", r.libraries},
            {"gates", gates_json(r.gates, "metric", false)}};
  json["calibration"] = r.calibration
                            ? Json(std::filesystem::weakly_canonical(r.calibration->path).string())
                            : Json();
  return json;
}

Json gates_json(const Gates& g, const std::string& metric, bool under_load) {
  Json json = Json::array();
  auto add = [&](const char* kind, std::string text, double limit, bool relative) {
    json.push_back({{"kind", kind}, {"text", text}, {"limit", limit}, {"relative", relative}});
  };
  if (g.max_drop)
    add("max_drop",
        g.max_drop->relative ? fmt::format("{} at most {:.4g} % below the baseline's", metric,
                                           g.max_drop->value * 100)
                             : fmt::format("{} at most {:.4g} points below the baseline's", metric,
                                           g.max_drop->value * 100),
        g.max_drop->value, g.max_drop->relative);
  if (g.min_accuracy)
    add("min_accuracy", fmt::format("{} at least {:.4g}", metric, *g.min_accuracy), *g.min_accuracy,
        false);
  if (g.max_latency_ms)
    add("max_latency",
        fmt::format("median latency{} at most {}", under_load ? " under load" : "",
                    milliseconds_text(*g.max_latency_ms)),
        *g.max_latency_ms, false);
  if (g.max_size_bytes)
    add("max_size", "file at most " + bytes_text(*g.max_size_bytes),
        static_cast<double>(*g.max_size_bytes), false);
  if (g.max_memory_bytes)
    add("max_memory", "peak memory at most " + bytes_text(*g.max_memory_bytes),
        static_cast<double>(*g.max_memory_bytes), false);
  return json;
}

}  // namespace tamis
