#include "search/request.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/error.h"
#include "grid/axes.h"
#include "result/words.h"

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

std::vector<GateRow> gate_rows(const Gates& g) {
  std::vector<GateRow> rows;
  const auto add = [&](GateKind kind, double limit, bool relative = false) {
    rows.push_back({kind, "", limit, relative});
  };
  if (g.max_drop) add(GateKind::max_drop, g.max_drop->value, g.max_drop->relative);
  if (g.min_accuracy) add(GateKind::min_accuracy, *g.min_accuracy);
  if (g.max_latency_ms) add(GateKind::max_latency, *g.max_latency_ms);
  if (g.max_size_bytes) add(GateKind::max_size, static_cast<double>(*g.max_size_bytes));
  if (g.max_memory_bytes) add(GateKind::max_memory, static_cast<double>(*g.max_memory_bytes));
  return rows;
}

Json gates_json(const Gates& gates, const std::string& metric, bool under_load) {
  Json json = Json::array();
  for (GateRow& row : gate_rows(gates)) {
    row.text = gate_sentence(row, metric, under_load);
    json.push_back(write_document(row));
  }
  return json;
}

}  // namespace tamis
