#include "quantize/ranges.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace tamis {

double silu(double x) { return x / (1.0 + std::exp(-x)); }

ValueRange observed_range(const Histogram& seen, const QuantizeOptions& options) {
  return options.method == RangeMethod::percentile ? seen.percentile(options.percentile)
                                                   : seen.extremes();
}

ValueRange range_after_silu(const Histogram& before, const QuantizeOptions& options) {
  const ValueRange x = observed_range(before, options);
  // Falls until the minimum, rises after it: the extremes lie at the ends or at the minimum.
  constexpr double kAt = -1.2784645427610738;
  ValueRange y{std::min(silu(x.low), silu(x.high)), std::max(silu(x.low), silu(x.high))};
  if (x.low <= kAt && kAt <= x.high) y.low = kSiluMinimum;
  return y;
}

namespace {

struct Bin {
  double x;
  double count;
  double after;
};

std::vector<Bin> silu_bins(const Histogram& before) {
  std::vector<Bin> bins;
  before.visit([&](double x, double count) { bins.push_back({x, count, silu(x)}); });
  return bins;
}

double error_after_silu(const std::vector<Bin>& bins, const Affine& affine) {
  double table[256];
  for (int q = 0; q < 256; ++q) table[q] = silu(affine.dequantise(static_cast<std::uint8_t>(q)));
  double error = 0;
  for (const Bin& bin : bins) {
    const double difference = table[affine.quantise(bin.x)] - bin.after;
    error += bin.count * difference * difference;
  }
  return error;
}

}  // namespace

ValueRange range_before_silu(const Histogram& before, const QuantizeOptions& options) {
  const ValueRange whole = observed_range(before, options);
  const std::vector<Bin> bins = silu_bins(before);
  ValueRange best = whole;
  double least = error_after_silu(bins, affine_from_range(whole));
  constexpr double kStep = 0.125;  // below -10 SiLU differs from 0 by less than 5e-4
  for (double low = -10; low < -0.25; low += kStep) {
    if (low <= whole.low) continue;
    const ValueRange candidate{low, std::max(whole.high, 0.0)};
    const double error = error_after_silu(bins, affine_from_range(candidate));
    if (error < least) {
      least = error;
      best = candidate;
    }
  }
  return best;
}

Affine pooled_affine_before_silu(const Histogram& before, const QuantizeOptions& options) {
  const ValueRange whole = observed_range(before, options);
  const std::vector<Bin> bins = silu_bins(before);
  Affine best;
  double least = std::numeric_limits<double>::infinity();
  for (const std::uint8_t zero_point : kPooledZeroPoints) {
    // From the scale that holds both ends down to a quarter of it.
    const double below = std::max(-whole.low, 0.0) / zero_point;
    const double above = std::max(whole.high, 0.0) / (255 - zero_point);
    const double widest = std::max(below, above);
    if (widest <= 0) return affine_from_range(whole);
    for (double part = 1; part > 0.25; part *= 0.985) {
      const Affine candidate{static_cast<float>(widest * part), zero_point};
      const double error = error_after_silu(bins, candidate);
      if (error < least) {
        least = error;
        best = candidate;
      }
    }
  }
  return best;
}

double quantisation_snr_db(const Histogram& seen, const Affine& affine,
                           const std::function<double(double)>& f) {
  double signal = 0;
  double noise = 0;
  seen.visit([&](double x, double count) {
    const double value = f ? f(x) : x;
    const double difference = affine.round_trip(value) - value;
    signal += count * value * value;
    noise += count * difference * difference;
  });
  if (noise <= signal * 1e-20) return 200;
  return 10 * std::log10(signal / noise);
}

}  // namespace tamis
