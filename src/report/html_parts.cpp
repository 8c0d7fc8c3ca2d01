#include "report/html_parts.h"

#include <fmt/format.h>

#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/units.h"
#include "report/decision.h"
#include "report/format.h"

namespace tamis {
namespace {

/// A cell: what is shown, what it sorts by, and why it is empty where it is.
struct Cell {
  std::string shown, below, key, why;
};

struct HtmlColumn {
  const char* title;
  const char* kind;  // class of heading and cells
  std::function<Cell(const ResultDocument&, const VariantRow&)> cell;
};

std::string key(double value) { return fmt::format("{:.9g}", value); }

Cell absent(const VariantRow& variant, const char* what) {
  std::string why = variant.failure ? "failed" : words(std::string(to_text(variant.state)));
  if (!variant.gate_reason.empty()) why += ": " + variant.gate_reason;
  return {"", "", "", fmt::format("{} not measured ({})", what, why)};
}

Cell latency_cell(const ResultDocument&, const VariantRow& v) {
  if (!v.latency_ms) return absent(v, "latency");
  const IntervalView median = interval_of(*v.latency_ms);
  std::string below = interval_text(median, ms_number);
  if (timed_in_screening(v)) below += (below.empty() ? "" : " · ") + std::string("screening");
  return {ms_number(median.value), below, key(median.value), ""};
}

Cell p95_cell(const ResultDocument&, const VariantRow& v) {
  if (!v.latency_ms) return absent(v, "latency");
  if (!v.latency_ms->p95) return {"", "", "", "too few rounds for a p95"};
  return {ms_number(*v.latency_ms->p95), "", key(*v.latency_ms->p95), ""};
}

Cell accuracy_cell(const ResultDocument&, const VariantRow& v) {
  if (!v.accuracy) return absent(v, "accuracy");
  const AccuracyRow& a = *v.accuracy;
  std::string below = accuracy_interval_text(a.metric, interval_of(a)), seen = seen_note(a);
  if (!seen.empty()) below += (below.empty() ? "" : " · ") + seen;
  return {accuracy_text(a.metric, a.value), below, key(a.value), ""};
}

Cell change_cell(const ResultDocument& result, const VariantRow& v) {
  if (v.id == result.baseline) return {"", "", "0", "changes refer to this variant"};
  const auto change = v.accuracy ? relative_change(*v.accuracy) : std::nullopt;
  if (!change) return absent(v, "accuracy change");
  return {change_text(change->value), change_interval_text(*change), key(change->value), ""};
}

Cell speedup_cell(const ResultDocument& result, const VariantRow& v) {
  if (v.id == result.baseline) return {"", "", "1", "speed-ups refer to this variant"};
  if (!v.speedup) return absent(v, "speed-up");
  return {ratio_text(v.speedup->ratio), ratio_interval_text(interval_of(*v.speedup)),
          key(v.speedup->ratio), ""};
}

Cell bytes_cell(const VariantRow& v, const std::optional<std::uint64_t>& bytes, const char* what) {
  if (!bytes) return absent(v, what);
  return {bytes_text(*bytes), "", std::to_string(*bytes), ""};
}

std::vector<HtmlColumn> columns() {
  using R = ResultDocument;
  using V = VariantRow;
  return {
      {"Median ms", "num", latency_cell},
      {"p95", "num", p95_cell},
      {"Speed-up", "num", speedup_cell},
      {"Accuracy", "num", accuracy_cell},
      {"Change", "num", change_cell},
      {"Size", "num", [](const R&, const V& v) { return bytes_cell(v, v.size_bytes, "size"); }},
      {"Memory", "num",
       [](const R&, const V& v) {
         return bytes_cell(v, v.opening.peak_memory_bytes, "peak memory");
       }},
  };
}

std::string cell_html(const HtmlColumn& column, const Cell& cell) {
  std::string inside = cell.shown.empty()
                           ? fmt::format("<span class=\"absent\" title=\"{}\">{}</span>",
                                         escape_html(cell.why), kAbsent)
                           : escape_html(cell.shown);
  if (!cell.below.empty()) inside += "<small>" + escape_html(cell.below) + "</small>";
  return fmt::format("<td class=\"{}\" data-v=\"{}\">{}</td>", column.kind, escape_html(cell.key),
                     inside);
}

std::string chip(const std::string& kind, const std::string& title) {
  return fmt::format("<span class=\"chip {}\" title=\"{}\">{}</span>", escape_html(kind),
                     escape_html(title), escape_html(words(kind)));
}

std::string row_class(const ResultDocument& result, const VariantRow& variant) {
  if (result.pick && *result.pick == variant.id) return "pick";
  if (variant.id == result.baseline) return "baseline";
  return variant.state == VariantState::failed ? "failed" : "";
}

std::string verdict_cell(const ResultDocument& result, const VariantRow& v) {
  const std::string verdict = v.id == result.baseline ? "baseline" : verdict_name(v);
  if (verdict.empty())
    return fmt::format(
        "<td data-v=\"\"><span class=\"absent\" title=\"not compared ({})\">{}</span></td>",
        escape_html(words(std::string(to_text(v.state)))), kAbsent);
  return fmt::format("<td data-v=\"{}\">{}</td>", escape_html(verdict),
                     chip(verdict, "speed against the baseline"));
}

std::string row_html(const ResultDocument& result, const VariantRow& v,
                     const std::vector<HtmlColumn>& all) {
  std::string row = fmt::format(
      "<tr class=\"{0}\" id=\"{1}\"><td class=\"id\" data-v=\"{1}\">{1}</td><td class=\"name\" "
      "data-v=\"{2}\">{3}<small>{4}</small></td>",
      row_class(result, v), escape_html(v.id), escape_html(v.name), escape_name(v.name),
      escape_html(recipe_text(v)));
  for (const HtmlColumn& column : all) row += cell_html(column, column.cell(result, v));
  row += verdict_cell(result, v);
  const std::string gate(v.gate ? to_text(*v.gate) : to_text(v.state));
  return row + fmt::format("<td data-v=\"{}\">{}</td></tr>\n", escape_html(gate),
                           chip(gate, v.gate_reason));
}

std::string optional_ms_cell(const std::optional<double>& ms) {
  return fmt::format("<td class=\"num\" data-v=\"{}\">{}</td>", ms ? key(*ms) : "",
                     ms ? ms_number(*ms) : kAbsent);
}

std::string times_html(const ResultDocument& result) {
  std::string rows;
  auto median = [](const std::optional<Timing>& timing) {
    return timing ? std::optional<double>(timing->median) : std::nullopt;
  };
  for (std::size_t index : shown_order(result)) {
    const VariantRow& v = result.variants[index];
    if (!v.latency_ms) continue;
    rows += fmt::format("<tr><td class=\"id\" data-v=\"{0}\">{0}</td><td data-v=\"{1}\">{1}</td>",
                        escape_html(v.id), escape_html(v.name)) +
            optional_ms_cell(median(v.latency_ms)) + optional_ms_cell(v.latency_ms->mean) +
            optional_ms_cell(median(v.inference_ms)) + optional_ms_cell(median(v.from_file_ms)) +
            optional_ms_cell(v.opening.load_ms) + optional_ms_cell(v.opening.compile_ms) +
            optional_ms_cell(v.opening.first_ms);
    auto samples = v.latency_ms->samples;
    rows += samples ? fmt::format("<td class=\"num\" data-v=\"{0}\">{0}</td></tr>\n", *samples)
                    : fmt::format("<td class=\"num\" data-v=\"\">{}</td></tr>\n", kAbsent);
  }
  if (rows.empty()) return "";
  return "<details><summary>All times, in milliseconds</summary><div class=\"scroll\"><table "
         "class=\"sortable\"><thead><tr><th>ID</th><th>Variant</th><th class=\"num\">Tensor to "
         "predictions</th><th class=\"num\">Its mean</th><th class=\"num\">Inference only</th><th "
         "class=\"num\">From file</th><th "
         "class=\"num\">Load</th><th class=\"num\">Compile</th><th class=\"num\">First "
         "inference</th><th class=\"num\">Rounds</th></tr></thead><tbody>\n" +
         rows + "</tbody></table></div></details>";
}

/// A member of the document as people read it: bytes and counts in fitting units.
std::pair<std::string, std::string> definition(const std::string& name, const Json& value) {
  static constexpr std::string_view kBytes = "_bytes";
  bool counted = value.is_number() && value.get<double>() >= 0;
  if (counted && name.ends_with(kBytes))
    return {words(name.substr(0, name.size() - kBytes.size())),
            bytes_text(static_cast<std::uint64_t>(value.get<double>()))};
  if (counted && value.is_number_integer() && value.get<double>() >= 1e5)
    return {words(name), fmt::format("{:.3g} million", value.get<double>() / 1e6)};
  return {words(name), value_text(value)};
}

std::string definitions(const Json& object) {
  std::string text = "<dl>";
  for (const auto& [name, value] : object.items()) {
    if (name == "sources" || name == "labels") continue;
    auto [label, shown] = definition(name, value);
    text += fmt::format("<dt>{}</dt><dd>{}</dd>", escape_html(label), escape_html(shown));
  }
  return text + "</dl>";
}

std::string group(const char* title, const Json& object) {
  if (object.empty()) return "";
  return fmt::format("<div><h3>{}</h3>{}</div>", title, definitions(object));
}

std::string warnings_html(const ResultDocument& result) {
  std::string text;
  for (const WarningRow& warning : result.warnings)
    text += fmt::format(
        "<div class=\"warning\"><i>▲</i><div>{}{}</div></div>", escape_html(warning.text),
        warning.remedy.empty() ? "" : "<small>" + escape_html(warning.remedy) + "</small>");
  return text;
}

}  // namespace

std::string variants_html(const ResultDocument& result) {
  if (result.variants.empty()) return "";
  std::vector<HtmlColumn> all = columns();
  std::string text = "<section class=\"long\"><h2>Variants</h2><p class=\"hint\">";
  std::string counts;
  if (result.counts) {
    const Json document = write_document(*result.counts);
    for (const auto& [name, count] : document.items())
      counts += fmt::format("{}{} {}", counts.empty() ? "" : ", ", count.dump(), name);
  }
  text +=
      counts + (counts.empty() ? "" : ". ") +
      "Intervals are below their values; click a heading to sort.</p><div class=\"scroll\"><table "
      "class=\"sortable\" id=\"variants\"><thead><tr><th>ID</th><th>Variant</th>";
  for (const HtmlColumn& column : all)
    text += fmt::format("<th class=\"{}\">{}</th>", column.kind, column.title);
  text += "<th>Verdict</th><th>Gate</th></tr></thead><tbody>\n";
  for (std::size_t index : shown_order(result))
    text += row_html(result, result.variants[index], all);
  return text + "</tbody></table></div>" + times_html(result) + "</section>\n";
}

std::string failures_html(const ResultDocument& result) {
  std::string text;
  for (const VariantRow& v : result.variants) {
    if (!v.failure) continue;
    text += fmt::format("<div class=\"failure\"><b>{}</b> {} {}<p>{}</p>", escape_html(v.id),
                        escape_html(v.name), chip("failed", v.failure->code),
                        escape_html(v.failure->text));
    if (!v.failure->command.empty())
      text += "<p class=\"hint\">Repeat it with</p><pre class=\"wrap\">" +
              escape_html(v.failure->command) + "</pre>";
    text += "</div>";
  }
  return text.empty() ? "" : "<section><h2>Failures</h2>" + text + "</section>\n";
}

std::string winner_html(const ResultDocument& result) {
  const VariantRow* handed = result.handed_over();
  if (!handed) return "";
  std::string title = result.pick ? "Run the winner" : "Run what was handed over";
  return "<section><h2>" + title +
         "</h2><p class=\"hint\">The folder of this report holds "
         "<code>model.onnx</code>, its card and <code>run.json</code>; <code>USING.md</code> shows "
         "the same from Python and C++.</p><pre>tamis bench .   # its latency on this machine\n"
         "tamis eval . --data DATA   # its accuracy on your data</pre><div class=\"two\">" +
         group("Settings asked for", handed->settings) +
         group("What the runtime says it does", handed->effective) + "</div></section>\n";
}

std::string environment_html(const ResultDocument& result) {
  std::string warnings = warnings_html(result);
  std::string text = "<section class=\"long\"><h2>Environment</h2>" + warnings +
                     "<div class=\"two\">" + group("Machine", result.environment.machine) +
                     group("Runtimes", runtimes_of(result)) +
                     group("Model", write_document(result.model)) + group("Card", result.card) +
                     group("Data", write_document(result.data)) + "</div>";
  if (!result.command.empty())
    text += "<h3>Command</h3><pre class=\"wrap\">" + escape_html(result.command) + "</pre>";
  return text + "</section>\n";
}

}  // namespace tamis
