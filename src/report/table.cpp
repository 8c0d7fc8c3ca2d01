// The variants as a table of plain text and as CSV.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <sstream>

#include "base/units.h"
#include "report/decision.h"
#include "report/format.h"
#include "report/report.h"
#include "report/tables.h"
#include "result/keys.h"

namespace tamis {
namespace {

std::string joined(const std::string& a, const std::string& b) {
  return b.empty() ? a : a + " " + b;
}

std::string rate_number(double images_per_s) { return fmt::format("{:.1f}", images_per_s); }

std::string latency_cell(const VariantRow& v) {
  if (!v.latency_ms) return kAbsent;
  std::string text =
      joined(ms_number(v.latency_ms->median), interval_text(interval_of(*v.latency_ms), ms_number));
  return timed_in_screening(v) ? text + "*" : text;
}

std::string rate_cell(const VariantRow& v) {
  if (!v.images_per_s) return kAbsent;
  return joined(rate_number(v.images_per_s->median),
                interval_text(interval_of(*v.images_per_s), rate_number));
}

std::string optional_ms(const std::optional<double>& ms) { return ms ? ms_number(*ms) : kAbsent; }

std::string optional_bytes(const std::optional<std::uint64_t>& bytes) {
  return bytes ? bytes_text(*bytes) : kAbsent;
}

std::string accuracy_cell(const VariantRow& v) {
  if (!v.accuracy) return kAbsent;
  std::string value = accuracy_text(v.accuracy->metric, v.accuracy->value);
  return seen_note(*v.accuracy).empty() ? value : value + "†";
}

std::string change_cell(const VariantRow& v) {
  const auto change = v.accuracy ? relative_change(*v.accuracy) : std::nullopt;
  if (!change) return kAbsent;
  std::string interval = change_interval_text(*change);
  std::string value = change_text(change->value);
  if (interval.empty()) return value;
  return value.substr(0, value.size() - 2) + " " + interval;
}

std::string speedup_cell(const VariantRow& v) {
  if (!v.speedup) return kAbsent;
  return joined(ratio_text(v.speedup->ratio), ratio_interval_text(interval_of(*v.speedup)));
}

/// A column of the terminal's table. Those with the greatest `order` are left out first where the
/// terminal is narrow.
struct TerminalColumn {
  const char* title;
  bool right;
  int order;
  std::function<std::string(const VariantRow&)> cell;
};

std::vector<TerminalColumn> terminal_columns(const ResultDocument& result) {
  std::vector<TerminalColumn> columns{
      {"ID", false, 0, [](const VariantRow& v) { return v.id; }},
      {"Variant", false, 0, [](const VariantRow& v) { return v.name; }},
      {"Median ms", true, 0, latency_cell},
      {"p95 ms", true, 5,
       [](const VariantRow& v) {
         return optional_ms(v.latency_ms ? v.latency_ms->p95 : std::nullopt);
       }},
      {"Speed-up", true, 1, speedup_cell},
      {"Accuracy", true, 2, accuracy_cell},
      {"Change", true, 3, change_cell},
      {"Size", true, 6, [](const VariantRow& v) { return optional_bytes(v.size_bytes); }},
      {"Memory", true, 7,
       [](const VariantRow& v) { return optional_bytes(v.opening.peak_memory_bytes); }},
      {"Gate", false, 2, gate_text},
  };
  if (result.objective == "throughput")
    columns.insert(columns.begin() + 2, {"Images/s", true, 0, rate_cell});
  return columns;
}

/// "►" the pick, "·" the baseline.
std::string marker(const ResultDocument& result, const VariantRow& variant) {
  if (result.pick && variant.id == *result.pick) return "► ";
  return variant.id == result.baseline ? "· " : "  ";
}

struct Grid {
  std::vector<TerminalColumn> columns;
  std::vector<std::vector<std::string>> rows;  // rows[0] are the titles
  std::vector<std::size_t> widths;
};

void measure_grid(Grid& grid) {
  grid.widths.assign(grid.columns.size(), 0);
  for (const auto& row : grid.rows)
    for (std::size_t c = 0; c < row.size(); ++c)
      grid.widths[c] = std::max(grid.widths[c], display_width(row[c]));
}

std::size_t total_width(const Grid& grid) {
  std::size_t total = 2;
  for (std::size_t width : grid.widths) total += width + 2;
  return total - 2;
}

void remove_column(Grid& grid, std::size_t column) {
  auto at = static_cast<std::ptrdiff_t>(column);
  grid.columns.erase(grid.columns.begin() + at);
  grid.widths.erase(grid.widths.begin() + at);
  for (auto& row : grid.rows) row.erase(row.begin() + at);
}

/// Leaves out columns, the least needed first, then shortens the names.
void narrow_grid(Grid& grid, std::size_t width) {
  constexpr std::size_t kName = 1, kShortestName = 40;
  while (total_width(grid) - grid.widths[kName] + std::min(grid.widths[kName], kShortestName) >
         width) {
    auto last = std::max_element(
        grid.columns.begin(), grid.columns.end(),
        [](const TerminalColumn& a, const TerminalColumn& b) { return a.order < b.order; });
    if (last->order == 0) break;
    remove_column(grid, static_cast<std::size_t>(last - grid.columns.begin()));
  }
  std::size_t total = total_width(grid);
  if (total > width)
    grid.widths[kName] -=
        std::min(total - width, grid.widths[kName] - std::min(grid.widths[kName], std::size_t{10}));
}

std::string row_text(const Grid& grid, const std::vector<std::string>& row) {
  std::string line;
  for (std::size_t c = 0; c < row.size(); ++c) {
    std::string cell = fit(row[c], grid.widths[c]);
    if (grid.columns[c].right && display_width(row[c]) < grid.widths[c])
      cell = std::string(grid.widths[c] - display_width(row[c]), ' ') + row[c];
    line += (c == 0 ? "" : "  ") + cell;
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

struct CsvColumn {
  std::string title;
  std::function<std::string(const VariantRow&)> cell;
};

/// Full precision, empty where absent: for programs.
std::string csv_number(const std::optional<double>& value) {
  return value ? fmt::format("{:.9g}", *value) : "";
}

std::string csv_bytes(const std::optional<std::uint64_t>& value) {
  return value ? std::to_string(*value) : "";
}

/// The text of an enumeration's value.
template <class T>
std::string csv_name(const std::optional<T>& value) {
  return value ? csv_field(to_text(*value)) : "";
}

/// A key of the document, or one of its parts: "accuracy_low".
std::string title(std::string_view key, std::string_view part = "") {
  return part.empty() ? std::string(key) : fmt::format("{}_{}", key, part);
}

std::vector<CsvColumn> csv_columns() {
  using V = VariantRow;
  const auto of = [](auto V::*group, auto pick) {
    return [group, pick](const V& v) {
      return v.*group ? csv_number(pick(*(v.*group))) : std::string();
    };
  };
  using Number = std::optional<double>;
  const auto accuracy = [&](auto pick) { return of(&V::accuracy, pick); };
  const auto latency = [&](auto pick) { return of(&V::latency_ms, pick); };
  const auto speedup = [&](auto pick) { return of(&V::speedup, pick); };
  return {
      {"ID", [](const V& v) { return csv_field(v.id); }},
      {"variant", [](const V& v) { return csv_field(v.name); }},
      {title(keys::accuracy), accuracy([](const AccuracyRow& a) { return Number(a.value); })},
      {title(keys::accuracy, keys::low), accuracy([](const AccuracyRow& a) { return a.low; })},
      {title(keys::accuracy, keys::high), accuracy([](const AccuracyRow& a) { return a.high; })},
      {"mean_ms", latency([](const Timing& t) { return t.mean; })},
      {"median_ms", latency([](const Timing& t) { return Number(t.median); })},
      {"p95_ms", latency([](const Timing& t) { return t.p95; })},
      {title(keys::size_bytes), [](const V& v) { return csv_bytes(v.size_bytes); }},
      {title(keys::peak_memory_bytes),
       [](const V& v) { return csv_bytes(v.opening.peak_memory_bytes); }},
      {title(keys::speedup), speedup([](const Ratio& s) { return Number(s.ratio); })},
      {title(keys::speedup, keys::low), speedup([](const Ratio& s) { return s.low; })},
      {title(keys::speedup, keys::high), speedup([](const Ratio& s) { return s.high; })},
      {title(keys::verdict), [](const V& v) { return csv_name(v.verdict); }},
      {title(keys::state), [](const V& v) { return csv_field(to_text(v.state)); }},
      {title(keys::gate), [](const V& v) { return csv_name(v.gate); }},
      {title(keys::images_per_s),
       of(&V::images_per_s, [](const Rate& r) { return Number(r.median); })},
  };
}

}  // namespace

std::string variants_csv(const ResultDocument& result) {
  std::vector<CsvColumn> columns = csv_columns();
  std::string text;
  for (std::size_t c = 0; c < columns.size(); ++c)
    text += std::string(c == 0 ? "" : ",") + columns[c].title;
  text += "\r\n";
  for (const VariantRow& variant : result.variants) {
    for (std::size_t c = 0; c < columns.size(); ++c)
      text += (c == 0 ? "" : ",") + columns[c].cell(variant);
    text += "\r\n";
  }
  return text;
}

namespace {

/// Broken between words into lines of at most `width`.
std::string wrapped(const std::string& text, std::size_t width) {
  std::istringstream in(text);
  std::string lines, line;
  for (std::string word; in >> word;) {
    if (!line.empty() && display_width(line) + 1 + display_width(word) > width) {
      lines += line + "\n";
      line = " ";
    }
    line += (line.empty() ? "" : " ") + word;
  }
  return lines + line + "\n";
}

/// What the marks in the table mean, where there are any.
std::string footnotes(const ResultDocument& result, std::size_t width) {
  std::string text, seen;
  bool screening = false;
  for (const VariantRow& v : result.variants) {
    screening = screening || (v.latency_ms && timed_in_screening(v));
    if (v.accuracy && !seen_note(*v.accuracy).empty())
      seen += fmt::format("{}{} on {}", seen.empty() ? "" : ", ", v.id, seen_note(*v.accuracy));
  }
  if (screening)
    text += wrapped("* timed only in screening: compare speed-ups, not milliseconds", width);
  if (!seen.empty()) text += wrapped("† decided early: " + seen, width);
  return text;
}

}  // namespace

std::string variants_table_text(const Json& document, int columns) {
  ResultDocument result = parse_result(document);
  Grid grid;
  grid.columns = terminal_columns(result);
  grid.rows.emplace_back();
  for (const TerminalColumn& column : grid.columns) grid.rows[0].emplace_back(column.title);
  std::vector<std::string> markers{"  "};
  for (std::size_t index : shown_order(result)) {
    const VariantRow& variant = result.variants[index];
    markers.push_back(marker(result, variant));
    grid.rows.emplace_back();
    for (const TerminalColumn& column : grid.columns)
      grid.rows.back().push_back(column.cell(variant));
  }
  measure_grid(grid);
  narrow_grid(grid, static_cast<std::size_t>(std::max(columns, 60)));
  std::string text;
  for (std::size_t r = 0; r < grid.rows.size(); ++r)
    text += markers[r] + row_text(grid, grid.rows[r]) + "\n";
  return text + footnotes(result, static_cast<std::size_t>(std::max(columns, 60)));
}

}  // namespace tamis
