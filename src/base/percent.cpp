#include "base/percent.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace tamis {
namespace {

constexpr int kMostDecimals = 6;

/// Whether the text of a value reads as a bound that the value is not.
bool reads_as_bound(const std::string& text, double value) {
  const double read = std::strtod(text.c_str(), nullptr);
  return (read == 0 && value != 0) || (std::abs(read) == 100 && std::abs(value) != 100);
}

}  // namespace

std::string percent_of(double share, int decimals) {
  // What binary fractions add is not the value's: 0.29 * 100 is not 29.
  const double value = std::round(share * 1e14) / 1e12 + 0.0;  // no minus before 0
  for (int d = decimals; d <= std::max(decimals, kMostDecimals); ++d)
    if (std::string text = fmt::format("{:.{}f}", value, d); !reads_as_bound(text, value))
      return text + " %";
  const double bound = std::abs(value) < 50 ? 0 : std::copysign(100, value);
  const double step = std::pow(10, -kMostDecimals);
  const bool below = value < bound;
  return fmt::format("{} {:.{}f} %", below ? ">" : "<", below ? bound - step : bound + step,
                     kMostDecimals);
}

std::string exact_percent(double share) {
  constexpr int kLeastDigits = 4, kMostDigits = 12;
  for (int digits = kLeastDigits; digits < kMostDigits; ++digits)
    if (std::string text = fmt::format("{:.{}g}", share * 100, digits);
        !reads_as_bound(text, share * 100))
      return text + " %";
  return percent_of(share, kMostDecimals);
}

}  // namespace tamis
