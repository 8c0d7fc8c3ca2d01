#include "stats/boundary.h"

#include <cmath>
#include <numbers>

#include "base/error.h"
#include "stats/interval.h"

namespace tamis {
namespace {

constexpr std::size_t kGrid =
    401;                        // points of the density between two looks, odd for Simpson's rule
constexpr double kFarTail = 9;  // standard deviations

// The sub-density of the score process B(t), variance t, over the paths that have not crossed yet.
struct Density {
  double low = 0;
  double step = 0;
  std::vector<double> mass;  // density times Simpson weight times step

  double at(std::size_t i) const { return low + step * static_cast<double>(i); }
};

Density make_grid(double low, double high) {
  return {low, (high - low) / static_cast<double>(kGrid - 1), std::vector<double>(kGrid, 0.0)};
}

double simpson(std::size_t i) {
  if (i == 0 || i == kGrid - 1) return 1.0 / 3;
  return i % 2 == 1 ? 4.0 / 3 : 2.0 / 3;
}

double normal_density(double x, double variance) {
  return std::exp(-x * x / (2 * variance)) / std::sqrt(2 * std::numbers::pi * variance);
}

// The probability of crossing `bound` by a step of the given variance.
double crossing(const Density& density, double bound, double variance) {
  const double scale = std::sqrt(variance);
  double sum = 0;
  for (std::size_t i = 0; i < kGrid; ++i) {
    sum += density.mass[i] * normal_cdf((density.at(i) - bound) / scale);
  }
  return sum;
}

double find_bound(const Density& density, double variance, double target, double farthest) {
  double low = -farthest;
  double high = farthest;
  for (int step = 0; step < 80; ++step) {
    const double middle = (low + high) / 2;
    (crossing(density, middle, variance) > target ? low : high) = middle;
  }
  return (low + high) / 2;
}

Density advance(const Density& from, double variance, double low, double high) {
  Density to = make_grid(low, high);
  for (std::size_t j = 0; j < kGrid; ++j) {
    double sum = 0;
    for (std::size_t i = 0; i < kGrid; ++i) {
      sum += from.mass[i] * normal_density(to.at(j) - from.at(i), variance);
    }
    to.mass[j] = sum * simpson(j) * to.step;
  }
  return to;
}

Density first_density(double variance, double low, double high) {
  Density density = make_grid(low, high);
  for (std::size_t i = 0; i < kGrid; ++i) {
    density.mass[i] = normal_density(density.at(i), variance) * simpson(i) * density.step;
  }
  return density;
}

}  // namespace

std::vector<double> upper_boundaries(std::span<const double> fractions,
                                     std::span<const double> spent) {
  if (fractions.size() != spent.size()) {
    throw Error(ErrorCode::invalid_argument, "boundaries: needs an error for each look");
  }
  std::vector<double> result;
  Density density;
  double time = 0;
  double already = 0;
  for (std::size_t k = 0; k < fractions.size(); ++k) {
    const double t = fractions[k];
    const double target = spent[k] - already;
    if (!(t > time && t <= 1 && target > 0 && spent[k] < 1)) {
      throw Error(ErrorCode::invalid_argument,
                  "boundaries: fractions must increase to at most 1 and errors below 1");
    }
    const double farthest = kFarTail * std::sqrt(t);
    const double bound = k == 0 ? -normal_quantile(target) * std::sqrt(t)
                                : find_bound(density, t - time, target, farthest);
    density =
        k == 0 ? first_density(t, -farthest, bound) : advance(density, t - time, -farthest, bound);
    result.push_back(bound / std::sqrt(t));
    time = t;
    already = spent[k];
  }
  return result;
}

}  // namespace tamis
