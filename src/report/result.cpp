#include "report/result.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "base/error.h"
#include "explain/explain.h"
#include "report/change_texts.h"
#include "report/format.h"

namespace tamis {
namespace {

/// A JSON value that knows its place in the document, for messages.
struct Node {
  const Json* json;  // null where absent
  std::string path;

  bool present() const { return json != nullptr && !json->is_null(); }

  [[noreturn]] void refuse(const char* wanted) const {
    throw Error(ErrorCode::corrupt_data,
                fmt::format("report: {} must be {}, see docs/json.md", path, wanted));
  }

  Node operator[](const std::string& key) const {
    std::string place = path.empty() ? key : path + "." + key;
    if (!present()) return {nullptr, place};
    if (!json->is_object()) refuse("an object");
    auto found = json->find(key);
    return {found == json->end() ? nullptr : &*found, place};
  }

  std::vector<Node> items() const {
    std::vector<Node> nodes;
    if (!present()) return nodes;
    if (!json->is_array()) refuse("an array");
    for (std::size_t i = 0; i < json->size(); ++i)
      nodes.push_back({&(*json)[i], fmt::format("{}[{}]", path, i)});
    return nodes;
  }

  std::string text() const {
    if (!present()) return "";
    if (!json->is_string()) refuse("a text");
    return json->get<std::string>();
  }

  std::string needed_text() const {
    if (!present()) refuse("given (a text)");
    return text();
  }

  std::optional<double> number() const {
    if (!present()) return std::nullopt;
    if (!json->is_number()) refuse("a number");
    return json->get<double>();
  }

  std::optional<std::int64_t> integer() const {
    auto value = number();
    if (!value) return std::nullopt;
    return static_cast<std::int64_t>(*value);
  }

  std::vector<std::string> texts() const {
    std::vector<std::string> all;
    for (const Node& item : items()) all.push_back(item.needed_text());
    return all;
  }

