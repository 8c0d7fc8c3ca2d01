#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/units.h"
#include "explain/explain.h"

namespace tamis {
namespace {

constexpr std::size_t kTopLayers = 15, kTopValues = 6;

/// Columns that a UTF-8 text takes, counting a code point as one.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

std::string ms_text(double us) {
  if (us < 99.5) return fmt::format("{:.0f} µs", us);
  return fmt::format("{:.{}f} ms", us / 1e3, us < 9950 ? 2 : 1);
}
std::string share_text(double share) { return fmt::format("{:.0f} %", 100 * share); }

/// Rows of cells under titles; columns whose title starts with '>' are aligned to the right.
class Table {
 public:
  explicit Table(std::vector<std::string> titles) {
    for (std::string& title : titles) {
      right_.push_back(title.rfind('>', 0) == 0);
      if (right_.back()) title.erase(0, 1);
    }
    rows_.push_back(std::move(titles));
  }
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  bool empty() const { return rows_.size() < 2; }

  std::string text(bool markdown) const { return markdown ? as_markdown() : as_plain(); }

 private:
  std::string as_plain() const {
    std::vector<std::size_t> widths(right_.size());
    for (const auto& row : rows_)
      for (std::size_t c = 0; c < row.size(); ++c)
        widths[c] = std::max(widths[c], width_of(row[c]));
    std::string text;
    for (const auto& row : rows_) {
      std::string line = " ";
      for (std::size_t c = 0; c < row.size(); ++c) {
        std::string gap(widths[c] - width_of(row[c]), ' ');
        line += " " + (right_[c] ? gap + row[c] : row[c] + gap) + " ";
      }
      line.erase(line.find_last_not_of(' ') + 1);
      text += line + "\n";
    }
    return text;
  }

  std::string as_markdown() const {
    std::string text;
    for (std::size_t r = 0; r < rows_.size(); ++r) {
      text += fmt::format("| {} |\n", fmt::join(rows_[r], " | "));
      if (r != 0) continue;
      for (bool right : right_) text += right ? "| ---: " : "| --- ";
      text += "|\n";
    }
    return text + "\n";
  }

  std::vector<bool> right_;
  std::vector<std::vector<std::string>> rows_;
};

class Page {
 public:
  Page(const Json& document, const ExplainTextOptions& options) : d_(document), o_(options) {}

  std::string text() {
    headline();
    precisions();
    findings();
    layers();
    values();
    transitions();
    return text_;
  }

 private:
  bool paired() const { return !d_.at("against").is_null(); }
  static std::string name(const Json& side) {
    return std::filesystem::path(side.at("model").get<std::string>()).filename().string();
  }
  double total_us() const { return d_.at("model").at("layers_us"); }

  void title(const std::string& title) {
    text_ += o_.markdown ? "\n## " + title + "\n\n" : "\n" + title + "\n";
  }

  void headline() {
    const Json& latency = d_.at("latency_ms");
    std::string line =
        fmt::format("{} in {}", name(d_.at("model")), d_.at("settings_text").get<std::string>());
    if (paired()) {
      line += fmt::format(": {:.2f} ms, {} {:.2f} ms, {:.2f} [{:.2f}, {:.2f}] of its time: {}",
                          latency.at("model").at("median").get<double>(), name(d_.at("against")),
                          latency.at("against").at("median").get<double>(),
                          latency.at("ratio").get<double>(), latency.at("low").get<double>(),
                          latency.at("high").get<double>(), verdict_text(latency.at("verdict")));
    } else {
      line += fmt::format(": {:.2f} ms", latency.at("model").at("median").get<double>());
    }
    text_ += (o_.markdown ? "# Explained: " : "") + line + "\n";
    if (o_.markdown) text_ += "\n";
    text_ +=
        fmt::format("Below: the runtime's own times of its layers, medians of {} runs on {}.\n",
                    d_.at("runs").get<int>(), d_.at("input").get<std::string>());
  }

  static std::string verdict_text(const Json& verdict) {
    std::string text = verdict.get<std::string>();
    std::replace(text.begin(), text.end(), '_', ' ');
    return text;
  }

  void add_side(Table& table, const Json& side) {
    for (const Json& p : side.at("precisions")) {
      double us = p.at("us"), all = side.at("layers_us");
      table.add({name(side), p.at("precision"), std::to_string(p.at("layers").get<int>()),
                 ms_text(us), share_text(all > 0 ? us / all : 0)});
    }
  }

  void precisions() {
    title("What is executed");
    Table table({"file", "precision", ">layers", ">time", ">share"});
    add_side(table, d_.at("model"));
    if (paired()) add_side(table, d_.at("against"));
    text_ += table.text(o_.markdown);
    const Json& islands = d_.at("model").at("int8_islands");
    if (islands.empty()) return;
    std::size_t layers = 0;
    for (const Json& size : islands) layers += size.get<std::size_t>();
    text_ += fmt::format("{}{} layers in INT8, in {} island{}; the largest has {}.\n",
                         o_.markdown ? "" : "  ", layers, islands.size(),
                         islands.size() == 1 ? "" : "s", islands.front().get<int>());
  }

