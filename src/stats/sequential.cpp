#include "stats/sequential.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.h"
#include "stats/interval.h"

namespace tamis {
namespace {

constexpr double kGrowth = 1.4;  // of the number of rounds from look to look
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
double crossing(const Density& density, double bound, double variance, Sides sides) {
  const double scale = std::sqrt(variance);
  double sum = 0;
  for (std::size_t i = 0; i < kGrid; ++i) {
    const double x = density.at(i);
    double beyond = normal_cdf((x - bound) / scale);
    if (sides == Sides::two) beyond += normal_cdf((-x - bound) / scale);
    sum += density.mass[i] * beyond;
  }
  return sum;
}

double find_bound(const Density& density, double variance, double target, double farthest,
                  Sides sides) {
  double low = sides == Sides::two ? 0 : -farthest;
  double high = farthest;
  for (int step = 0; step < 80; ++step) {
    const double middle = (low + high) / 2;
    (crossing(density, middle, variance, sides) > target ? low : high) = middle;
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

void require_plan(const StoppingPlan& plan) {
  const bool good = plan.confidence > 0 && plan.confidence < 1 && plan.min_rounds >= 2 &&
                    plan.max_rounds >= plan.min_rounds && plan.resolution_ratio >= 0;
  if (!good) {
    throw Error(
        ErrorCode::invalid_argument,
        "stopping plan: needs a confidence between 0 and 1, 2 <= min_rounds <= max_rounds and a "
        "resolution that is not negative");
  }
}

std::vector<std::size_t> geometric_looks(std::size_t first, std::size_t last) {
  std::vector<std::size_t> looks;
  for (auto next = static_cast<double>(first);
       next * std::sqrt(kGrowth) < static_cast<double>(last); next *= kGrowth) {
    looks.push_back(static_cast<std::size_t>(std::round(next)));
  }
  if (looks.empty() && first < last) looks.push_back(first);
  looks.push_back(last);
  return looks;
}

}  // namespace

std::vector<double> boundaries(std::span<const double> fractions, std::span<const double> spent,
                               Sides sides) {
  std::vector<double> result;
  Density density;
  double time = 0;
  double already = 0;
  for (std::size_t k = 0; k < fractions.size(); ++k) {
    const double t = fractions[k];
    const double target = spent[k] - already;
    if (!(t > time && t <= 1 + 1e-12) || !(target > 0) || spent[k] >= 1) {
      throw Error(ErrorCode::invalid_argument,
                  "boundaries: fractions and spent error must increase below 1");
    }
    const double farthest = kFarTail * std::sqrt(t);
    const double bound =
        k == 0 ? -normal_quantile(sides == Sides::two ? target / 2 : target) * std::sqrt(t)
               : find_bound(density, t - time, target, farthest, sides);
    const double low = sides == Sides::two ? -bound : -farthest;
    density = k == 0 ? first_density(t, low, bound) : advance(density, t - time, low, bound);
    result.push_back(bound / std::sqrt(t));
    time = t;
    already = spent[k];
  }
  return result;
}

std::string_view to_text(StopReason reason) {
  switch (reason) {
    case StopReason::resolved:
      return "resolved";
    case StopReason::narrow_enough:
      return "narrow_enough";
    case StopReason::budget:
      break;
  }
  return "budget";
}

PairedStopping::PairedStopping(const StoppingPlan& plan) : plan_(plan) {
  require_plan(plan);
  looks_ = geometric_looks(plan.min_rounds, plan.max_rounds);
  std::vector<double> fractions;
  std::vector<double> spent;
  for (std::size_t rounds : looks_) {
    fractions.push_back(static_cast<double>(rounds) / static_cast<double>(plan.max_rounds));
    spent.push_back((1 - plan.confidence) * fractions.back());
  }
  for (double z : boundaries(fractions, spent, Sides::two))
    confidences_.push_back(2 * normal_cdf(z) - 1);
}

bool PairedStopping::is_look(std::size_t rounds) const {
  return std::binary_search(looks_.begin(), looks_.end(), rounds);
}

RatioEstimate PairedStopping::adjusted(std::span<const double> a, std::span<const double> b) const {
  const auto later = std::lower_bound(looks_.begin(), looks_.end(), a.size());
  const auto index = std::min<std::ptrdiff_t>(later - looks_.begin(),
                                              static_cast<std::ptrdiff_t>(looks_.size()) - 1);
  return paired_ratio(a, b, confidences_[static_cast<std::size_t>(index)]);
}

Decision PairedStopping::look(std::span<const double> a, std::span<const double> b) const {
  Decision decision{false, std::nullopt, adjusted(a, b)};
  if (a.size() < plan_.min_rounds) return decision;
  if (verdict(decision.estimate) != Verdict::not_distinguishable) {
    decision.reason = StopReason::resolved;
  } else if (decision.estimate.high <= decision.estimate.low * (1 + plan_.resolution_ratio)) {
    decision.reason = StopReason::narrow_enough;
  } else if (a.size() >= plan_.max_rounds) {
    decision.reason = StopReason::budget;
  }
  decision.stop = decision.reason.has_value();
  return decision;
}

Decision PairedStopping::finish(std::span<const double> a, std::span<const double> b) const {
  Decision decision = look(a, b);
  if (!decision.stop) decision.reason = StopReason::budget;
  decision.stop = true;
  return decision;
}

}  // namespace tamis
