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

/// Tukey's biweight of location. Samples beyond 7 (1 + (6/n)^2) robust standard deviations from the
/// centre have no influence: the fence is wide where the spread is known from few samples, and with
/// fewer than five the centre is the plain mean.
/// Source: Mosteller & Tukey 1977, Data Analysis and
/// Regression, ch. 10; the fence's constants are by simulation (tests/stats/promises_test.cpp).
/// Needs at least one sample, all finite.
RobustCentre biweight_centre(std::span<const double> samples);

/// The same where the spread of a sample is known from elsewhere (many small groups of one kind):
/// `scale`, a robust standard deviation. Holds off spikes from three samples on. With two or fewer,
/// or scale 0, the centre is the plain mean.
RobustCentre biweight_centre(std::span<const double> samples, double scale);

/// The number of cosine transforms that estimate the long-run variance of n values: 0.41 n^(2/3),
/// in 1 .. n - 1; n >= 2.
/// Source: Lazarus, Lewis, Stock & Watson 2018, eq. (4).
std::size_t long_run_freedom(std::size_t count);

/// n times the variance of the mean of values in the order taken that may resemble their
/// neighbours: the mean square of the first long_run_freedom(n) terms of their cosine transform,
/// distributed like chi-square with as many degrees of freedom. For values that are independent and
/// normal the resulting Student t is exact.
/// Source: as above, eq. (3).
double long_run_variance(std::span<const double> values);

/// Correlation of each value with the next; 0 where all are equal.
double lag1_autocorrelation(std::span<const double> values);

}  // namespace tamis
