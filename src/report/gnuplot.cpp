#include "report/gnuplot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <sstream>

#include "base/child.h"
#include "base/files.h"
#include "report/format.h"
#include "report/scatter.h"

namespace tamis {
namespace fs = std::filesystem;
namespace {

std::optional<fs::path> find_program(const std::string& name) {
  std::istringstream folders(environment("PATH").value_or("/usr/local/bin:/usr/bin:/bin"));
  std::error_code ignored;
  for (std::string folder; std::getline(folders, folder, ':');)
    if (!folder.empty() && fs::is_regular_file(fs::path(folder) / name, ignored))
      return fs::path(folder) / name;
  return std::nullopt;
}

/// A text in gnuplot's double quotes, without its markup.
std::string gnuplot_text(const std::string& text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    // The marks of enhanced text need two: one for the string, one for the markup.
    if (std::string_view("_^@&~{}").find(c) != std::string_view::npos) out += "\\\\";
    out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return out + "\"";
}

std::string preamble(const fs::path& file, int width, int height) {
  return fmt::format(
      "set terminal pngcairo enhanced font 'sans,11' size {},{} background '#ffffff'\n"
      "set output '{}'\nset encoding utf8\nset border 3 lc '#9aa3a9' lw 1\n"
      "set tics nomirror out scale 0.5 textcolor '#4d565e'\n"
      "set grid lc '#e7ebea' lw 1 lt 1\nset key off\n",
      width, height, file.string());
}

struct Series {
  const char* name;
  const char* colour;
  int shape;
};

constexpr Series kSeries[] = {{"gates met", "#0b7a68", 7},
                              {"estimated", "#c77700", 9},
                              {"missed", "#b4243c", 2},
                              {"undecided", "#8a949c", 7},
                              {"baseline", "#2158c7", 13}};

std::size_t series_of(const ScatterPoint& point) {
  return point.baseline ? 4 : static_cast<std::size_t>(point.kind);
}

double shown(const ScatterData& data, double accuracy) {
  double value = std::clamp(accuracy, data.low, data.high);
  return data.unit == ScatterData::Unit::change ? value * 100 : value;
}

std::string point_block(const ScatterData& data, std::size_t series) {
  std::string text = fmt::format("$series{} << END\n", series);
  for (const ScatterPoint& point : data.points) {
    if (series_of(point) != series || point.accuracy < data.low) continue;
    text += fmt::format("{} {} {} {} {} {}\n", point.ms, shown(data, point.accuracy),
                        point.ms_low.value_or(point.ms), point.ms_high.value_or(point.ms),
                        shown(data, point.accuracy_low.value_or(point.accuracy)),
                        shown(data, point.accuracy_high.value_or(point.accuracy)));
  }
  return text + "END\n";
}

/// The pick, the baseline and what lies on the frontier get names; the others would only crowd.
std::string labels(const ScatterData& data) {
  std::string text;
  for (const ScatterPoint& point : data.points) {
    if (point.accuracy < data.low)
      text += fmt::format(
          "set label {} at {},graph 0.02 left offset -0.6,0 font 'sans,10' tc '{}' front\n",
          gnuplot_text("▼ " + point.variant->id), point.ms, kSeries[series_of(point)].colour);
    if ((!point.frontier && !point.pick && !point.baseline) || point.accuracy < data.low) continue;
    std::string name = point.variant->id;
    if (point.pick) name += " pick";
    if (point.baseline) name += " baseline";
    text += fmt::format("set label {} at {},{} offset 1.1,0.7 font 'sans{},10' tc '{}' front\n",
                        gnuplot_text(name), point.ms, shown(data, point.accuracy),
                        point.pick ? ":Bold" : "", kSeries[series_of(point)].colour);
  }
  return text;
}

std::string frontier_block(const ScatterData& data) {
  std::string text = "$frontier << END\n";
  for (const ScatterPoint& point : data.points)
    if (point.frontier) text += fmt::format("{} {}\n", point.ms, shown(data, point.accuracy));
  return text + "END\n";
}

std::string pareto_ranges(const ScatterData& data) {
  double low = 1e300, high = 0;
  for (const ScatterPoint& point : data.points) {
    low = std::min(low, point.ms);
    high = std::max(high, point.ms);
  }
  std::string text =
      fmt::format("set yrange [{}:{}]\n", shown(data, data.low), shown(data, data.high));
  if (high / low > 4) {
    double pad = std::pow(high / low, 0.1);
    return text + fmt::format(
                      "set logscale x\nset xtics add (1,2,3,5,7,10,15,20,30,50,70,100)\n"
                      "set xrange [{}:{}]\n",
                      low / pad, high * pad);
  }
  double pad = std::max((high - low) * 0.14, high * 0.03);
  return text + fmt::format("set xrange [{}:{}]\n", std::max(low - pad, 0.0), high + pad);
}

std::string pareto_script(const ScatterData& data, const fs::path& file) {
  std::string text = preamble(file, 1100, 640) + pareto_ranges(data) + labels(data);
  bool change = data.unit == ScatterData::Unit::change;
  text += fmt::format(
      "set xlabel 'latency, median ms'\nset ylabel {}\n",
      gnuplot_text(metric_name(data.metric) + (change ? ", change from the baseline, %" : "")));
  text += "set key outside top center horizontal textcolor '#4d565e' samplen 1.5\n";
  if (data.floor)
    text += fmt::format(
        "set arrow from graph 0,first {0} to graph 1,first {0} nohead dt 3 lw 1.5 lc "
        "'#b4243c'\nset label 'accuracy gate' at graph 0.99,first {0} right offset "
        "0,-0.7 font 'sans,9' tc '#b4243c'\n",
        shown(data, *data.floor));
  text += frontier_block(data);
  std::string plot = "$frontier using 1:2 with steps dt 2 lw 1.5 lc '#0b7a68' title 'frontier'";
  for (std::size_t s = 0; s < std::size(kSeries); ++s) {
    bool any = std::any_of(data.points.begin(), data.points.end(), [&](const ScatterPoint& point) {
      return series_of(point) == s && point.accuracy >= data.low;
    });
    if (!any) continue;
    text += point_block(data, s);
    plot += fmt::format(
        ", $series{0} using 1:2:3:4:5:6 with xyerrorbars pt 0 lw 1 lc rgb "
        "'#90{2}' notitle, $series{0} using 1:2 with points pt {1} ps 1.6 lw 2 lc "
        "'#{2}' title '{3}'",
        s, kSeries[s].shape, kSeries[s].colour + 1, kSeries[s].name);
  }
  return text + "set bars 0\nplot " + plot + "\n";
}

std::vector<const VariantRow*> by_latency(const ResultDocument& result, std::size_t most) {
  std::vector<const VariantRow*> rows;
  for (const VariantRow& variant : result.variants)
    if (variant.latency_ms && !variant.latency_ms->distribution.empty()) rows.push_back(&variant);
  std::stable_sort(rows.begin(), rows.end(), [](const VariantRow* a, const VariantRow* b) {
    return a->latency_ms->median < b->latency_ms->median;
  });
  if (rows.size() > most) rows.resize(most);
  return rows;
}

const char* row_colour(const ResultDocument& result, const VariantRow& variant) {
  if (result.pick && variant.id == *result.pick) return "#0b7a68";
  return variant.id == result.baseline ? "#2158c7" : "#7b858d";
}

struct Span {
  double low = 1e300, high = 0;
};

Span sample_span(const std::vector<const VariantRow*>& rows) {
  Span span;
  for (const VariantRow* row : rows)
    for (double sample : row->latency_ms->distribution) {
      span.low = std::min(span.low, sample);
      span.high = std::max(span.high, std::min(sample, row->latency_ms->median * 3));
    }
  return span;
}

std::string latency_script(const ResultDocument& result, const std::vector<const VariantRow*>& rows,
                           const fs::path& file) {
  int height = 110 + 30 * static_cast<int>(rows.size());
  std::string text = preamble(file, 1100, height);
  Span span = sample_span(rows);
  text += fmt::format(
      "set xlabel 'latency of each round, ms'\nunset grid\nset grid x lc '#e7ebea' lt 1\n"
      "set yrange [{}:-0.8]\nset xrange [{}:{}]\n",
      static_cast<double>(rows.size()) - 0.2, span.low * 0.95, span.high * 1.05);
  if (span.high / span.low > 4)
    text += "set logscale x\nset xtics add (1,2,3,5,7,10,15,20,30,50,70,100)\n";
  std::string tics, plot;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const VariantRow& v = *rows[i];
    tics += fmt::format(
        "{}{} {}", i == 0 ? "" : ", ",
        gnuplot_text(fit(v.id + "  " + v.name,
                         std::min<std::size_t>(display_width(v.id + "  " + v.name), 46))),
        i);
    text += fmt::format("$row{} << END\n", i);
    for (std::size_t k = 0; k < v.latency_ms->distribution.size(); ++k)
      text +=
          fmt::format("{} {}\n", v.latency_ms->distribution[k],
                      static_cast<double>(i) + (static_cast<double>((k * 7919) % 11) - 5) * 0.045);
    text += "END\n";
    text += fmt::format("set arrow from {0},{1} to {0},{2} nohead lw 2.5 lc '{3}' front\n",
                        v.latency_ms->median, static_cast<double>(i) - 0.36,
                        static_cast<double>(i) + 0.36, row_colour(result, v));
    plot += fmt::format("{}$row{} using 1:2 with points pt 7 ps 0.5 lc rgb '#90{}'",
                        i == 0 ? "" : ", ", i, row_colour(result, v) + 1);
  }
  return text + "set ytics (" + tics + ")\nplot " + plot + "\n";
}

struct Plotter {
  fs::path program, folder;
  const TemporaryFolder& scratch;
  PlotFiles& result;

