#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "report/axis.h"
#include "report/decision.h"
#include "report/format.h"
#include "report/scatter.h"
#include "report/svg.h"

namespace tamis {
namespace {

struct ParetoLayout {
  double width, height, left, right, top, bottom, spacing;
};

ParetoLayout pareto_layout(SvgWidth width) {
  if (width == SvgWidth::wide) return {1080, 470, 84, 24, 18, 78, 90};
  return {400, 400, 58, 12, 14, 72, 64};
}

struct Rect {
  double x0, y0, x1, y1;
  double overlap(const Rect& other) const {
    double w = std::min(x1, other.x1) - std::max(x0, other.x0);
    double h = std::min(y1, other.y1) - std::max(y0, other.y0);
    return w > 0 && h > 0 ? w * h : 0;
  }
};

struct Frame {
  ParetoLayout layout;
  Axis x, y;
  Rect area() const {
    return {layout.left, layout.top, layout.width - layout.right, layout.height - layout.bottom};
  }
};

Axis latency_axis(const ScatterData& data, const ParetoLayout& layout) {
  double low = 1e300, high = 0;
  auto include = [&](double ms) {
    low = std::min(low, ms);
    high = std::max(high, ms);
  };
  for (const ScatterPoint& point : data.points) {
    include(point.ms_low.value_or(point.ms));
    include(point.ms_high.value_or(point.ms));
  }
  for (const VariantRow* variant : data.not_evaluated) include(variant->latency_ms->median);
  double pixels_from = layout.left, pixels_to = layout.width - layout.right;
  if (high / low > 4) {
    double pad = std::pow(high / low, 0.06);
    return Axis(Axis::Kind::logarithmic, low / pad, high * pad, pixels_from, pixels_to);
  }
  double pad = std::max((high - low) * 0.08, high * 0.02);
  return Axis(Axis::Kind::linear, std::max(low - pad, 0.0), high + pad, pixels_from, pixels_to);
}

std::string accuracy_tick(const ScatterData& data, double value, double step) {
  if (data.unit == ScatterData::Unit::value) return accuracy_text(data.metric, value);
  int decimals = step * 100 >= 0.999 ? 0 : step * 100 >= 0.0999 ? 1 : 2;
  double percent = std::abs(value) < 1e-12 ? 0 : value * 100;
  std::string text = fmt::format("{:+.{}f} %", percent, decimals);
  if (percent == 0) return "0 %";
  if (text[0] == '-') text.replace(0, 1, "−");
  return text;
}

std::string axes_svg(const ScatterData& data, const Frame& frame) {
  Rect area = frame.area();
  std::string svg;
  for (double tick : frame.x.ticks(frame.layout.spacing))
    svg += fmt::format(
        "<path class=\"grid\" d=\"M{0:.1f} {1:.1f}V{2:.1f}\"/><text class=\"tick\" x=\"{0:.1f}\" "
        "y=\"{3:.1f}\" text-anchor=\"middle\">{4}</text>",
        frame.x.px(tick), area.y0, area.y1, area.y1 + 18, tick_text(tick));
  std::vector<double> ticks = frame.y.ticks(48);
  double step = ticks.size() > 1 ? ticks[1] - ticks[0] : 1;
  for (double tick : ticks)
    svg += fmt::format(
        "<path class=\"grid\" d=\"M{0:.1f} {1:.1f}H{2:.1f}\"/><text class=\"tick\" x=\"{3:.1f}\" "
        "y=\"{4:.1f}\" text-anchor=\"end\">{5}</text>",
        area.x0, frame.y.px(tick), area.x1, area.x0 - 8, frame.y.px(tick) + 4,
        accuracy_tick(data, tick, step));
  std::string title = metric_name(data.metric);
  if (data.unit == ScatterData::Unit::change) title += ", change from the baseline";
  double middle = (area.y0 + area.y1) / 2;
  return svg + fmt::format(
                   "<text class=\"axis\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">latency, "
                   "median ms (left is faster)</text><text class=\"axis\" transform=\"translate(14 "
                   "{:.1f}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
                   (area.x0 + area.x1) / 2, area.y1 + 40, middle, escape_html(title));
}

std::string floor_svg(const ScatterData& data, const Frame& frame) {
  if (!data.floor) return "";
  Rect area = frame.area();
  double y = frame.y.clamped_px(*data.floor);
  return fmt::format(
      "<rect class=\"below\" x=\"{0:.1f}\" y=\"{1:.1f}\" width=\"{2:.1f}\" height=\"{3:.1f}\"/>"
      "<path class=\"floor\" d=\"M{0:.1f} {1:.1f}h{2:.1f}\"/><text class=\"floor-label\" "
      "x=\"{4:.1f}\" y=\"{5:.1f}\" text-anchor=\"end\">accuracy gate</text>",
      area.x0, y, area.x1 - area.x0, std::max(area.y1 - y, 0.0), area.x1 - 6, y + 14);
}

std::string frontier_svg(const ScatterData& data, const Frame& frame) {
  std::string path;
  for (const ScatterPoint& point : data.points) {
    if (!point.frontier) continue;
    double x = frame.x.px(point.ms), y = frame.y.clamped_px(point.accuracy);
    path +=
        path.empty() ? fmt::format("M{:.1f} {:.1f}", x, y) : fmt::format("H{:.1f}V{:.1f}", x, y);
  }
  return fmt::format("<path class=\"frontier\" d=\"{}\"/>", path);
}

const char* kind_class(const ScatterPoint& point) {
  static constexpr std::array<const char*, 4> kNames{"met", "estimated", "missed", "undecided"};
  return kNames[static_cast<std::size_t>(point.kind)];
}

std::string intervals_svg(const ScatterPoint& point, const Frame& frame, double x, double y) {
  std::string path;
  if (point.ms_low && point.ms_high)
    path += fmt::format("M{:.1f} {:.1f}H{:.1f}", frame.x.clamped_px(*point.ms_low), y,
                        frame.x.clamped_px(*point.ms_high));
  if (point.accuracy_low && point.accuracy_high)
    path += fmt::format("M{:.1f} {:.1f}V{:.1f}", x, frame.y.clamped_px(*point.accuracy_low),
                        frame.y.clamped_px(*point.accuracy_high));
  return path.empty() ? path : fmt::format("<path class=\"whisker\" d=\"{}\"/>", path);
}

/// A shape per outcome, so that colour is not the only sign.
std::string shape_svg(const ScatterPoint& point, const Frame& frame, double x, double y) {
  if (point.accuracy < frame.y.low())
    return fmt::format("<path class=\"shape\" d=\"M{:.1f} {:.1f}h12l-6 9z\"/>", x - 6, y - 9);
  std::string halo;
  if (point.pick)
    halo = fmt::format("<circle class=\"halo\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"12\"/>", x, y);
  if (point.baseline)
    return halo +
           fmt::format("<path class=\"shape\" d=\"M{:.1f} {:.1f}l7 7l-7 7l-7 -7z\"/>", x, y - 7);
  if (point.kind == ScatterPoint::Kind::missed)
    return halo + fmt::format("<path class=\"shape cross\" d=\"M{0:.1f} {1:.1f}l9 9m0 -9l-9 9\"/>",
                              x - 4.5, y - 4.5);
  if (point.kind == ScatterPoint::Kind::estimated)
    return halo + fmt::format("<path class=\"shape\" d=\"M{:.1f} {:.1f}l6.5 11h-13z\"/>", x, y - 7);
  return halo + fmt::format("<circle class=\"shape\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\"/>", x, y,
                            point.pick ? 6.5 : 5.0);
}

std::string point_title(const ScatterPoint& point) {
  const VariantRow& variant = *point.variant;
  std::string text = fmt::format("{} {}\n{} ms {}", variant.id, variant.name, ms_number(point.ms),
                                 interval_text(interval_of(*variant.latency_ms), ms_number));
  std::string accuracy = accuracy_sentence(variant);
  if (!accuracy.empty()) text += "\n" + accuracy;
  text += "\n" + gate_text(variant);
  if (!variant.gate_reason.empty()) text += ": " + variant.gate_reason;
  return escape_html(text);
}

std::string label_of(const ScatterPoint& point) {
  if (point.pick && point.baseline) return point.variant->id + " pick, baseline";
  if (point.pick) return point.variant->id + " pick";
  return point.baseline ? point.variant->id + " baseline" : point.variant->id;
}

/// Places labels one after another where each hides least: of other labels, of marks, of the frame.
class LabelPlacer {
 public:
  explicit LabelPlacer(const Rect& area) : area_(area) {}

