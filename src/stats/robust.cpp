#include "stats/robust.h"

#include <algorithm>
#include <cmath>

#include "stats/percentile.h"

namespace tamis {
namespace {

RobustCentre plain_mean(std::span<const double> samples) {
  RobustCentre result{mean(samples), {samples.begin(), samples.end()}};
  for (double& x : result.influence) x -= result.centre;
  return result;
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

RobustCentre biweight_centre(std::span<const double> samples, double scale) {
  if (samples.size() < 3 || scale <= 0) return plain_mean(samples);
  return biweight(samples, 7 * scale);
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
