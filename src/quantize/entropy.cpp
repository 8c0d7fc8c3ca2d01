#include "quantize/entropy.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

namespace tamis {

namespace {

/// Neighbouring widths differ by a thousandth of the range, which no figure shows; every fourth is
/// enough.
constexpr std::size_t kStep = 4;

/// Puts a little onto empty entries and takes it off the others; false when all are empty. Source:
/// Han, Kamber, Pei: Data Mining; the constant is onnxruntime's.
bool smooth(std::vector<double>& p) {
  constexpr double kEpsilon = 1e-4;
  const auto zeros = static_cast<double>(std::count(p.begin(), p.end(), 0.0));
  const double others = static_cast<double>(p.size()) - zeros;
  if (others == 0) return false;
  const double less = kEpsilon * zeros / others;
  for (double& v : p) v = v == 0 ? kEpsilon : v - less;
  return true;
}

double divergence(const std::vector<double>& p, const std::vector<double>& q) {
  const double whole_p = std::accumulate(p.begin(), p.end(), 0.0);
  const double whole_q = std::accumulate(q.begin(), q.end(), 0.0);
  const double ratio = whole_q / whole_p;
  double sum = 0;
  for (std::size_t i = 0; i < p.size(); ++i) {
    if (p[i] > 0) sum += p[i] * std::log(p[i] / q[i] * ratio);
  }
  return sum / whole_p;
}

/// The slice with each of `levels` runs of bins replaced by its mean over the bins that hold
/// anything, in whole counts; bins that do not fill a run stay empty.
std::vector<double> rounded(std::span<const double> slice, const std::vector<double>& clipped,
                            std::size_t levels) {
  std::vector<double> q(slice.size(), 0.0);
  const std::size_t run = slice.size() / levels;
  for (std::size_t level = 0; level < levels; ++level) {
    const std::size_t first = level * run;
    double sum = 0;
    double held = 0;
    const std::size_t end = level + 1 == levels ? slice.size() : first + run;
    for (std::size_t i = first; i < end; ++i) sum += slice[i];
    for (std::size_t i = first; i < first + run; ++i) held += clipped[i] != 0 ? 1 : 0;
    if (held == 0) continue;
    std::fill_n(q.begin() + static_cast<std::ptrdiff_t>(first), run, std::floor(sum / held));
  }
  return q;
}

double loss(std::span<const double> counts, std::size_t first, std::size_t end,
            std::size_t levels) {
  const std::span<const double> slice = counts.subspan(first, end - first);
  std::vector<double> p(slice.begin(), slice.end());
  for (std::size_t i = 0; i < first; ++i) p.front() += counts[i];
  for (std::size_t i = end; i < counts.size(); ++i) p.back() += counts[i];
  std::vector<double> q = rounded(slice, p, levels);
  if (!smooth(p) || !smooth(q)) return std::numeric_limits<double>::infinity();
  return divergence(p, q);
}

}  // namespace

std::size_t entropy_half_width(std::span<const double> counts, std::size_t levels,
                               std::size_t step) {
  assert(counts.size() % 2 == 0 && counts.size() >= levels && step > 0);
  const std::size_t middle = counts.size() / 2;
  std::size_t best = middle;
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t half = levels / 2; half <= middle; half += step) {
    const double one =
        loss(counts, middle - half, std::min(middle + half + 1, counts.size()), levels);
    if (one < least) least = one, best = half;
  }
  return best;
}

ValueRange entropy_range(const std::vector<WeightedValue>& distribution,
                         const ValueRange& extremes) {
  const double most = std::max(std::abs(extremes.low), std::abs(extremes.high));
  if (!(most > 0)) return extremes;
  std::vector<double> counts(kEntropyBins, 0.0);
  const double width = 2 * most / kEntropyBins;
  for (const WeightedValue& one : distribution) {
    const auto bin = static_cast<std::ptrdiff_t>((one.value + most) / width);
    counts[static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(bin, 0, kEntropyBins - 1))] +=
        one.count;
  }
  const double half =
      static_cast<double>(entropy_half_width(counts, kEntropyLevels, kStep)) * width;
  return {std::max(extremes.low, -half), std::min(extremes.high, half + width)};
}

}  // namespace tamis
