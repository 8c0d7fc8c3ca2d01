#include "report/format.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "base/percent.h"

namespace tamis {
namespace {

bool starts_code_point(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

std::string with_minus(std::string number) {
  if (number.starts_with('-')) number.replace(0, 1, "−");
  return number;
}

bool is_share_of_items(const std::string& metric) {
  return metric.starts_with("top") || metric == "decision_agreement";
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        if (is_control(c))
          out += "\xEF\xBF\xBD";
        else
          out += c;
    }
  }
  return out;
}

std::string escape_name(std::string_view name) {
  std::string out;
  for (std::size_t at = 0; at < name.size();) {
    std::size_t end = std::min(name.find(" · ", at), name.size());
    for (char c : escape_html(name.substr(at, end - at)))
      out += c == ' ' ? std::string("&nbsp;") : std::string(1, c);
    if (end < name.size()) out += "&nbsp;· ";
    at = end + std::string_view(" · ").size();
  }
  return out;
}

std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string out = "\"";
  for (char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}

std::size_t display_width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), starts_code_point));
}

std::string fit(std::string_view text, std::size_t width) {
  std::size_t columns = display_width(text);
  if (columns <= width) return std::string(text) + std::string(width - columns, ' ');
  std::size_t seen = 0, end = 0;
  for (; end < text.size(); ++end)
    if (starts_code_point(text[end]) && ++seen == width) break;
  return std::string(text.substr(0, end)) + "…";
}

std::string ms_number(double ms) {
  if (!std::isfinite(ms)) return kAbsent;
  double size = std::abs(ms);
  int decimals = size >= 100 || size == 0 ? 0 : 2 - static_cast<int>(std::floor(std::log10(size)));
  return with_minus(fmt::format("{:.{}f}", ms, std::clamp(decimals, 0, 6)));
}

std::string tick_text(double value) { return with_minus(fmt::format("{:.4g}", value)); }

std::string metric_name(const std::string& metric) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 12> kNames{
      {{"map50_95", "mAP50-95"},
       {"map50", "mAP50"},
       {"mask_map50_95", "mask mAP50-95"},
       {"mask_map50_agreement", "mask mAP50 agreement"},
       {"top1", "top-1"},
       {"top5", "top-5"},
       {"auroc", "AUROC"},
       {"pixel_auroc", "pixel AUROC"},
       {"pro", "PRO"},
       {"top1_agreement", "top-1 agreement"},
       {"map50_agreement", "mAP50 agreement"},
       {"decision_agreement", "decision agreement"}}};
  for (auto [name, shown] : kNames)
    if (metric == name) return std::string(shown);
  return metric;
}

std::string accuracy_text(const std::string& metric, double value) {
  if (is_share_of_items(metric)) return percent_of(value, 2);
  return with_minus(fmt::format("{:.4f}", value));
}

std::string percent_text(double share) { return with_minus(percent_of(share, 2)); }

std::string change_text(double change) { return (change > 0 ? "+" : "") + percent_text(change); }

std::string ratio_text(double ratio) {
  return ratio < 100 ? fmt::format("{:.2f}×", ratio) : fmt::format("{:.0f}×", ratio);
}

std::string ratio_interval_text(const IntervalView& ratio) {
  return interval_text(ratio, [](double value) {
    return value < 100 ? fmt::format("{:.2f}", value) : fmt::format("{:.0f}", value);
  });
}

namespace {

/// "[−0.90, 1.20] %" of ends that `format` gives with their unit.
std::string interval_in_percent(const IntervalView& interval, std::string (*format)(double)) {
  std::string text = interval_text(interval, [format](double value) {
    std::string percent = format(value);
    return percent.substr(0, percent.size() - 2);
  });
  return text.empty() ? text : text + " %";
}

}  // namespace

std::string percent_interval_text(const IntervalView& share) {
  return interval_in_percent(share, percent_text);
}

std::string change_interval_text(const IntervalView& change) {
  return interval_in_percent(change, change_text);
}

std::string accuracy_interval_text(const std::string& metric, const IntervalView& value) {
  if (!is_share_of_items(metric))
    return interval_text(value, [&](double end) { return accuracy_text(metric, end); });
  return percent_interval_text(value);
}

}  // namespace tamis
