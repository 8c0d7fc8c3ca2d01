#include <fmt/format.h>

#include "base/percent.h"
#include "base/units.h"
#include "report/changed.h"
#include "report/decision.h"
#include "report/explained.h"
#include "report/format.h"
#include "report/tables.h"

namespace tamis {
namespace {

std::string md(const std::string& text) { return escape_markdown(text); }

std::string cell(const std::string& value, const std::string& interval) {
  return interval.empty() ? value : value + " " + md(interval);
}

std::string bytes_cell(const std::optional<std::uint64_t>& bytes) {
  return bytes ? bytes_text(*bytes) : kAbsent;
}

std::string latency_cells(const VariantRow& v) {
  if (!v.latency_ms) return fmt::format("{} | {} | {}", kAbsent, kAbsent, kAbsent);
  const Timing& t = *v.latency_ms;
  return fmt::format("{} | {} | {}", t.mean ? ms_number(*t.mean) : kAbsent,
                     cell(ms_number(t.median), interval_text(interval_of(t), ms_number)),
                     t.p95 ? ms_number(*t.p95) : kAbsent);
}

std::string rate_cells(const ResultDocument& result, const VariantRow& v) {
  if (result.objective != "throughput") return "";
  return v.images_per_s ? fmt::format(" {:.1f} |", v.images_per_s->median)
                        : fmt::format(" {} |", kAbsent);
}

std::string accuracy_cells(const VariantRow& v) {
  if (!v.accuracy) return fmt::format("{} | {}", kAbsent, kAbsent);
  const AccuracyRow& a = *v.accuracy;
  std::string change = kAbsent;
  if (const auto relative = relative_change(a))
    change = cell(change_text(relative->value), change_interval_text(*relative));
  return fmt::format(
      "{} | {}",
      cell(accuracy_text(a.metric, a.value), accuracy_interval_text(a.metric, interval_of(a))),
      change);
}

std::string variant_row(const ResultDocument& result, const VariantRow& v) {
  bool picked = result.pick && *result.pick == v.id;
  std::string bold = picked ? "**" : "";
  std::string verdict = v.id == result.baseline ? "baseline" : words(verdict_name(v));
  return fmt::format(
      "| {}{}{} | {}{}{} |{} {} | {} | {} | {} | {} | {} | {} |\n", bold, md(v.id), bold, bold,
      md(v.name), bold, rate_cells(result, v), accuracy_cells(v), latency_cells(v),
      bytes_cell(v.size_bytes), bytes_cell(v.opening.peak_memory_bytes),
      v.speedup ? cell(ratio_text(v.speedup->ratio), ratio_interval_text(interval_of(*v.speedup)))
                : kAbsent,
      verdict.empty() ? kAbsent : md(verdict), md(gate_text(v)));
}

std::string variants_section(const ResultDocument& result) {
  const bool rated = result.objective == "throughput";
  std::string text = fmt::format(
      "\n## Variants\n\n"
      "| ID | Variant |{} Accuracy | Change | Mean ms | Median ms | p95 ms | Size | Peak "
      "memory | Speed-up | Verdict | Gate |\n"
      "| --- | --- |{} --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- | --- "
      "|\n",
      rated ? " Images/s |" : "", rated ? " ---: |" : "");
  for (std::size_t index : shown_order(result)) text += variant_row(result, result.variants[index]);
  return text + "\nIntervals in brackets; a dash: not measured.\n";
}

std::string list_section(const char* title, const std::vector<std::string>& lines) {
  if (lines.empty()) return "";
  std::string text = fmt::format("\n## {}\n\n", title);
  for (const std::string& line : lines) text += "- " + md(line) + "\n";
  return text;
}

/// A fenced block whose fence is longer than any run of backticks in it.
std::string fenced(const std::string& text) {
  std::size_t longest = 0, run = 0;
  for (char c : text) {
    run = c == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  std::string fence(std::max<std::size_t>(3, longest + 1), '`');
  return fence + "\n" + text + "\n" + fence + "\n";
}

std::string failures_section(const ResultDocument& result) {
  std::string text;
  for (const VariantRow& v : result.variants) {
    if (!v.failure) continue;
    text += fmt::format("- **{}** {} ({}): {}\n", md(v.id), md(v.name), md(words(v.failure->code)),
                        md(v.failure->text));
    if (!v.failure->command.empty()) text += "\n" + fenced(v.failure->command) + "\n";
  }
  return text.empty() ? "" : "\n## Failures\n\n" + text;
}

std::string environment_section(const ResultDocument& result) {
  std::string text = "\n## Environment\n\n| | |\n| --- | --- |\n";
  for (const Json& group : {result.environment.machine, runtimes_of(result)})
    for (const auto& [key, value] : group.items())
      text += fmt::format("| {} | {} |\n", md(words(key)), md(value_text(value)));
  for (const WarningRow& warning : result.warnings)
    text += fmt::format("\n> **Warning:** {}{}{}\n", md(warning.text),
                        warning.remedy.empty() ? "" : ". Remedy: ", md(warning.remedy));
  return text;
}

std::string head(const ResultDocument& result) {
  DecisionText decision = describe_decision(result);
  std::string text = fmt::format("# {}\n\n**{}**", md(result.model.name), md(decision.headline));
  if (!decision.figures.empty()) text += "\n\n" + md(decision.figures) + ".";
  if (!decision.roof.empty()) text += "\n\n" + md(decision.roof) + ".";
  for (const std::string& note : decision.notes) text += "\n\n" + md(note);
  text += fmt::format("\n\nGates: {}.", md(gates_text(result)));
  if (result.confidence) text += fmt::format(" Confidence {}.", exact_percent(*result.confidence));
  text += fmt::format(" Objective: {}.", md(result.objective));
  if (result.wall_s) text += fmt::format(" Took {}.", duration_text(*result.wall_s));
  return text + "\n";
}

}  // namespace

std::string report_markdown(const ResultDocument& result, const std::vector<std::string>& plots,
                            const std::vector<ChangePicture>& changes) {
  std::string text = head(result);
  for (const std::string& plot : plots) text += fmt::format("\n![{0}]({0})\n", plot);
  text += list_section(kCallerChanges, result.caller_changes);
  text += list_section("Why", result.reasons);
  text += list_section("What would change the decision", result.counterfactuals);
  text += variants_section(result);
  text += changed_markdown(result, changes);
  text += explained_markdown(result);
  text += failures_section(result);
  text += environment_section(result);
  if (!result.command.empty()) text += "\n## Command\n\n" + fenced(result.command);
  text += fmt::format("\nTamis {}, {}.\n", md(result.tamis_version), md(result.created));
  return text;
}

}  // namespace tamis