  void occupy(double x, double y, double radius) {
    taken_.push_back({x - radius, y - radius, x + radius, y + radius});
  }
  /// A thin line may be crossed where nothing better is free.
  void occupy_lightly(const Rect& rect) { light_.push_back(rect); }

  /// Absent where every place hides more than a little, unless the label is `needed`.
  std::optional<Rect> place(double x, double y, double gap, double width, bool needed) {
    Rect best{};
    double best_cost = 1e300;
    for (const Rect& candidate : candidates(x, y, gap, width)) {
      double cost = cost_of(candidate);
      if (cost < best_cost - 1e-6) {
        best_cost = cost;
        best = candidate;
      }
    }
    constexpr double kTooMuch = 150;
    if (!needed && best_cost > kTooMuch) return std::nullopt;
    taken_.push_back(best);
    return best;
  }

 private:
  static std::vector<Rect> candidates(double x, double y, double gap, double width) {
    constexpr double kHeight = 13;
    std::vector<Rect> all;
    for (double reach : {1.0, 1.9, 3.2}) {
      double g = gap * reach;
      for (double dy : {0.0, -1.0, 1.0}) {
        double middle = y + dy * (g + kHeight / 2);
        all.push_back({x + (dy == 0 ? g : g / 2), middle - kHeight / 2,
                       x + (dy == 0 ? g : g / 2) + width, middle + kHeight / 2});
        all.push_back({x - (dy == 0 ? g : g / 2) - width, middle - kHeight / 2,
                       x - (dy == 0 ? g : g / 2), middle + kHeight / 2});
        if (dy != 0)
          all.push_back({x - width / 2, middle - kHeight / 2, x + width / 2, middle + kHeight / 2});
      }
    }
    return all;
  }

