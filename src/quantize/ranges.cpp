#include "quantize/ranges.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "quantize/entropy.h"

namespace tamis {

double silu(double x) { return x / (1.0 + std::exp(-x)); }

namespace {

/// A value, how often it was seen, and what becomes of it in the float model.
struct Bin {
  double x;
  double count;
  double after;
};

using Function = double (*)(double);
double itself(double x) { return x; }

std::vector<Bin> bins_of(const Histogram& seen, Function first, Function then) {
  std::vector<Bin> bins;
  seen.visit([&](double x, double count) {
    const double value = first(x);
    bins.push_back({value, count, then(value)});
  });
  return bins;
}

/// Sum of (then(x rounded to 8 bits) - then(x))^2.
double squared_error(const std::vector<Bin>& bins, const Affine& affine, Function then) {
  std::array<double, 256> table;
  for (int q = 0; q < 256; ++q)
    table[static_cast<std::size_t>(q)] = then(affine.dequantise(static_cast<std::uint8_t>(q)));
  const double per_unit = 1.0 / static_cast<double>(affine.scale);
  constexpr double kRound = 6755399441055744.0;  // 1.5 * 2^52: adding it rounds half to even
  double error = 0;
  for (const Bin& bin : bins) {
    const double q = (bin.x * per_unit + kRound) - kRound + affine.zero_point;
    const double difference =
        table[static_cast<std::size_t>(std::clamp(q, 0.0, 255.0))] - bin.after;
    error += bin.count * difference * difference;
  }
  return error;
}

/// Moves the ends of a range to where the squared error is least, one end at a time.
class Search {
 public:
  Search(std::vector<Bin> bins, Function then, const ValueRange& start)
      : bins_(std::move(bins)), then_(then), best_(start), least_(error(start)) {}

  void try_range(const ValueRange& candidate) {
    if (const double one = error(candidate); one < least_) least_ = one, best_ = candidate;
  }

  /// Down to a quarter of where it starts, then finely around the best.
  void move(double ValueRange::*end) {
    constexpr int kSteps = 48;
    const double start = best_.*end;
    for (int i = 1; i <= kSteps; ++i) set(end, start * (1 - 0.75 * i / kSteps));
    const double coarse = best_.*end;
    for (int i = -3; i <= 3; ++i) {
      const double fine = coarse + start * 0.75 * i / (4 * kSteps);
      if (std::abs(fine) < std::abs(start)) set(end, fine);
    }
  }

  const ValueRange& best() const { return best_; }
  double least() const { return least_; }

 private:
  double error(const ValueRange& range) const {
    return squared_error(bins_, affine_from_range(range), then_);
  }
  void set(double ValueRange::*end, double value) {
    ValueRange candidate = best_;
    candidate.*end = value;
    try_range(candidate);
  }

  std::vector<Bin> bins_;
  Function then_;
  ValueRange best_;
  double least_;
};

ValueRange least_error_range(std::vector<Bin> bins, const ValueRange& whole) {
  Search search(std::move(bins), itself, hull(whole, {0, 0}));
  const double at_first = search.least();
  for (int round = 0; round < 2; ++round) {
    search.move(&ValueRange::high);
    search.move(&ValueRange::low);
  }
  // Less is the luck of where the bins' middles fall.
  constexpr double kWorthIt = 0.99;
  return search.least() < kWorthIt * at_first ? search.best() : whole;
}

}  // namespace

ValueRange observed_range(const Histogram& seen, const QuantizeOptions& options) {
  switch (options.method) {
    case RangeMethod::percentile:
      return seen.percentile(options.percentile.value_or(kDefaultPercentile));
    case RangeMethod::moving_average:
      return seen.moving_average();
    case RangeMethod::entropy:
      return entropy_range(seen.distribution(), seen.extremes());
    case RangeMethod::mse:
      return least_error_range(bins_of(seen, itself, itself), seen.extremes());
    case RangeMethod::min_max:
      break;
  }
  return seen.extremes();
}

namespace {

ValueRange silu_range(const ValueRange& x) {
  // Falls until the minimum, rises after it: the extremes lie at the ends or at the minimum.
  constexpr double kAt = -1.2784645427610738;
  ValueRange y{std::min(silu(x.low), silu(x.high)), std::max(silu(x.low), silu(x.high))};
  if (x.low <= kAt && kAt <= x.high) y.low = kSiluMinimum;
  return y;
}

}  // namespace

ValueRange range_after_silu(const Histogram& before, const QuantizeOptions& options) {
  if (options.method != RangeMethod::mse) return silu_range(observed_range(before, options));
  return least_error_range(bins_of(before, silu, itself), silu_range(before.extremes()));
}

ValueRange range_before_silu(const Histogram& before, const QuantizeOptions& options) {
  const bool mse = options.method == RangeMethod::mse;
  const ValueRange whole = mse ? before.extremes() : observed_range(before, options);
  Search search(bins_of(before, itself, silu), silu, whole);
  constexpr double kStep = 0.125;  // below -10 SiLU differs from 0 by less than 5e-4
  for (int round = 0; round < (mse ? 2 : 1); ++round) {
    const double high = std::max(search.best().high, 0.0);
    for (double low = -10; low < -0.25; low += kStep) {
      if (low > whole.low) search.try_range({low, high});
    }
    if (mse) search.move(&ValueRange::high);
  }
  return search.best();
}

ValueRange symmetric_range(const ValueRange& range) {
  const double most = std::max({-range.low, range.high, 0.0});
  return {-most * 128 / 127, most};
}

Affine pooled_affine_before_silu(const Histogram& before, const QuantizeOptions& options) {
  const ValueRange whole =
      options.method == RangeMethod::mse ? before.extremes() : observed_range(before, options);
  const std::vector<Bin> bins = bins_of(before, itself, silu);
  Affine best;
  double least = std::numeric_limits<double>::infinity();
  for (const std::uint8_t zero_point : kPooledZeroPoints) {
    // From the scale that holds both ends to one that clips half of the high end: SiLU flattens the
    // low one, whose clipping costs little.
    const double below = std::max(-whole.low, 0.0) / zero_point;
    const double above = std::max(whole.high, 0.0) / (255 - zero_point);
    const double widest = std::max(below, above);
    if (widest <= 0) return affine_from_range(whole);
    const double narrowest = (above > 0 ? above : below) / 2;
    for (double scale = widest; scale >= narrowest; scale *= 0.985) {
      const Affine candidate{static_cast<float>(scale), zero_point};
      const double error = squared_error(bins, candidate, silu);
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
