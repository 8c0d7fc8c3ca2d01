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

std::string status_text(const std::string& status) {
  if (status == "met") return "gates met";
  return words(status);
}

/// "2.74 times as fast as", "as fast as (within what was resolved)", "3 % slower than".
std::string speed_phrase(const VariantView& pick) {
  if (!pick.speedup) return "";
  if (pick.images_per_s && pick.verdict != "not_distinguishable")
    return fmt::format("{:.1f} images per second, {:.2f} times the baseline's",
                       pick.images_per_s->value, pick.speedup->value);
  if (pick.verdict == "not_distinguishable") return "speed not distinguishable from the baseline's";
  return fmt::format("{:.2f} times as fast as the baseline", pick.speedup->value);
}

std::string objective_phrase(const ResultView& result, const VariantView& pick) {
  if (result.objective == "size" && pick.size_bytes)
    return bytes_text(static_cast<std::uint64_t>(*pick.size_bytes)) + " on disk";
  if (result.objective == "memory" && pick.peak_memory_bytes)
    return bytes_text(static_cast<std::uint64_t>(*pick.peak_memory_bytes)) + " at its peak";
  return speed_phrase(pick);
}

std::string met_headline(const ResultView& result, const VariantView& pick) {
  if (pick.id == result.baseline)
    return fmt::format("Keep the baseline, {}: nothing better was proven.", pick.name);
  std::string phrase = objective_phrase(result, pick);
  return fmt::format("Deploy {}{}{}.", pick.name, phrase.empty() ? "" : ": ", phrase);
}

std::string headline(const ResultView& result) {
  const VariantView* pick = result.picked();
  if (result.status == "interrupted")
    return pick ? fmt::format("Interrupted; the best proven so far is {}.", pick->name)
                : "Interrupted before a variant was proven.";
  if (result.status != "met")
    return pick ? fmt::format("No variant met every gate; {} is handed over.", pick->name)
                : "No variant met every gate; the original model is handed over unchanged.";
  return pick ? met_headline(result, *pick) : "Nothing was picked.";
}

std::string shown_name(const ResultView& result, const std::string& id) {
  const VariantView* variant = result.find(id);
  return variant ? fmt::format("{} ({})", variant->name, id) : id;
}

std::string estimated_note(const ResultView& result) {
  const NamedVariant& named = *result.fastest_estimated;
  std::string text =
      fmt::format("Faster, but only estimated to meet the gates: {}", shown_name(result, named.id));
  if (named.probability)
    text += fmt::format(", with probability {}", percent_of(*named.probability));
  if (named.items_needed)
    text += fmt::format("; about {} items would settle it", *named.items_needed);
  return text + ".";
}

std::string miss_note(const ResultView& result) {
  const NamedVariant& named = *result.nearest_miss;
  return fmt::format("Nearest miss: {}{}{}", shown_name(result, named.id),
                     named.text.empty() ? "." : ": ", named.text);
}

/// "INT8 winner: 41 % of this machine's INT8 peak; …".
std::string roof_sentence(const ResultView& result) {
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
std::string class_note(const Json& data) {
  const Json classes = data.value("about", Json::object()).value("classes", Json::object());
  const std::string text = classes.value("text", "");
  if (text.empty()) return "";
  return (classes.value("doubtful", false) ? "Warning: " : "Labels: ") + text + ".";
}

}  // namespace

std::string speedup_sentence(const VariantView& variant) {
  if (!variant.speedup) return "";
  return fmt::format("{:.2f} times as fast as the baseline {}", variant.speedup->value,
                     ratio_interval_text(*variant.speedup));
}

std::string accuracy_sentence(const VariantView& variant) {
  if (!variant.accuracy) return "";
  const AccuracyView& accuracy = *variant.accuracy;
  std::string text = fmt::format("{} {}", metric_name(accuracy.metric),
                                 accuracy_text(accuracy.metric, accuracy.value.value));
  if (!accuracy.relative_change) return text;
  double change = accuracy.relative_change->value;
  std::string interval = change_interval_text(*accuracy.relative_change);
  text += fmt::format(", {} {} the baseline's", percent_text(std::abs(change)),
                      change > 0 ? "above" : "below");
  return interval.empty() ? text : fmt::format("{} (change {})", text, interval);
}

std::string gate_text(const VariantView& variant) {
  if (!variant.gate.empty()) return variant.gate;
  return words(variant.state);
}

std::string seen_note(const AccuracyView& accuracy) {
  if (!accuracy.seen || !accuracy.items || *accuracy.seen >= *accuracy.items) return "";
  return fmt::format("{} of {} items", *accuracy.seen, *accuracy.items);
}

bool timed_in_screening(const VariantView& variant) { return variant.timed_in == "screening"; }

std::string gates_text(const ResultView& result) {
  std::string text;
  for (const GateView& gate : result.gates)
    text += (text.empty() ? "" : "; ") + (gate.text.empty() ? words(gate.kind) : gate.text);
  return text.empty() ? "none" : text;
}

std::string recipe_text(const VariantView& variant) {
  std::string text;
  for (const std::string& step : variant.recipe) text += (text.empty() ? "" : " → ") + step;
  return text.empty() ? "as given" : text;
}

DecisionText describe_decision(const ResultView& result) {
  DecisionText text;
  text.status = status_text(result.status);
  text.headline = headline(result);
  if (const VariantView* pick = result.picked()) {
    text.figures = pick->id == result.baseline ? "" : speedup_sentence(*pick);
    std::string accuracy = accuracy_sentence(*pick);
    if (!accuracy.empty()) text.figures += (text.figures.empty() ? "" : "; ") + accuracy;
  }
  text.roof = roof_sentence(result);
  if (std::string caveat = result.data.value("caveat", ""); !caveat.empty())
    text.notes.push_back(caveat);
  if (std::string classes = class_note(result.data); !classes.empty())
    text.notes.push_back(std::move(classes));
  if (result.fastest_estimated) text.notes.push_back(estimated_note(result));
  if (result.nearest_miss) text.notes.push_back(miss_note(result));
  if (result.from_pixels)
    text.notes.emplace_back(
        "Latencies begin at the resized image's bytes: they include making the input tensor.");
  return text;
}

std::string decision_text(const Json& document) {
  ResultView result = parse_result(document);
  DecisionText decision = describe_decision(result);
  std::string text = decision.headline + "\n";
  if (!decision.figures.empty()) text += "  " + decision.figures + "\n";
  if (!decision.roof.empty()) text += "  " + decision.roof + "\n";
  if (result.confidence)
    text += fmt::format("  Gates: {}, at {} confidence\n", gates_text(result),
                        exact_percent(*result.confidence));
  for (const std::string& note : decision.notes) text += "  " + note + "\n";
  std::vector<std::string> warnings;
  for (const WarningView& warning : result.warnings)
    warnings.push_back(warning.text + (warning.remedy.empty() ? "" : "; " + warning.remedy));
  append_list(text, "Warnings", warnings);
  append_list(text, kCallerChanges, result.caller_changes);
  append_list(text, "Why", result.reasons);
  append_list(text, "What would change the decision", result.counterfactuals);
  return text;
}

}  // namespace tamis
