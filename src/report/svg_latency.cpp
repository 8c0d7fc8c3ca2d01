#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/axis.h"
#include "report/format.h"
#include "report/svg.h"

namespace tamis {
namespace {

constexpr std::size_t kMostRows = 40;

struct LatencyLayout {
  double width, left, right, top, row, label_offset, spacing;
};

LatencyLayout latency_layout(SvgWidth width) {
  if (width == SvgWidth::wide) return {1080, 330, 70, 8, 27, 0, 90};
  return {400, 12, 52, 4, 48, -20, 70};
}

double sorted_quantile(const std::vector<double>& sorted, double q) {
  double at = q * static_cast<double>(sorted.size() - 1);
  auto below = static_cast<std::size_t>(at);
  std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (at - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

std::vector<const VariantRow*> rows_of(const ResultDocument& result) {
  std::vector<const VariantRow*> rows;
  for (const VariantRow& variant : result.variants)
    if (variant.latency_ms && variant.latency_ms->median > 0) rows.push_back(&variant);
  std::stable_sort(rows.begin(), rows.end(), [](const VariantRow* a, const VariantRow* b) {
    return a->latency_ms->median < b->latency_ms->median;
  });
  if (rows.size() > kMostRows) rows.resize(kMostRows);
  return rows;
}

/// From the fastest to the slowest sample; the rare stall beyond three medians stays outside.
Axis axis_of(const std::vector<const VariantRow*>& rows, const LatencyLayout& layout) {
  double low = rows.front()->latency_ms->median, high = low;
  for (const VariantRow* row : rows) {
    const Timing& timing = *row->latency_ms;
    double median = timing.median;
    low = std::min(low, timing.low.value_or(median));
    high = std::max(high, timing.high.value_or(median));
    for (double sample : timing.distribution) {
      if (sample > 0) low = std::min(low, std::max(sample, median / 3));
      high = std::max(high, std::min(sample, median * 3));
    }
  }
  bool logarithmic = high / low > 4;
  double pad = logarithmic ? std::pow(high / low, 0.03) : 1;
  double margin = logarithmic ? 0 : std::max(high - low, high * 0.02) * 0.04;
  return Axis(logarithmic ? Axis::Kind::logarithmic : Axis::Kind::linear, low / pad - margin,
              high * pad + margin, layout.left, layout.width - layout.right);
}

std::string dots(const Timing& timing, const Axis& axis, double y) {
  std::string path;
  for (std::size_t i = 0; i < timing.distribution.size(); ++i) {
    // A fixed scatter across the row, so that equal samples do not hide each other.
    double offset = static_cast<double>((i * 7919) % 11) - 5;
    path +=
        fmt::format("M{:.1f} {:.1f}h0", axis.clamped_px(timing.distribution[i]), y + offset * 0.9);
  }
  return path.empty() ? path : fmt::format("<path class=\"dots\" d=\"{}\"/>", path);
}

std::string box(const Timing& timing, const Axis& axis, double y) {
  std::string svg;
  if (timing.distribution.size() >= 4) {
    std::vector<double> sorted = timing.distribution;
    std::sort(sorted.begin(), sorted.end());
    double q1 = axis.clamped_px(sorted_quantile(sorted, .25));
    double q3 = axis.clamped_px(sorted_quantile(sorted, .75));
    svg += fmt::format(
        "<rect class=\"box\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"14\" rx=\"3\"/>",
        q1, y - 7, std::max(q3 - q1, 1.0));
  }
  double median = axis.clamped_px(timing.median);
  return svg + fmt::format("<path class=\"median\" d=\"M{0:.1f} {1:.1f}v18\"/>", median, y - 9);
}

std::string row_title(const VariantRow& variant) {
  const Timing& timing = *variant.latency_ms;
  std::string text =
      fmt::format("{} {}: median {} ms", variant.id, variant.name, ms_number(timing.median));
  std::string interval = interval_text(interval_of(timing), ms_number);
  if (!interval.empty()) text += " " + interval;
  if (timing.p95) text += fmt::format(", p95 {} ms", ms_number(*timing.p95));
  if (timing.samples) text += fmt::format(", {} rounds", *timing.samples);
  return escape_html(text);
}

const char* latency_row_class(const ResultDocument& result, const VariantRow& variant) {
  if (result.pick && variant.id == *result.pick) return "mark row pick";
  return variant.id == result.baseline ? "mark row baseline" : "mark row";
}

std::string row_svg(const ResultDocument& result, const VariantRow& variant, const Axis& axis,
                    const LatencyLayout& layout, double y) {
  std::size_t room = layout.label_offset == 0 ? 42 : 50;
  std::string name = display_width(variant.name) > room ? fit(variant.name, room) : variant.name;
  double label_x = layout.label_offset == 0 ? layout.left - 16 : layout.left;
  const char* anchor = layout.label_offset == 0 ? "end" : "start";
  return fmt::format(
      "<g class=\"{}\"><title>{}</title><rect class=\"hit\" x=\"0\" y=\"{:.1f}\" width=\"{:.0f}\" "
      "height=\"{:.1f}\"/><text class=\"label\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">"
      "<tspan class=\"id\">{}</tspan> {}</text>{}{}<text class=\"value\" x=\"{:.1f}\" y=\"{:.1f}\" "
      "text-anchor=\"end\">{}</text></g>",
      latency_row_class(result, variant), row_title(variant),
      y - layout.row / 2 + layout.label_offset / 2, layout.width, layout.row, label_x,
      y + 4 + layout.label_offset, anchor, escape_html(variant.id), escape_html(name),
      dots(*variant.latency_ms, axis, y), box(*variant.latency_ms, axis, y), layout.width - 6,
      y + 4, ms_number(variant.latency_ms->median));
}

std::string grid(const Axis& axis, const LatencyLayout& layout, double bottom) {
  std::string svg;
  for (double tick : axis.ticks(layout.spacing))
    svg += fmt::format(
        "<path class=\"grid\" d=\"M{0:.1f} {1:.1f}V{2:.1f}\"/><text class=\"tick\" x=\"{0:.1f}\" "
        "y=\"{3:.1f}\" text-anchor=\"middle\">{4}</text>",
        axis.px(tick), layout.top, bottom, bottom + 18, tick_text(tick));
  return svg + fmt::format(
                   "<text class=\"axis\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">"
                   "latency per inference, ms</text>",
                   (layout.left + layout.width - layout.right) / 2, bottom + 40);
}

}  // namespace

std::string latency_svg(const ResultDocument& result, SvgWidth width) {
  std::vector<const VariantRow*> rows = rows_of(result);
  if (rows.empty()) return "";
  LatencyLayout layout = latency_layout(width);
  Axis axis = axis_of(rows, layout);
  double bottom = layout.top + layout.row * static_cast<double>(rows.size()) + 4;
  std::string svg = fmt::format(
      "<svg class=\"plot {}\" viewBox=\"0 0 {:.0f} {:.0f}\" role=\"img\" "
      "aria-label=\"Latency of each round by variant\">",
      width == SvgWidth::wide ? "wide" : "narrow", layout.width, bottom + 50);
  svg += grid(axis, layout, bottom);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    double y = layout.top + layout.row * (static_cast<double>(i) + .5) - layout.label_offset / 2;
    svg += row_svg(result, *rows[i], axis, layout, y);
  }
  return svg + "</svg>";
}

}  // namespace tamis
