#pragma once

#include <functional>

#include "quantize/affine.h"
#include "quantize/histogram.h"
#include "quantize/quantize.h"

namespace tamis {

/// x * sigmoid(x) and its least value (at x = -1.2785).
double silu(double x);
inline constexpr double kSiluMinimum = -0.27846454276107374;

/// The range of what was observed, by the method of the options. Pure, thread safe.
ValueRange observed_range(const Histogram& seen, const QuantizeOptions& options);

/// The range of silu(x) where `before` saw x.
ValueRange range_after_silu(const Histogram& before, const QuantizeOptions& options);

/// The range for x, high end by the method, low end so that the squared error of silu(x) is least:
/// SiLU flattens the low end, which can be clipped. Method mse: both ends by that error.
ValueRange range_before_silu(const Histogram& before, const QuantizeOptions& options);

/// The zero points that a pooled group may take (plan.h). Of the pairs tried on three detectors,
/// the one with the best boxes: 1 to 3 dB over {96, 128}, scores alike (bench/README.md).
inline constexpr std::uint8_t kPooledZeroPoints[] = {32, 96};

/// As range_before_silu, but with one of kPooledZeroPoints: the scale of least squared error of
/// silu(x).
Affine pooled_affine_before_silu(const Histogram& before, const QuantizeOptions& options);
/// The least range around 0 that holds the given one and whose u8 zero point is 128.
ValueRange symmetric_range(const ValueRange& range);

/// Signal to noise of `f(x)` rounded to 8 bits over the distribution, in dB, at most 200. `f` may
/// be null: x itself.
double quantisation_snr_db(const Histogram& seen, const Affine& affine,
                           const std::function<double(double)>& f);

}  // namespace tamis
