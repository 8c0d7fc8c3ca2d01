#pragma once

#include <span>
#include <vector>

namespace tamis {

/// The critical values z[k] of one-sided looks at increasing fractions t[k] in (0, 1] of the
/// information: a statistic that is standard normal at each look, and whose score moves like
/// Brownian motion from look to look, has P(Z_j > z[j] at some j <= k) = spent[k]. `spent`
/// increases and stays below 1; a look within a thousandth of the one before it is beyond the
/// grid's accuracy. Throws Error(invalid_argument) on anything else. Takes milliseconds. Pure; safe
/// from any thread.
/// Source: Armitage, McPherson & Rowe 1969, JRSS A 132:235, by Simpson's rule; Lan
/// & DeMets 1983, Biometrika 70:659.
std::vector<double> upper_boundaries(std::span<const double> fractions,
                                     std::span<const double> spent);

}  // namespace tamis