  double cost_of(const Rect& rect) const {
    double area = (rect.x1 - rect.x0) * (rect.y1 - rect.y0);
    double cost = 20 * (area - rect.overlap(area_));
    for (const Rect& other : taken_) cost += 5 * rect.overlap(other);
    for (const Rect& other : light_) cost += 2 * rect.overlap(other);
    return cost;
  }

  Rect area_;
  std::vector<Rect> taken_, light_;
};

LabelPlacer placer_for(const ScatterData& data, const Frame& frame) {
  LabelPlacer placer(frame.area());
  const ScatterPoint* last = nullptr;
  for (const ScatterPoint& point : data.points) {
    double x = frame.x.px(point.ms), y = frame.y.clamped_px(point.accuracy);
    placer.occupy(x, y, point.pick ? 12 : 7);
    if (point.frontier && last)
      placer.occupy_lightly({frame.x.px(last->ms), frame.y.clamped_px(last->accuracy) - 2, x,
                             frame.y.clamped_px(last->accuracy) + 2});
    if (point.frontier) last = &point;
    if (point.accuracy_low && point.accuracy_high)
      placer.occupy_lightly({x - 1, frame.y.clamped_px(*point.accuracy_high), x + 1,
                             frame.y.clamped_px(*point.accuracy_low)});
  }
  if (data.floor) {
    Rect area = frame.area();
    double y = frame.y.clamped_px(*data.floor);
    placer.occupy_lightly({area.x0, y - 2, area.x1, y + 2});
    placer.occupy_lightly({area.x1 - 90, y, area.x1, y + 16});
  }
  return placer;
}

std::string label_svg(const std::string& label, const Rect& place) {
  return fmt::format(
      "<text class=\"label\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{}</text>",
      (place.x0 + place.x1) / 2, place.y1 - 3, escape_html(label));
}

std::string point_svg(const ScatterPoint& point, const Frame& frame, const std::string& label) {
  double x = frame.x.px(point.ms), y = frame.y.clamped_px(point.accuracy);
  return fmt::format("<g class=\"mark point {}{}{}\"><title>{}</title>{}{}{}</g>",
                     kind_class(point), point.pick ? " pick" : "",
                     point.baseline ? " baseline" : "", point_title(point),
                     intervals_svg(point, frame, x, y), shape_svg(point, frame, x, y), label);
}

std::string points_svg(const ScatterData& data, const Frame& frame) {
  LabelPlacer placer = placer_for(data, frame);
  std::vector<const ScatterPoint*> order;
  for (const ScatterPoint& point : data.points) order.push_back(&point);
  // The pick and the baseline choose their label's place first and are drawn last, on top.
  std::stable_sort(order.begin(), order.end(), [](const ScatterPoint* a, const ScatterPoint* b) {
    return a->pick * 2 + a->baseline > b->pick * 2 + b->baseline;
  });
  std::vector<std::string> drawn;
  for (const ScatterPoint* point : order) {
    double x = frame.x.px(point->ms), y = frame.y.clamped_px(point->accuracy);
    std::string label = label_of(*point);
    double width = 7.2 * static_cast<double>(display_width(label));
    bool needed = point->pick || point->baseline || point->frontier;
    auto place = placer.place(x, y, point->pick ? 16 : 10, width, needed);
    drawn.push_back(point_svg(*point, frame, place ? label_svg(label, *place) : ""));
  }
  std::string svg;
  for (auto mark = drawn.rbegin(); mark != drawn.rend(); ++mark) svg += *mark;
  return svg;
}

/// Variants without an accuracy: a tick each under the plot's floor.
std::string rug_svg(const ScatterData& data, const Frame& frame) {
  Rect area = frame.area();
  std::string svg;
  for (const VariantRow* variant : data.not_evaluated)
    svg += fmt::format(
        "<g class=\"mark rug\"><title>{}</title><path d=\"M{:.1f} {:.1f}v12\"/></g>",
        escape_html(fmt::format("{} {}\n{} ms\naccuracy not evaluated{}{}", variant->id,
                                variant->name, ms_number(variant->latency_ms->median),
                                variant->gate_reason.empty() ? "" : ": ", variant->gate_reason)),
        frame.x.px(variant->latency_ms->median), area.y1 - 12);
  return svg;
}

}  // namespace

std::string pareto_svg(const ResultDocument& result, SvgWidth width) {
  ScatterData data = scatter_data(result);
  if (data.points.empty() && data.not_evaluated.empty()) return "";
  ParetoLayout layout = pareto_layout(width);
  Frame frame{
      layout, latency_axis(data, layout),
      Axis(Axis::Kind::linear, data.low, data.high, layout.height - layout.bottom, layout.top)};
  return fmt::format(
             "<svg class=\"plot {}\" viewBox=\"0 0 {:.0f} {:.0f}\" role=\"img\" "
             "aria-label=\"Latency against accuracy\">",
             width == SvgWidth::wide ? "wide" : "narrow", layout.width, layout.height - 28) +
         axes_svg(data, frame) + floor_svg(data, frame) + frontier_svg(data, frame) +
         rug_svg(data, frame) + points_svg(data, frame) + "</svg>";
}

}  // namespace tamis
