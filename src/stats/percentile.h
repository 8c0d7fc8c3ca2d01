#pragma once

#include <cstddef>
#include <optional>
#include <span>

namespace tamis {

// Descriptions of a sample. Units are those of the samples; the order of the samples does not
// matter. Every function throws Error(invalid_argument) on an empty sample or one that holds a NaN.
// All are pure and safe from any thread.

/// The quantile at q in [0, 1] by linear interpolation between order statistics: numpy's default,
/// Hyndman & Fan 1996, type 7.
double quantile(std::span<const double> samples, double q);

double median(std::span<const double> samples);

double mean(std::span<const double> samples);

/// The quantile, where at least one sample is expected beyond it: n >= 1 / (1 - q) for q above the
/// middle, n >= 1 / q below. So p90 needs 10 samples, p95 20, p99 100. Absent with fewer: a
/// percentile is never invented.
std::optional<double> percentile_if_enough(std::span<const double> samples, double q);

/// Standard deviation with n - 1 in the denominator. Absent with one sample.
std::optional<double> stddev(std::span<const double> samples);

}  // namespace tamis
