#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace tamis {

/// A centre that spikes do not move, and what each sample contributed to its error: to first order
/// the error of the centre is the mean of the influences, so an interval of a mean serves for it.
struct RobustCentre {
  double centre = 0;
  std::vector<double> influence;  ///< in the samples' order and unit; sums to 0
};

/// Tukey's biweight of location: samples beyond 7 robust standard deviations (`scale`, known from
/// elsewhere: many small groups of one kind) from the centre have no influence. With two or fewer
/// samples, or scale 0, the centre is the plain mean.
/// Source: Mosteller & Tukey 1977, Data Analysis and Regression, ch. 10.
/// Needs at least one sample, all finite.
RobustCentre biweight_centre(std::span<const double> samples, double scale);

/// Correlation of each value with the next; 0 where all are equal.
double lag1_autocorrelation(std::span<const double> values);

}  // namespace tamis