  /// Runs a script that writes `scratch/name`, then moves the picture into its place.
  void draw(const std::string& name, const std::string& script) const {
    fs::path source = scratch.path() / (name + ".gp"), picture = scratch.path() / name;
    save_file(source, script);
    Child child({program.string(), source.string()});
    ExitState end = child.wait();
    if (end.status != 0 || !fs::exists(picture)) {
      std::string said = child.stderr_tail();
      result.notes.push_back(fmt::format("{} was not drawn: gnuplot ended with {}{}{}", name,
                                         end.text(), said.empty() ? "" : ": ", said));
      return;
    }
    copy_file_atomically(picture, folder / name);
    result.files.push_back(folder / name);
  }
};

}  // namespace

PlotFiles draw_plots(const ResultDocument& result, const fs::path& folder) {
  PlotFiles plots;
  auto program = find_program("gnuplot");
  if (!program) {
    plots.notes.emplace_back(
        "PNG plots were left out: the program gnuplot is not installed; install gnuplot-nox and "
        "run "
        "`tamis report` on the folder");
    return plots;
  }
  TemporaryFolder scratch;
  make_writable_folder(folder);
  Plotter plotter{*program, folder, scratch, plots};
  ScatterData data = scatter_data(result);
  if (data.points.empty())
    plots.notes.emplace_back(
        "pareto.png was left out: no variant has both a latency and an accuracy");
  else
    plotter.draw("pareto.png", pareto_script(data, scratch.path() / "pareto.png"));
  std::vector<const VariantRow*> rows = by_latency(result, 30);
  if (rows.empty())
    plots.notes.emplace_back("latency.png was left out: no variant has a latency distribution");
  else
    plotter.draw("latency.png", latency_script(result, rows, scratch.path() / "latency.png"));
  return plots;
}

}  // namespace tamis
