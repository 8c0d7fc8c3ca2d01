#include "report/axis.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>

namespace tamis {
namespace {

/// The smallest of 1, 2, 2.5, 5 times a power of ten that is at least `step`.
double round_step(double step) {
  double power = std::pow(10, std::floor(std::log10(step)));
  for (double factor : {1.0, 2.0, 2.5, 5.0})
    if (factor * power >= step * (1 - 1e-9)) return factor * power;
  return 10 * power;
}

std::vector<double> linear_ticks(double low, double high, double count) {
  double step = round_step((high - low) / std::max(count, 1.0));
  std::vector<double> ticks;
  for (double i = std::ceil(low / step - 1e-9); i * step <= high + step * 1e-9; ++i)
    ticks.push_back(i * step);
  return ticks;
}

std::vector<double> log_ticks(double low, double high, std::initializer_list<double> factors) {
  std::vector<double> ticks;
  for (double power = std::pow(10, std::floor(std::log10(low))); power <= high; power *= 10)
    for (double factor : factors)
      if (factor * power >= low * (1 - 1e-9) && factor * power <= high * (1 + 1e-9))
        ticks.push_back(factor * power);
  return ticks;
}

}  // namespace

Axis::Axis(Kind kind, double low, double high, double from_px, double to_px)
    : kind_(kind), low_(low), high_(high), from_px_(from_px), to_px_(to_px) {}

double Axis::px(double value) const {
  double share = kind_ == Kind::linear ? (value - low_) / (high_ - low_)
                                       : std::log(value / low_) / std::log(high_ / low_);
  return from_px_ + share * (to_px_ - from_px_);
}

double Axis::clamped_px(double value) const { return px(std::clamp(value, low_, high_)); }

std::vector<double> Axis::ticks(double spacing_px) const {
  double count = std::max(std::abs(to_px_ - from_px_) / spacing_px, 2.0);
  if (kind_ == Kind::linear) return linear_ticks(low_, high_, count);
  std::vector<double> best;
  for (auto factors :
       {std::initializer_list<double>{1}, std::initializer_list<double>{1, 3},
        std::initializer_list<double>{1, 2, 5}, std::initializer_list<double>{1, 1.5, 2, 3, 5, 7},
        std::initializer_list<double>{1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9}}) {
    std::vector<double> ticks = log_ticks(low_, high_, factors);
    if (best.size() < 2 || static_cast<double>(ticks.size()) <= count) best = ticks;
  }
  return best.size() < 2 ? linear_ticks(low_, high_, count) : best;
}

}  // namespace tamis
