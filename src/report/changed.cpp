#include "report/changed.h"

#include <fmt/format.h>

#include "base/base64.h"
#include "report/change_texts.h"
#include "report/format.h"

namespace tamis {
namespace {

std::string paragraph(const std::string& text) {
  return text.empty() ? "" : "<p class=\"hint\">" + escape_html(text) + "</p>";
}

std::string key_html(const char* kind, const char* text) {
  return fmt::format("<span><i class=\"swatch {}\"></i>{}</span>", kind, text);
}

/// What the lines in the pictures mean.
std::string legend_html(const ResultDocument& result) {
  const Json& worst = result.changes.at("worst");
  if (worst.empty()) return "";
  const bool labelled = worst.front().at("truth").is_object();
  std::string keys;
  if (worst.front().contains("objects")) {
    keys = key_html("lost", "lost") + key_html("gained", "gained") +
           key_html("relabelled", "another class") + key_html("same", "still there");
    if (labelled) keys += key_html("truth", "labelled");
  } else if (worst.front().at("baseline").is_object()) {
    keys = key_html("heat", "map, both on one scale");
    if (labelled) keys += key_html("truth", "outline of a labelled defect");
  }
  return keys.empty() ? "" : "<div class=\"legend\">" + keys + "</div>";
}

std::string figure_html(const Json& item, const std::string& role, const ChangePicture* picture) {
  const std::string name = value_text(item.at("item")), text = item_text(item);
  std::string figure = "<figure>";
  if (picture != nullptr && !picture->jpeg.empty())
    figure += fmt::format(
        "<img src=\"data:image/jpeg;base64,{}\" width=\"{}\" height=\"{}\" "
        "alt=\"{}\"/>",
        to_base64(picture->jpeg), picture->size.width, picture->size.height,
        escape_html(name + ": baseline and " + role + " side by side"));
  figure += fmt::format("<figcaption><b>{}</b> {}", escape_html(name), escape_html(text));
  if (picture != nullptr && !picture->note.empty())
    figure += "<small>No image: " + escape_html(picture->note) + "</small>";
  return figure + "</figcaption></figure>";
}

std::string table_html(const ClassTable& table, const std::vector<std::size_t>& rows) {
  std::string text = "<div class=\"scroll\"><table><thead><tr>";
  const auto kind = [&](std::size_t c) {
    return c > 0 && c + 1 < table.columns.size() ? " class=\"num\"" : "";
  };
  for (std::size_t c = 0; c < table.columns.size(); ++c)
    text += fmt::format("<th{}>{}</th>", kind(c), escape_html(table.columns[c]));
  text += "</tr></thead><tbody>";
  for (std::size_t row : rows) {
    text += "<tr>";
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      std::string cell = escape_html(table.rows[row][c]);
      const std::string& verdict = table.verdicts[row];
      if (c + 1 == table.columns.size() && !verdict.empty())
        cell = fmt::format("<span class=\"chip {}\">{}</span>",
                           verdict == "better"  ? "faster"
                           : verdict == "worse" ? "slower"
                                                : "",
                           cell);
      text += fmt::format("<td{}>{}</td>", kind(c), cell);
    }
    text += "</tr>";
  }
  return text + "</tbody></table></div>";
}

std::vector<std::size_t> all_rows(const ClassTable& table) {
  std::vector<std::size_t> rows(table.rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = i;
  return rows;
}

std::string classes_html(const ResultDocument& result) {
  const ClassTable table = class_table(result);
  if (table.rows.empty()) return "";
  std::string text = "<h3>Class by class</h3>" + paragraph(table.lead);
  if (table.telling.empty()) return text + table_html(table, all_rows(table));
  return text + table_html(table, table.telling) +
         fmt::format("<details><summary>All {} classes</summary>{}</details>", table.rows.size(),
                     table_html(table, all_rows(table)));
}

std::string escaped(const std::string& text) { return escape_markdown(text); }

std::string item_markdown(const Json& item, const std::string& role, const ChangePicture* picture) {
  std::string text =
      fmt::format("\n**{}**: {}\n", escaped(value_text(item.at("item"))), escaped(item_text(item)));
  if (picture == nullptr) return text;
  if (!picture->file.empty())
    text += fmt::format("\n![baseline and {} side by side]({})\n", role, picture->file);
  if (!picture->note.empty()) text += "\nNo image: " + escaped(picture->note) + "\n";
  return text;
}

std::string classes_markdown(const ResultDocument& result) {
  const ClassTable table = class_table(result);
  if (table.rows.empty()) return "";
  const auto line = [](const std::vector<std::string>& cells) {
    std::string row = "|";
    for (const std::string& cell : cells) row += " " + escaped(cell) + " |";
    return row + "\n";
  };
  std::string text =
      "\n### Class by class\n\n" + escaped(table.lead) + "\n\n" + line(table.columns) + "|";
  for (std::size_t c = 0; c < table.columns.size(); ++c)
    text += c > 0 && c + 1 < table.columns.size() ? " ---: |" : " --- |";
  text += "\n";
  for (std::size_t row : table.telling.empty() ? all_rows(table) : table.telling)
    text += line(table.rows[row]);
  if (!table.telling.empty())
    text += fmt::format("\n{} of {} classes; all are in report.html and result.json.\n",
                        table.telling.size(), table.rows.size());
  return text;
}

const ChangePicture* picture_of(const std::vector<ChangePicture>& pictures, std::size_t number) {
  return number < pictures.size() ? &pictures[number] : nullptr;
}

bool is_told(const ResultDocument& result) { return !result.changes.empty(); }

}  // namespace

std::string changed_html(const ResultDocument& result, const std::vector<ChangePicture>& pictures) {
  if (!is_told(result)) return "";
  std::string text = "<section class=\"long\"><h2>Worst changes</h2>";
  for (const std::string& sentence : changes_lead(result)) text += paragraph(sentence);
  if (!has_changes(result)) return text + "</section>\n";
  text += legend_html(result);
  const Json& worst = result.changes.at("worst");
  if (!worst.empty()) text += "<div class=\"changes\">";
  for (std::size_t i = 0; i < worst.size(); ++i)
    text += figure_html(worst[i], changed_role(result), picture_of(pictures, i));
  if (!worst.empty()) text += "</div>";
  return text + classes_html(result) + "</section>\n";
}

std::string changed_markdown(const ResultDocument& result,
                             const std::vector<ChangePicture>& pictures) {
  if (!is_told(result)) return "";
  std::string text = "\n## Worst changes\n";
  for (const std::string& sentence : changes_lead(result)) text += "\n" + escaped(sentence) + "\n";
  if (!has_changes(result)) return text;
  const Json& worst = result.changes.at("worst");
  if (!worst.empty() && worst.front().contains("objects"))
    text +=
        fmt::format("\nRed: lost; orange: gained; violet: another class; blue: still there{}.\n",
                    worst.front().at("truth").is_object() ? "; dashed white: labelled" : "");
  for (std::size_t i = 0; i < worst.size(); ++i)
    text += item_markdown(worst[i], changed_role(result), picture_of(pictures, i));
  return text + classes_markdown(result);
}

}  // namespace tamis
