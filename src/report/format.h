#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/text.h"
#include "report/result.h"

namespace tamis {

// Numbers and texts as the reports print them. Pure functions, safe from any thread.

/// For HTML text and attribute values: & < > " and ' become entities, control characters U+FFFD.
std::string escape_html(std::string_view text);

/// escape_html, with each part of a name ("a · b c") kept on one line.
std::string escape_name(std::string_view name);

/// A field of a CSV record, quoted where RFC 4180 asks for it.
std::string csv_field(std::string_view text);

/// Columns that a UTF-8 text takes in a terminal, counting a code point as one.
std::size_t display_width(std::string_view text);

/// The text cut to `width` columns, with "…" as its last where something was cut, else padded.
std::string fit(std::string_view text, std::size_t width);

/// "10.2" from milliseconds: three significant digits, never in exponent form.
std::string ms_number(double ms);

/// A tick of an axis: as short as it can be.
std::string tick_text(double value);

/// "map50_95" → "mAP50-95", "top1" → "top-1"; others stay.
std::string metric_name(const std::string& metric);

/// An accuracy: four decimals, "0.4359"; top-k as "91.73 %".
std::string accuracy_text(const std::string& metric, double value);

/// A share as a percentage, "0.18 %", with a real minus sign.
std::string percent_text(double share);

/// The same of a change, which always shows its sign: "+2.02 %", "−0.31 %".
std::string change_text(double change);

/// "2.74×".
std::string ratio_text(double ratio);

/// "[2.70, 2.79]" through `format`; an absent end is "–". Empty where both are absent.
template <typename Format>
std::string interval_text(const IntervalView& interval, Format format) {
  if (!interval.low && !interval.high) return "";
  auto end = [&](const std::optional<double>& value) {
    return value ? format(*value) : std::string(kAbsent);
  };
  return "[" + end(interval.low) + ", " + end(interval.high) + "]";
}

std::string ratio_interval_text(const IntervalView& ratio);    ///< "[2.70, 2.79]"
std::string percent_interval_text(const IntervalView& share);  ///< "[−0.90, 1.20] %"
std::string change_interval_text(const IntervalView& change);  ///< "[−0.31, +4.50] %"
std::string accuracy_interval_text(const std::string& metric, const IntervalView& value);

}  // namespace tamis
