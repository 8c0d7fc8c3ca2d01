#include "report/explained.h"

#include <fmt/format.h>

#include "explain/explain.h"
#include "report/format.h"

namespace tamis {
namespace {

bool is_explained(const ResultDocument& result) {
  return result.explain.is_object() && result.explain.contains("model");
}

std::string cell_html(const char* tag, const std::string& text, bool right) {
  return fmt::format("<{0}{1}>{2}</{0}>", tag, right ? " class=\"num\"" : "", escape_html(text));
}

std::string table_html(const ExplainSection& section) {
  if (section.rows.empty()) return "";
  std::string text = "<div class=\"scroll\"><table><thead><tr>";
  for (std::size_t c = 0; c < section.columns.size(); ++c)
    text += cell_html("th", section.columns[c], section.right[c]);
  text += "</tr></thead><tbody>";
  for (const std::vector<std::string>& row : section.rows) {
    text += "<tr>";
    for (std::size_t c = 0; c < row.size(); ++c) text += cell_html("td", row[c], section.right[c]);
    text += "</tr>";
  }
  return text + "</tbody></table></div>";
}

std::string sentence_html(const std::string& text) {
  return text.empty() ? "" : "<p class=\"hint\">" + escape_html(text) + "</p>";
}

}  // namespace

std::string explained_html(const ResultDocument& result) {
  if (!is_explained(result)) return "";
  std::string text =
      "<section><h2>Where the time goes</h2>" + sentence_html(explain_source_text(result.explain));
  for (const ExplainSection& section : explain_sections(result.explain, false))
    text += "<details><summary>" + escape_html(section.title) + "</summary>" +
            sentence_html(section.before) + table_html(section) + sentence_html(section.after) +
            "</details>";
  return text + "</section>";
}

std::string explained_markdown(const ResultDocument& result) {
  if (!is_explained(result)) return "";
  std::string text =
      "\n## Where the time goes\n\n" + escape_markdown(explain_source_text(result.explain)) + "\n";
  auto row = [](const std::vector<std::string>& cells) {
    std::string line = "|";
    for (const std::string& cell : cells) line += " " + escape_markdown(cell) + " |";
    return line + "\n";
  };
  for (const ExplainSection& section : explain_sections(result.explain, false)) {
    text += "\n### " + section.title + "\n\n";
    if (!section.before.empty()) text += escape_markdown(section.before) + "\n\n";
    if (!section.rows.empty()) {
      text += row(section.columns) + "|";
      for (bool right : section.right) text += right ? " ---: |" : " --- |";
      text += "\n";
      for (const std::vector<std::string>& cells : section.rows) text += row(cells);
    }
    if (!section.after.empty()) text += "\n" + escape_markdown(section.after) + "\n";
  }
  return text;
}

}  // namespace tamis
