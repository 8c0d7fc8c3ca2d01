#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/percent.h"
#include "base/units.h"
#include "explain/explain.h"
#include "result/figures.h"
#include "result/keys.h"

namespace tamis {
namespace {

constexpr std::size_t kTopLayers = 15, kTopValues = 6;

/// Of the model and what it is held against; absent where they were not measured.
std::optional<ComparedLatencies> latencies_of(const Json& document) {
  const Json latency = document.value(keys::latency_ms, Json());
  if (latency.is_null()) return std::nullopt;
  return read_document<ComparedLatencies>(latency, "explain");
}

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
std::string share_text(double share) { return percent_of(share); }

std::string as_plain(const ExplainSection& section) {
  std::vector<std::size_t> widths(section.columns.size());
  std::vector<std::vector<std::string>> rows{section.columns};
  rows.insert(rows.end(), section.rows.begin(), section.rows.end());
  for (const auto& row : rows)
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], width_of(row[c]));
  std::string text;
  for (const auto& row : rows) {
    std::string line = " ";
    for (std::size_t c = 0; c < row.size(); ++c) {
      std::string gap(widths[c] - width_of(row[c]), ' ');
      line += " " + (section.right[c] ? gap + row[c] : row[c] + gap) + " ";
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string as_markdown(const ExplainSection& section) {
  std::string text = fmt::format("| {} |\n", fmt::join(section.columns, " | "));
  for (bool right : section.right) text += right ? "| ---: " : "| --- ";
  text += "|\n";
  for (const auto& row : section.rows) text += fmt::format("| {} |\n", fmt::join(row, " | "));
  return text + "\n";
}

/// Titles that begin with '>' are of columns aligned to the right.
ExplainSection section(std::string title, const std::vector<std::string>& columns) {
  ExplainSection section;
  section.title = std::move(title);
  for (const std::string& column : columns) {
    section.right.push_back(column.rfind('>', 0) == 0);
    section.columns.push_back(section.right.back() ? column.substr(1) : column);
  }
  return section;
}

std::string name_of(const Json& side) {
  return std::filesystem::path(side.at("model").get<std::string>()).filename().string();
}

std::string verdict_text(const Json& verdict) {
  std::string text = verdict.get<std::string>();
  std::replace(text.begin(), text.end(), '_', ' ');
  return text;
}

class Sections {
 public:
  Sections(const Json& document, bool all) : d_(document), all_(all) {}

  std::vector<ExplainSection> all() {
    precisions();
    findings();
    roof();
    layers();
    values();
    transitions();
    return std::move(sections_);
  }

 private:
  bool paired() const { return !d_.at("against").is_null(); }
  double total_us() const { return d_.at("model").at("layers_us"); }

  void add_side(ExplainSection& table, const Json& side) {
    for (const Json& p : side.at("precisions")) {
      double us = p.at("us"), all = side.at("layers_us");
      table.rows.push_back({name_of(side), p.at("precision"),
                            std::to_string(p.at("layers").get<int>()), ms_text(us),
                            share_text(all > 0 ? us / all : 0)});
    }
  }

  void precisions() {
    ExplainSection table =
        section("What is executed", {"file", "precision", ">layers", ">time", ">share"});
    add_side(table, d_.at("model"));
    if (paired()) add_side(table, d_.at("against"));
    const Json& islands = d_.at("model").at("int8_islands");
    std::size_t layers = 0;
    for (const Json& size : islands) layers += size.get<std::size_t>();
    if (!islands.empty())
      table.after =
          fmt::format("{} layers in INT8, in {} island{}; the largest has {}.", layers,
                      islands.size(), islands.size() == 1 ? "" : "s", islands.front().get<int>());
    sections_.push_back(std::move(table));
  }

  std::string findings_title() const {
    if (d_.at("model").at("int8_islands").empty()) return "No layer runs in INT8";
    if (!paired()) return "Remaining overhead";
    const std::optional<ComparedLatencies> latency = latencies_of(d_);
    if (!latency) return "Remaining overhead";
    const bool faster = latency->verdict == Verdict::faster;
    return faster ? "INT8 is faster. Remaining overhead:" : "INT8 is not faster. Reasons:";
  }

  void findings() {
    if (d_.at("findings").empty()) return;
    ExplainSection table = section(findings_title(), {">time", ">share", ">gain at most", ""});
    for (const Json& f : d_.at("findings")) {
      const Json& gain = f.at("gain_at_most_us");
      table.rows.push_back({ms_text(f.at("us")), share_text(f.at("share")),
                            gain.is_null() ? "–" : ms_text(gain), f.at("text")});
    }
    sections_.push_back(std::move(table));
  }

  void roof() {
    const Json& roof = d_.value("roof", Json());
    if (roof.is_null()) return;
    ExplainSection table = section("Distance from the machine's peak",
                                   {"layer", "in", ">time", ">at the peak", ">share"});
    table.before = roof_text(roof);
    for (const Json& f : roof.at("furthest"))
      table.rows.push_back({f.at("layer"), f.at("precision"), ms_text(f.at("us")),
                            ms_text(f.at("ideal_us")), share_text(f.at("share"))});
    sections_.push_back(std::move(table));
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
    std::size_t shown = all_ ? groups.size() : std::min(kTopLayers, groups.size());
    ExplainSection table = section(
        shown < groups.size() ? fmt::format("The {} slowest of {} layers", shown, groups.size())
                              : std::string("Layers"),
        paired() ? std::vector<std::string>{"layer", "operator", "runs in", ">time", "original in",
                                            ">time", ">ratio", "verdict", ">SNR dB"}
                 : std::vector<std::string>{"layer", "operator", "runs in", ">time", ">share"});
    for (std::size_t i = 0; i < shown; ++i) add_layer(table, groups[i]);
    sections_.push_back(std::move(table));
  }

  void add_layer(ExplainSection& table, const Json& group) const {
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
    table.rows.push_back(std::move(row));
  }

  void values() {
    const Json& errors = d_.at("errors");
    if (errors.is_null()) return;
    if (!errors.at("reason").is_null()) {
      ExplainSection none = section("Values", {});
      none.before = "not compared: " + errors.at("reason").get<std::string>();
      sections_.push_back(std::move(none));
      return;
    }
    const Json& values = errors.at("values");
    std::size_t shown = all_ ? values.size() : std::min(kTopValues, values.size());
    ExplainSection table = section("Values that differ most from the original's",
                                   {"layer", ">SNR dB", ">lost in layer, dB"});
    for (std::size_t i = 0; i < shown; ++i)
      table.rows.push_back({values[i].at("layer"), number_text(values[i].at("snr_db"), 1),
                            number_text(values[i].at("lost_db"), 1)});
    sections_.push_back(std::move(table));
  }

  void transitions() {
    ExplainSection table = section(
        "Changes of precision", {"from", "to", ">values", ">layers that convert or move", ">time"});
    for (const Json& t : d_.at("model").at("transitions"))
      if (all_ || t.at("from") != t.at("to") || t.at("conversions").get<int>() > 0)
        table.rows.push_back({t.at("from"), t.at("to"), std::to_string(t.at("values").get<int>()),
                              std::to_string(t.at("conversions").get<int>()), ms_text(t.at("us"))});
    if (table.rows.empty()) table.before = "none";
    sections_.push_back(std::move(table));
  }

  const Json& d_;
  bool all_;
  std::vector<ExplainSection> sections_;
};

/// "[0.71, 0.79]", or why there is none.
std::string interval_text(const Ratio& ratio) {
  if (!ratio.low || !ratio.high)
    return fmt::format("(no interval: {})", ratio.no_interval.value_or("unknown"));
  return fmt::format("[{:.2f}, {:.2f}]", *ratio.low, *ratio.high);
}

std::string headline(const Json& d) {
  const std::optional<ComparedLatencies> latency = latencies_of(d);
  std::string line =
      fmt::format("{} in {}", name_of(d.at("model")), d.at("settings_text").get<std::string>());
  if (!latency) return line;
  line += fmt::format(": {:.2f} ms", latency->model.median);
  if (d.at("against").is_null() || !latency->against || !latency->ratio || !latency->verdict)
    return line;
  return line + fmt::format("; {}: {:.2f} ms; {:.2f} × as long {}: {}", name_of(d.at("against")),
                            latency->against->median, latency->ratio->ratio,
                            interval_text(*latency->ratio),
                            verdict_text(std::string(to_text(*latency->verdict))));
}

}  // namespace

namespace {

std::string precision_title(const std::string& precision) {
  if (precision == "f32") return "FP32";
  std::string title = precision;
  std::transform(title.begin(), title.end(), title.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return title;
}

/// Of those precisions whose measured peak was exceeded; empty where there are none.
std::string beaten_text(const Json& roof) {
  std::string names;
  for (const Json& one : roof.value("beaten", Json::array()))
    names +=
        (names.empty() ? "" : " and ") + precision_title(one.at("precision").get<std::string>());
  if (names.empty()) return "";
  return fmt::format(
      " The distance of {} from this machine's peak is unknown: layers of this model are faster "
      "than the measured peak.",
      names);
}

}  // namespace

std::string roof_text(const Json& roof) {
  const double us = roof.at("us"), ideal_us = roof.at("ideal_us"), other_us = roof.at("other_us"),
               uncounted_us = roof.at("uncounted_us"), all = us + other_us + uncounted_us;
  if (roof.at("share").is_null())
    return "No layer with multiply-accumulates runs in a precision whose peak is known here." +
           beaten_text(roof);
  std::string text = fmt::format(
      "At this machine's peak, the multiply-accumulates would take {}. That is {} of the {} that "
      "their layers take, and {} of all layers' time.",
      ms_text(ideal_us), share_text(ideal_us / us), ms_text(us), share_text(ideal_us / all));
  if (uncounted_us > 0)
    text +=
        fmt::format(" Layers in precisions without a known peak take {}.", ms_text(uncounted_us));
  return text + beaten_text(roof);
}

namespace {

std::string place_text(const Json& place) {
  const std::string kind = place.at("kind").get<std::string>();
  if (place.at("stride").is_null()) return "the " + kind;
  return fmt::format("the stride-{} {}", place.at("stride").get<int>(), kind);
}

}  // namespace

std::string roof_precision(const Json& roof) {
  if (!roof.is_object() || !roof.contains("precisions") || roof["precisions"].empty()) return "";
  return precision_title(roof["precisions"].front().at("precision").get<std::string>());
}

std::string roof_headline(const Json& roof) {
  const std::string precision = roof_precision(roof);
  if (precision.empty() || roof["precisions"].front().at("share").is_null()) return "";
  std::string text = fmt::format("{} of this machine's {} peak",
                                 share_text(roof["precisions"].front().at("share")), precision);
  const Json& places = roof.at("places");
  if (places.size() > 1)
    text += fmt::format("; {} are the furthest from it", place_text(places.front()));
  return text;
}

std::vector<ExplainSection> explain_sections(const Json& document, bool all) {
  return Sections(document, all).all();
}

std::string explain_source_text(const Json& document) {
  return fmt::format("Layer times are from the runtime's profile: medians of {} runs on {}.",
                     document.at("runs").get<int>(), document.at("input").get<std::string>());
}

std::string explain_text(const Json& document, const ExplainTextOptions& options) {
  const bool markdown = options.markdown;
  std::string text = (markdown ? "# Explained: " : "") + headline(document) + "\n";
  if (markdown) text += "\n";
  text += explain_source_text(document) + "\n";
  for (const ExplainSection& one : explain_sections(document, options.all)) {
    text += markdown ? "\n## " + one.title + "\n\n" : "\n" + one.title + "\n";
    const std::string indent = markdown ? "" : "  ";
    if (!one.before.empty()) text += indent + one.before + "\n" + (markdown ? "\n" : "");
    if (!one.rows.empty()) text += markdown ? as_markdown(one) : as_plain(one);
    if (!one.after.empty()) text += indent + one.after + "\n";
  }
  return text;
}

}  // namespace tamis
