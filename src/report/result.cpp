#include "report/result.h"

#include <algorithm>
#include <limits>
#include <string>

#include "base/error.h"
#include "explain/explain.h"
#include "report/change_texts.h"
#include "report/format.h"
#include "result/words.h"

namespace tamis {
namespace {

/// Those of the environment first; one that was said twice is kept once.
void merge_warnings(ResultDocument& result) {
  std::vector<WarningRow> all;
  for (const auto* warnings : {&result.environment.warnings, &result.warnings})
    for (const WarningRow& warning : *warnings)
      if (std::find(all.begin(), all.end(), warning) == all.end()) all.push_back(warning);
  result.warnings = std::move(all);
}

void replace_all(std::string& text, const std::string& what, const std::string& by) {
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
}

/// Sentences name the metric as figures do.
void show_metric_name(ResultDocument& result) {
  const std::string& metric = result.model.metric;
  const std::string shown = metric_name(metric);
  if (metric.empty() || shown == metric) return;
  for (GateRow& gate : result.gates) replace_all(gate.text, metric, shown);
  for (VariantRow& v : result.variants) replace_all(v.gate_reason, metric, shown);
  for (auto* sentences : {&result.reasons, &result.counterfactuals})
    for (std::string& text : *sentences) replace_all(text, metric, shown);
  if (result.nearest_miss) replace_all(result.nearest_miss->text, metric, shown);
}

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
void check_changes(const ResultDocument& result) {
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

IntervalView interval_of(const Timing& timing) { return {timing.median, timing.low, timing.high}; }
IntervalView interval_of(const Rate& rate) { return {rate.median, rate.low, rate.high}; }
IntervalView interval_of(const Ratio& ratio) { return {ratio.ratio, ratio.low, ratio.high}; }
IntervalView interval_of(const AccuracyRow& accuracy) {
  return {accuracy.value, accuracy.low, accuracy.high};
}

std::optional<IntervalView> relative_change(const AccuracyRow& accuracy) {
  const double unit = accuracy.drop_kind == DropKind::relative ? 1 : accuracy.baseline.value_or(0);
  if (!accuracy.drop || unit == 0) return std::nullopt;
  const auto change = [unit](std::optional<double> of) {
    if (of) of = 0 - *of / unit;
    return of;
  };
  return IntervalView{*change(accuracy.drop), change(accuracy.drop_high),
                      change(accuracy.drop_low)};
}

std::vector<std::size_t> shown_order(const ResultDocument& result) {
  const auto rank = [&result](std::size_t i) {
    const VariantRow& variant = result.variants[i];
    if (result.pick && variant.id == *result.pick) return -1.0;
    if (variant.images_per_s) return 1 / variant.images_per_s->median;
    return variant.latency_ms ? variant.latency_ms->median
                              : std::numeric_limits<double>::infinity();
  };
  std::vector<std::size_t> indices(result.variants.size());
  for (std::size_t i = 0; i < indices.size(); ++i) indices[i] = i;
  std::stable_sort(indices.begin(), indices.end(),
                   [&](std::size_t a, std::size_t b) { return rank(a) < rank(b); });
  return indices;
}

ResultDocument parse_result(const Json& document) {
  ResultDocument result = read_result(document);
  add_sentences(result, metric_name(result.model.metric));
  merge_warnings(result);
  for (Json* told : {&result.changes, &result.explain})
    if (told->is_null()) *told = Json::object();
  check_explained(result.explain);
  check_changes(result);
  show_metric_name(result);
  return result;
}

}  // namespace tamis
