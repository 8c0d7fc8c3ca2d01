#include "report/decision.h"

#include <fmt/format.h>

#include <cmath>

#include "base/percent.h"
#include "base/units.h"
#include "explain/explain.h"
#include "report/format.h"
#include "report/report.h"

namespace tamis {
namespace {

std::string status_text(ResultStatus status) {
  if (status == ResultStatus::met) return "gates met";
  return words(std::string(to_text(status)));
}

/// "2.74 times as fast as", "as fast as (within what was resolved)", "3 % slower than".
std::string speed_phrase(const VariantRow& pick) {
  if (!pick.speedup) return "";
  if (pick.images_per_s && pick.verdict != Verdict::not_distinguishable)
    return fmt::format("{:.1f} images per second, {:.2f} times the baseline's",
                       pick.images_per_s->median, pick.speedup->ratio);
  if (pick.verdict == Verdict::not_distinguishable)
    return "speed not distinguishable from the baseline's";
  return fmt::format("{:.2f} times as fast as the baseline", pick.speedup->ratio);
}

std::string objective_phrase(const ResultDocument& result, const VariantRow& pick) {
  if (result.objective == "size" && pick.size_bytes)
    return bytes_text(*pick.size_bytes) + " on disk";
  if (result.objective == "memory" && pick.opening.peak_memory_bytes)
    return bytes_text(*pick.opening.peak_memory_bytes) + " at its peak";
  return speed_phrase(pick);
}

std::string met_headline(const ResultDocument& result, const VariantRow& pick) {
  if (pick.id == result.baseline)
    return fmt::format("Keep the baseline, {}: nothing better was proven.", pick.name);
  std::string phrase = objective_phrase(result, pick);
  return fmt::format("Deploy {}{}{}.", pick.name, phrase.empty() ? "" : ": ", phrase);
}

std::string headline(const ResultDocument& result) {
  const VariantRow* pick = result.picked();
  if (result.status == ResultStatus::interrupted)
    return pick ? fmt::format("Interrupted; the best proven so far is {}.", pick->name)
                : "Interrupted before a variant was proven.";
  if (result.status != ResultStatus::met)
    return pick ? fmt::format("No variant met every gate; {} is handed over.", pick->name)
                : "No variant met every gate; the original model is handed over unchanged.";
  return pick ? met_headline(result, *pick) : "Nothing was picked.";
}

std::string shown_name(const ResultDocument& result, const std::string& id) {
  const VariantRow* variant = result.find(id);
  return variant ? fmt::format("{} ({})", variant->name, id) : id;
}

std::string estimated_note(const ResultDocument& result) {
  const EstimatedRow& named = *result.fastest_estimated;
  std::string text =
      fmt::format("Faster, but only estimated to meet the gates: {}", shown_name(result, named.id));
  if (named.probability)
    text += fmt::format(", with probability {}", percent_of(*named.probability));
  if (named.items_needed)
    text += fmt::format("; about {} items would settle it", *named.items_needed);
  return text + ".";
}

std::string miss_note(const ResultDocument& result) {
  const NearestMiss& named = *result.nearest_miss;
  return fmt::format("Nearest miss: {}{}{}", shown_name(result, named.id),
                     named.text.empty() ? "." : ": ", named.text);
}

/// "INT8 winner: 41 % of this machine's INT8 peak; …".
std::string roof_sentence(const ResultDocument& result) {
  const Json roof = result.explain.value("roof", Json());
  const std::string text = roof_headline(roof);
  if (text.empty()) return "";
  const bool winner = result.pick && *result.pick != result.baseline;
  return roof_precision(roof) + (winner ? " winner: " : " baseline: ") + text;
}

void append_list(std::string& text, const char* title, const std::vector<std::string>& lines) {
  if (lines.empty()) return;
  text += fmt::format("\n{}\n", title);
  for (const std::string& line : lines) text += fmt::format("  - {}\n", line);
}

/// How the data's classes were matched with the model's; empty where there was nothing to match.
std::string class_note(const DataRow& data) {
  if (!data.about.is_object()) return "";
  const Json classes = data.about.value("classes", Json::object());
  const std::string text = classes.value("text", "");
  if (text.empty()) return "";
  return (classes.value("doubtful", false) ? "Warning: " : "Labels: ") + text + ".";
}

}  // namespace

std::string speedup_sentence(const VariantRow& variant) {
  if (!variant.speedup) return "";
  return fmt::format("{:.2f} times as fast as the baseline {}", variant.speedup->ratio,
                     ratio_interval_text(interval_of(*variant.speedup)));
}

std::string accuracy_sentence(const VariantRow& variant) {
  if (!variant.accuracy) return "";
  const AccuracyRow& accuracy = *variant.accuracy;
  std::string text = fmt::format("{} {}", metric_name(accuracy.metric),
                                 accuracy_text(accuracy.metric, accuracy.value));
  const std::optional<IntervalView> relative = relative_change(accuracy);
  if (!relative) return text;
  const double change = relative->value;
  std::string interval = change_interval_text(*relative);
  text += fmt::format(", {} {} the baseline's", percent_text(std::abs(change)),
                      change > 0 ? "above" : "below");
  return interval.empty() ? text : fmt::format("{} (change {})", text, interval);
}

std::string gate_text(const VariantRow& variant) {
  if (variant.gate) return std::string(to_text(*variant.gate));
  return words(std::string(to_text(variant.state)));
}

std::string verdict_name(const VariantRow& variant) {
  return variant.verdict ? std::string(to_text(*variant.verdict)) : "";
}

Json runtimes_of(const ResultDocument& result) {
  Json all = Json::object();
  if (result.environment.runtimes)
    for (const auto& [name, version] : *result.environment.runtimes) all[name] = version;
  return all;
}

std::string seen_note(const AccuracyRow& accuracy) {
  if (!accuracy.seen || !accuracy.items || *accuracy.seen >= *accuracy.items) return "";
  return fmt::format("{} of {} items", *accuracy.seen, *accuracy.items);
}

bool timed_in_screening(const VariantRow& variant) { return variant.timed_in == "screening"; }

std::string gates_text(const ResultDocument& result) {
  std::string text;
  for (const GateRow& gate : result.gates)
    text += (text.empty() ? "" : "; ") +
            (gate.text.empty() ? words(std::string(to_text(gate.kind))) : gate.text);
  return text.empty() ? "none" : text;
}

std::string recipe_text(const VariantRow& variant) {
  std::string text;
  for (const std::string& step : variant.recipe) text += (text.empty() ? "" : " → ") + step;
  return text.empty() ? "as given" : text;
}

DecisionText describe_decision(const ResultDocument& result) {
  DecisionText text;
  text.status = status_text(result.status);
  text.headline = headline(result);
  if (const VariantRow* pick = result.picked()) {
    text.figures = pick->id == result.baseline ? "" : speedup_sentence(*pick);
    std::string accuracy = accuracy_sentence(*pick);
    if (!accuracy.empty()) text.figures += (text.figures.empty() ? "" : "; ") + accuracy;
  }
  text.roof = roof_sentence(result);
  if (!result.data.caveat.empty()) text.notes.push_back(result.data.caveat);
  if (std::string classes = class_note(result.data); !classes.empty())
    text.notes.push_back(std::move(classes));
  if (result.fastest_estimated) text.notes.push_back(estimated_note(result));
  if (result.nearest_miss) text.notes.push_back(miss_note(result));
  if (result.latency_from == "pixels")
    text.notes.emplace_back(
        "Latencies begin at the resized image's bytes: they include making the input tensor.");
  return text;
}

std::string decision_text(const Json& document) {
  ResultDocument result = parse_result(document);
  DecisionText decision = describe_decision(result);
  std::string text = decision.headline + "\n";
  if (!decision.figures.empty()) text += "  " + decision.figures + "\n";
  if (!decision.roof.empty()) text += "  " + decision.roof + "\n";
  if (result.confidence)
    text += fmt::format("  Gates: {}, at {} confidence\n", gates_text(result),
                        exact_percent(*result.confidence));
  for (const std::string& note : decision.notes) text += "  " + note + "\n";
  std::vector<std::string> warnings;
  for (const WarningRow& warning : result.warnings)
    warnings.push_back(warning.text + (warning.remedy.empty() ? "" : "; " + warning.remedy));
  append_list(text, "Warnings", warnings);
  append_list(text, kCallerChanges, result.caller_changes);
  append_list(text, "Why", result.reasons);
  append_list(text, "What would change the decision", result.counterfactuals);
  return text;
}

}  // namespace tamis