  std::string findings_title() const {
    if (d_.at("model").at("int8_islands").empty()) return "No layer runs in INT8";
    if (!paired()) return "What INT8 does not get";
    bool faster = d_.at("latency_ms").at("verdict") == "faster";
    return faster ? "INT8 is faster; what it does not get" : "INT8 is not faster here because";
  }

  void findings() {
    if (d_.at("findings").empty()) return;
    title(findings_title());
    Table table({">time", ">share", ">gain at most", ""});
    for (const Json& f : d_.at("findings")) {
      const Json& gain = f.at("gain_at_most_us");
      table.add({ms_text(f.at("us")), share_text(f.at("share")),
                 gain.is_null() ? "–" : ms_text(gain), f.at("text")});
    }
    text_ += table.text(o_.markdown);
  }

  static double side_us(const Json& group, const char* side) {
    return group.at(side).is_null() ? 0.0 : group.at(side).at("us").get<double>();
  }

  std::vector<Json> sorted_groups() const {
    std::vector<Json> groups(d_.at("groups").begin(), d_.at("groups").end());
    std::stable_sort(groups.begin(), groups.end(), [](const Json& a, const Json& b) {
      return std::max(side_us(a, "model"), side_us(a, "against")) >
             std::max(side_us(b, "model"), side_us(b, "against"));
    });
    return groups;
  }

  static std::string precisions_text(const Json& side) {
    if (side.is_null()) return "–";
    return fmt::format("{}", fmt::join(side.at("precisions").get<std::vector<std::string>>(), "+"));
  }
  static std::string time_text(const Json& side) {
    return side.is_null() ? "–" : ms_text(side.at("us"));
  }
  static std::string number_text(const Json& value, int decimals) {
    if (value.is_null()) return "–";
    std::string text = fmt::format("{:.{}f}", value.get<double>(), decimals);
    bool zero = text.find_first_not_of("-0.") == std::string::npos;
    return zero && text.front() == '-' ? text.substr(1) : text;
  }

  void layers() {
    std::vector<Json> groups = sorted_groups();
    std::size_t shown = o_.all ? groups.size() : std::min(kTopLayers, groups.size());
    title(shown < groups.size() ? fmt::format("The {} longest of {} layers", shown, groups.size())
                                : std::string("Layers"));
    Table table(paired()
                    ? std::vector<std::string>{"layer", "operator", "runs in", ">time", "parent in",
                                               ">time", ">ratio", "verdict", ">SNR dB"}
                    : std::vector<std::string>{"layer", "operator", "runs in", ">time", ">share"});
    for (std::size_t i = 0; i < shown; ++i) add_layer(table, groups[i]);
    text_ += table.text(o_.markdown);
  }

  void add_layer(Table& table, const Json& group) const {
    const Json& model = group.at("model");
    std::vector<std::string> row{group.at("name"), group.at("op"), precisions_text(model),
                                 time_text(model)};
    if (paired()) {
      const Json& verdict = group.at("verdict");
      row.insert(row.end(), {precisions_text(group.at("against")), time_text(group.at("against")),
                             number_text(group.at("ratio"), 2),
                             verdict.is_null() ? "–" : verdict_text(verdict),
                             number_text(group.at("snr_db"), 1)});
    } else {
      row.push_back(share_text(total_us() > 0 ? side_us(group, "model") / total_us() : 0));
    }
    table.add(std::move(row));
  }

  void values() {
    const Json& errors = d_.at("errors");
    if (errors.is_null()) return;
    if (!errors.at("reason").is_null()) {
      title("Values");
      text_ += "  not compared: " + errors.at("reason").get<std::string>() + "\n";
      return;
    }
    const Json& all = errors.at("values");
    std::size_t shown = o_.all ? all.size() : std::min(kTopValues, all.size());
    title("Values that differ most from the parent's");
    Table table({"layer", ">SNR dB", ">lost in it, dB"});
    for (std::size_t i = 0; i < shown; ++i)
      table.add({all[i].at("layer"), number_text(all[i].at("snr_db"), 1),
                 number_text(all[i].at("lost_db"), 1)});
    text_ += table.text(o_.markdown);
  }

  void transitions() {
    const Json& all = d_.at("model").at("transitions");
    title("From precision to precision");
    Table table({"from", "to", ">values", ">layers that convert or move", ">time"});
    for (const Json& t : all)
      if (o_.all || t.at("from") != t.at("to") || t.at("conversions").get<int>() > 0)
        table.add({t.at("from"), t.at("to"), std::to_string(t.at("values").get<int>()),
                   std::to_string(t.at("conversions").get<int>()), ms_text(t.at("us"))});
    text_ += table.empty() ? "  none changes\n" : table.text(o_.markdown);
  }

  const Json& d_;
  const ExplainTextOptions& o_;
  std::string text_;
};

}  // namespace

std::string explain_text(const Json& document, const ExplainTextOptions& options) {
  return Page(document, options).text();
}

}  // namespace tamis