  Json object() const {
    if (!present()) return Json::object();
    if (!json->is_object()) refuse("an object");
    return *json;
  }
};

std::optional<IntervalView> read_interval(const Node& node, const char* value) {
  auto number = node[value].number();
  if (!number) return std::nullopt;
  return IntervalView{*number, node["low"].number(), node["high"].number()};
}

std::optional<TimingView> read_timing(const Node& node) {
  auto median = read_interval(node, "median");
  if (!median) return std::nullopt;
  TimingView timing;
  timing.median = *median;
  timing.mean = node["mean"].number();
  timing.p95 = node["p95"].number();
  timing.samples = node["samples"].integer();
  for (const Node& item : node["distribution"].items())
    timing.distribution.push_back(item.number().value_or(0));
  return timing;
}

/// The document has drops: the baseline's accuracy less the variant's. People read changes.
std::optional<IntervalView> read_change(const Node& node, const AccuracyView& accuracy) {
  auto drop = node["drop"].number();
  std::string kind = node["drop_kind"].text();
  if (!kind.empty() && kind != "relative" && kind != "absolute")
    node["drop_kind"].refuse("\"relative\" or \"absolute\"");
  double unit = kind == "relative" ? 1 : accuracy.baseline.value_or(0);
  if (!drop || unit == 0) return std::nullopt;
  auto change = [unit](std::optional<double> of) {
    if (of) of = 0 - *of / unit;
    return of;
  };
  return IntervalView{*change(drop), change(node["drop_high"].number()),
                      change(node["drop_low"].number())};
}

std::optional<AccuracyView> read_accuracy(const Node& node) {
  auto value = read_interval(node, "value");
  if (!value) return std::nullopt;
  AccuracyView accuracy;
  accuracy.metric = node["metric"].text();
  accuracy.value = *value;
  accuracy.baseline = node["baseline"].number();
  accuracy.relative_change = read_change(node, accuracy);
  accuracy.confidence = node["confidence"].number();
  accuracy.items = node["items"].integer();
  accuracy.seen = node["seen"].integer();
  return accuracy;
}

std::optional<FailureView> read_failure(const Node& node) {
  if (!node.present()) return std::nullopt;
  return FailureView{node["code"].text(), node["text"].text(), node["command"].text()};
}

VariantView read_variant(const Node& node) {
  VariantView variant;
  variant.id = node["id"].needed_text();
  variant.name = node["name"].needed_text();
  variant.state = node["state"].needed_text();
  variant.timed_in = node["timed_in"].text();
  variant.gate = node["gate"].text();
  variant.gate_reason = node["gate_reason"].text();
  variant.verdict = node["verdict"].text();
  variant.recipe = node["recipe"].texts();
  variant.settings = node["settings"].object();
  variant.effective = node["effective"].object();
  variant.latency = read_timing(node["latency_ms"]);
  variant.inference = read_timing(node["inference_ms"]);
  variant.from_file = read_timing(node["from_file_ms"]);
  variant.images_per_s = read_interval(node["images_per_s"], "median");
  variant.load_ms = node["load_ms"].number();
  variant.compile_ms = node["compile_ms"].number();
  variant.first_ms = node["first_ms"].number();
  variant.peak_memory_bytes = node["peak_memory_bytes"].number();
  variant.size_bytes = node["size_bytes"].number();
  variant.accuracy = read_accuracy(node["accuracy"]);
  variant.speedup = read_interval(node["speedup"], "ratio");
  variant.failure = read_failure(node["failure"]);
  return variant;
}

std::optional<NamedVariant> read_named(const Node& node) {
  if (!node.present()) return std::nullopt;
  return NamedVariant{node["id"].needed_text(), node["text"].text(), node["items_needed"].integer(),
                      node["probability"].number()};
}

GateView read_gate(const Node& node) {
  const Node relative = node["relative"];
  return GateView{node["kind"].needed_text(), node["text"].text(), node["limit"].number(),
                  relative.present() && relative.json->is_boolean() && relative.json->get<bool>()};
}

void add_warning(WarningView warning, std::vector<WarningView>& warnings) {
  for (const WarningView& known : warnings)
    if (known.text == warning.text && known.remedy == warning.remedy) return;
  warnings.push_back(std::move(warning));
}

/// Warnings are {text, remedy} or plain sentences; one that was said twice is kept once.
void read_warnings(const Node& node, std::vector<WarningView>& warnings) {
  for (const Node& item : node.items()) {
    if (item.json->is_string())
      add_warning({item.text(), ""}, warnings);
    else
      add_warning({item["text"].needed_text(), item["remedy"].text()}, warnings);
  }
}

void check_names(const ResultView& result) {
  auto check = [&](const char* key, const std::optional<std::string>& id) {
    if (id && !result.find(*id))
      throw Error(ErrorCode::corrupt_data,
                  fmt::format("report: {} names the variant '{}', which is not there", key, *id));
  };
  check("pick", result.pick);
  check("runner_up", result.runner_up);
  if (result.fastest_estimated) check("fastest_estimated", result.fastest_estimated->id);
  if (result.nearest_miss) check("nearest_miss", result.nearest_miss->id);
}

void read_decision(const Node& root, ResultView& result) {
  for (const Node& gate : root["gates"].items()) result.gates.push_back(read_gate(gate));
  if (root["pick"].present()) result.pick = root["pick"].text();
  if (root["runner_up"].present()) result.runner_up = root["runner_up"].text();
  result.fastest_estimated = read_named(root["fastest_estimated"]);
  result.nearest_miss = read_named(root["nearest_miss"]);
  result.reasons = root["reasons"].texts();
  result.counterfactuals = root["counterfactuals"].texts();
  result.caller_changes = root["caller_changes"].texts();
  result.from_pixels = root["latency_from"].text() == "pixels";
}

void replace_all(std::string& text, const std::string& what, const std::string& by) {
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
}

/// Sentences name the metric as figures do.
void show_metric_name(ResultView& result) {
  std::string shown = metric_name(result.metric);
  if (result.metric.empty() || shown == result.metric) return;
  for (GateView& gate : result.gates) replace_all(gate.text, result.metric, shown);
  for (VariantView& v : result.variants) replace_all(v.gate_reason, result.metric, shown);
  for (auto* sentences : {&result.reasons, &result.counterfactuals})
    for (std::string& text : *sentences) replace_all(text, result.metric, shown);
  if (result.nearest_miss) replace_all(result.nearest_miss->text, result.metric, shown);
}

}  // namespace

const VariantView* ResultView::find(const std::string& id) const {
  for (const VariantView& variant : variants)
    if (variant.id == id) return &variant;
  return nullptr;
}

std::vector<std::size_t> ResultView::order() const {
  auto rank = [this](std::size_t i) {
    const VariantView& variant = variants[i];
    if (pick && variant.id == *pick) return -1.0;
    if (variant.images_per_s) return 1 / variant.images_per_s->value;
    return variant.latency ? variant.latency->median.value
                           : std::numeric_limits<double>::infinity();
  };
  std::vector<std::size_t> indices(variants.size());
  for (std::size_t i = 0; i < indices.size(); ++i) indices[i] = i;
  std::stable_sort(indices.begin(), indices.end(),
                   [&](std::size_t a, std::size_t b) { return rank(a) < rank(b); });
  return indices;
}

namespace {

/// What is shown of it has to be there.
void check_explained(const Json& explain) {
  if (!explain.contains("model")) return;
  try {
    explain_sections(explain, false);
    roof_headline(explain.value("roof", Json()));
  } catch (const Json::exception& e) {
    throw Error(ErrorCode::corrupt_data, std::string("result: explain: ") + e.what());
  }
}

/// The same of changes.
void check_changes(const ResultView& result) {
  try {
    changes_lead(result);
    if (!has_changes(result)) return;
    result.changes.at("totals").get_ref<const Json::object_t&>();
    for (const Json& item : result.changes.at("worst")) {
      item_text(item);
      item.at("item");
    }
    class_table(result);
  } catch (const Json::exception& e) {
    throw Error(ErrorCode::corrupt_data, std::string("result: changes: ") + e.what());
  }
}

}  // namespace

ResultView parse_result(const Json& document) {
  Node root{&document, ""};
  if (root["schema"].needed_text() != "tamis/result/1") root["schema"].refuse("\"tamis/result/1\"");
  ResultView result;
  result.status = root["status"].needed_text();
  result.command = root["command"].text();
  result.created = root["created"].text();
  result.version = root["tamis_version"].text();
  result.objective = root["objective"].text();
  result.baseline = root["baseline"].text();
  result.wall_s = root["wall_s"].number();
  result.confidence = root["confidence"].number();
  result.model = root["model"].object();
  result.metric = root["model"]["metric"].text();
  result.card = root["card"].object();
  result.data = root["data"].object();
  result.machine = root["environment"]["machine"].object();
  result.runtimes = root["environment"]["runtimes"].object();
  for (const char* key : {"variants", "measured", "evaluated", "failed"})
    if (auto count = root["counts"][key].integer()) result.counts[key] = *count;
  for (const Node& variant : root["variants"].items())
    result.variants.push_back(read_variant(variant));
  read_decision(root, result);
  read_warnings(root["environment"]["warnings"], result.warnings);
  read_warnings(root["warnings"], result.warnings);
  result.explain = root["explain"].object();
  check_explained(result.explain);
  result.changes = root["changes"].object();
  check_changes(result);
  check_names(result);
  show_metric_name(result);
  return result;
}

}  // namespace tamis
