#include <fmt/format.h>

#include "base/percent.h"
#include "base/units.h"
#include "report/changed.h"
#include "report/decision.h"
#include "report/explained.h"
#include "report/format.h"
#include "report/html_parts.h"
#include "report/page.h"
#include "report/svg.h"
#include "report/tables.h"

namespace tamis {
namespace {

std::string header_html(const ResultDocument& result) {
  std::string text = "<header class=\"top\"><strong>tamis</strong>";
  text += "<span>" + escape_html(result.model.name) + "</span>";
  text += "<span>" + escape_html(result.created) + "</span>";
  if (result.wall_s) text += "<span>took " + duration_text(*result.wall_s) + "</span>";
  return text +
         "<span class=\"grow\"></span><button class=\"toggle\" type=\"button\" hidden>Dark</button>"
         "</header>";
}

std::string card(const char* title, const std::string& value, const std::string& below,
                 bool good = false) {
  return fmt::format(
      "<div class=\"card{}\"><b>{}</b><div class=\"big\">{}</div><div class=\"sub\">{}</div></div>",
      good ? " good" : "", title, escape_html(value), escape_html(below));
}

std::string bytes_card(const char* title, const std::optional<std::uint64_t>& bytes,
                       const std::optional<std::uint64_t>& baseline) {
  if (!bytes) return "";
  return card(title, bytes_text(*bytes), baseline ? "baseline " + bytes_text(*baseline) : "");
}

std::string accuracy_cards(const VariantRow& pick, bool baseline_picked) {
  const AccuracyRow& accuracy = *pick.accuracy;
  std::string value = accuracy_text(accuracy.metric, accuracy.value);
  std::string baseline =
      accuracy.baseline ? "baseline " + accuracy_text(accuracy.metric, *accuracy.baseline) : "";
  std::string cards = card(escape_html(metric_name(accuracy.metric)).c_str(), value, baseline);
  const std::optional<IntervalView> change = relative_change(accuracy);
  if (!change || baseline_picked) return cards;
  std::string interval = change_interval_text(*change);
  if (accuracy.confidence) interval += fmt::format(" at {}", exact_percent(*accuracy.confidence));
  return cards + card("Accuracy change", change_text(change->value), interval);
}

std::string cards_html(const ResultDocument& result, const VariantRow& pick) {
  const VariantRow* found = result.baseline_variant();
  const VariantRow baseline = found == nullptr ? VariantRow() : *found;
  std::string text = "<div class=\"cards\">";
  if (pick.speedup && pick.id != result.baseline)
    text +=
        card("Speed-up", ratio_text(pick.speedup->ratio),
             ratio_interval_text(interval_of(*pick.speedup)) + " paired", pick.speedup->ratio > 1);
  if (pick.images_per_s)
    text += card("Images per second", fmt::format("{:.1f}", pick.images_per_s->median),
                 "of the whole machine, several requests in flight");
  if (pick.latency_ms)
    text += card(pick.images_per_s ? "Latency under load, median" : "Latency, median",
                 milliseconds_text(pick.latency_ms->median),
                 pick.latency_ms->p95 ? "p95 " + milliseconds_text(*pick.latency_ms->p95)
                                      : "too few rounds for a p95");
  if (pick.accuracy) text += accuracy_cards(pick, pick.id == result.baseline);
  text += bytes_card("Size on disk", pick.size_bytes, baseline.size_bytes);
  text +=
      bytes_card("Peak memory", pick.opening.peak_memory_bytes, baseline.opening.peak_memory_bytes);
  return text + "</div>";
}

std::string hero_html(const ResultDocument& result) {
  DecisionText decision = describe_decision(result);
  std::string text =
      fmt::format("<section class=\"hero\"><span class=\"chip {}\">{}</span><h1>{}</h1>",
                  escape_html(to_text(result.status)), escape_html(decision.status),
                  escape_html(decision.headline));
  std::string lead = "Gates: " + gates_text(result);
  if (result.confidence)
    lead += fmt::format(", at {} confidence", exact_percent(*result.confidence));
  text += "<p class=\"lead\">" + escape_html(lead) +
          ". Objective: " + escape_html(result.objective) + ".</p>";
  if (!decision.roof.empty()) text += "<p class=\"lead\">" + escape_html(decision.roof) + ".</p>";
  for (const std::string& note : decision.notes)
    text += "<p class=\"note\">" + escape_html(note) + "</p>";
  if (const VariantRow* handed = result.handed_over()) text += cards_html(result, *handed);
  return text + "</section>";
}

std::string list_html(const char* title, const std::vector<std::string>& lines) {
  if (lines.empty()) return "";
  std::string text = fmt::format("<div><h2>{}</h2><ul>", title);
  for (const std::string& line : lines) text += "<li>" + escape_html(line) + "</li>";
  return text + "</ul></div>";
}

std::string reasons_html(const ResultDocument& result) {
  std::string lists = list_html(kCallerChanges, result.caller_changes) +
                      list_html("Why", result.reasons) +
                      list_html("What would change the decision", result.counterfactuals);
  return lists.empty() ? "" : "<section><div class=\"two\">" + lists + "</div></section>";
}

std::string legend_key(const char* kind, const char* shape, const char* text) {
  return fmt::format(
      "<span><svg class=\"key {}\" viewBox=\"0 0 16 14\" aria-hidden=\"true\">{}</svg>{}</span>",
      kind, shape, text);
}

std::string legend_html() {
  return "<div class=\"legend\">" +
         legend_key("met", "<circle class=\"shape\" cx=\"8\" cy=\"7\" r=\"5\"/>", "gates met") +
         legend_key("estimated", "<path class=\"shape\" d=\"M8 1l6.5 11h-13z\"/>", "estimated") +
         legend_key("missed", "<path class=\"shape cross\" d=\"M4 3l8 8m0 -8l-8 8\"/>", "missed") +
         legend_key("undecided", "<circle class=\"shape\" cx=\"8\" cy=\"7\" r=\"5\"/>",
                    "undecided") +
         legend_key("baseline", "<path class=\"shape\" d=\"M8 0l7 7l-7 7l-7 -7z\"/>", "baseline") +
         legend_key("met", "<path class=\"frontier\" d=\"M0 7h16\"/>", "frontier") +
         legend_key("rug", "<path d=\"M8 1v12\"/>", "speed only, accuracy not evaluated") +
         "</div>";
}

std::string plot_section(const char* title, const char* hint, const std::string& legend,
                         const ResultDocument& result,
                         std::string (*draw)(const ResultDocument&, SvgWidth)) {
  std::string wide = draw(result, SvgWidth::wide);
  if (wide.empty()) return "";
  return fmt::format("<section><h2>{}</h2><p class=\"hint\">{}</p>{}{}{}</section>", title, hint,
                     legend, wide, draw(result, SvgWidth::narrow));
}

std::string plots_html(const ResultDocument& result) {
  return plot_section("Latency against accuracy",
                      "Whiskers are the intervals; accuracy is paired with the baseline's on the "
                      "same items. Point at a mark for its figures.",
                      legend_html(), result, pareto_svg);
}

std::string distributions_html(const ResultDocument& result) {
  return plot_section("Latency distributions",
                      "A dot is the median of one visit; the box spans the quartiles, the bar is "
                      "the median. Variants took turns in random order.",
                      "", result, latency_svg);
}

}  // namespace

std::string report_html(const ResultDocument& result, const std::vector<ChangePicture>& changes) {
  std::string title = describe_decision(result).headline;
  std::string page = fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
      "'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">\n<title>{}</title>\n",
      escape_html(title));
  page += std::string("<style>") + kPageStyle +
          "@media (prefers-color-scheme: dark) { :root:not([data-theme=light]) {" +
          kPageDarkColours + "} }\n:root[data-theme=dark] { color-scheme: dark;" +
          kPageDarkColours + "}\n:root[data-theme=light] { color-scheme: light; }\n</style>\n";
  page += "</head>\n<body>\n<main>\n" + header_html(result) + hero_html(result) +
          plots_html(result) + reasons_html(result) + variants_html(result) +
          changed_html(result, changes) + distributions_html(result) + explained_html(result) +
          failures_html(result) + winner_html(result) + environment_html(result);
  page += fmt::format(
      "<footer>Made by tamis {}. Every figure was measured on the machine above."
      "</footer>\n</main>\n<script>{}</script>\n</body>\n</html>\n",
      escape_html(result.tamis_version), kPageScript);
  return page;
}

}  // namespace tamis
