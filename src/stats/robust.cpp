#include "stats/robust.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "stats/percentile.h"

namespace tamis {
namespace {

RobustCentre plain_mean(std::span<const double> samples) {
  RobustCentre result{mean(samples), {samples.begin(), samples.end()}};
  for (double& x : result.influence) x -= result.centre;
  return result;
}

// The distance beyond which a sample has no say; 0 where all samples are equal.
double fence(std::span<const double> samples, double centre) {
  const auto n = static_cast<double>(samples.size());
  double scale = 1.4826 * mad(samples);
  if (scale == 0) {  // more than half of the samples are equal
    for (double x : samples) scale += std::abs(x - centre) * 1.2533 / n;
  }
  return 7 * (1 + 36 / (n * n)) * scale;
}

RobustCentre biweight(std::span<const double> samples, double reach) {
  double centre = median(samples);
  const auto nearness = [&](double x) {
    const double u = (x - centre) / reach;
    return std::max(0.0, 1 - u * u);
  };
  for (int step = 0; step < 50; ++step) {
    double weights = 0;
    double shift = 0;
    for (double x : samples) {
      const double w = nearness(x) * nearness(x);
      weights += w;
      shift += w * (x - centre);
    }
    if (weights == 0) return plain_mean(samples);  // an even number, in two far halves
    centre += shift / weights;
    if (std::abs(shift / weights) < 1e-12 * reach) break;
  }

  RobustCentre result{centre, {}};
  double slope = 0;
  for (double x : samples) {
    const double w = nearness(x);
    result.influence.push_back((x - centre) * w * w);
    slope += w * (5 * w - 4) / static_cast<double>(samples.size());  // derivative of the line above
  }
  if (slope < 0.1) return plain_mean(samples);  // two far clusters: no centre to speak of
  for (double& x : result.influence) x /= slope;
  return result;
}

}  // namespace

RobustCentre biweight_centre(std::span<const double> samples) {
  if (samples.size() < 5) return plain_mean(samples);
  const double centre = median(samples);
  const double reach = fence(samples, centre);
  if (reach == 0) return {centre, std::vector<double>(samples.size(), 0.0)};
  return biweight(samples, reach);
}

RobustCentre biweight_centre(std::span<const double> samples, double scale) {
  if (samples.size() < 3 || scale <= 0) return plain_mean(samples);
  return biweight(samples, 7 * scale);
}

std::size_t long_run_freedom(std::size_t count) {
  const double rule = std::round(0.41 * std::pow(static_cast<double>(count), 2.0 / 3.0));
  return std::clamp<std::size_t>(static_cast<std::size_t>(rule), 1,
                                 std::max<std::size_t>(count, 2) - 1);
}

double long_run_variance(std::span<const double> values) {
  const auto n = static_cast<double>(values.size());
  const std::size_t terms = long_run_freedom(values.size());
  double sum = 0;
  for (std::size_t j = 1; j <= terms; ++j) {
    double term = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      term += values[i] * std::cos(std::numbers::pi * static_cast<double>(j) *
                                   (static_cast<double>(i) + 0.5) / n);
    }
    sum += term * term * 2 / n;
  }
  return sum / static_cast<double>(terms);
}

double lag1_autocorrelation(std::span<const double> values) {
  const double centre = mean(values);
  double square = 0;
  double product = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    square += (values[i] - centre) * (values[i] - centre);
    if (i > 0) product += (values[i] - centre) * (values[i - 1] - centre);
  }
  return square > 0 ? product / square : 0;
}

}  // namespace tamis
