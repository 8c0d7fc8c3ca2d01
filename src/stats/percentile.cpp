#include "stats/percentile.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/error.h"

namespace tamis {
namespace {

void require_numbers(std::span<const double> samples, const char* operation) {
  if (samples.empty()) {
    throw Error(ErrorCode::invalid_argument, std::string(operation) + ": no samples");
  }
  if (std::any_of(samples.begin(), samples.end(), [](double x) { return std::isnan(x); })) {
    throw Error(ErrorCode::invalid_argument, std::string(operation) + ": a sample is not a number");
  }
}

}  // namespace

double quantile(std::span<const double> samples, double q) {
  require_numbers(samples, "quantile");
  if (!(q >= 0 && q <= 1)) {
    throw Error(ErrorCode::invalid_argument,
                "quantile: q must lie in [0, 1], got " + std::to_string(q));
  }
  std::vector<double> sorted(samples.begin(), samples.end());
  const double position = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::ptrdiff_t>(position);
  std::nth_element(sorted.begin(), sorted.begin() + below, sorted.end());
  const double low = sorted[static_cast<std::size_t>(below)];
  const double part = position - static_cast<double>(below);
  if (part == 0) return low;
  return low + part * (*std::min_element(sorted.begin() + below + 1, sorted.end()) - low);
}

double median(std::span<const double> samples) { return quantile(samples, 0.5); }

double mean(std::span<const double> samples) {
  require_numbers(samples, "mean");
  double sum = 0;
  for (double x : samples) sum += x;
  return sum / static_cast<double>(samples.size());
}

std::optional<double> percentile_if_enough(std::span<const double> samples, double q) {
  require_numbers(samples, "percentile");
  const double expected_beyond = static_cast<double>(samples.size()) * std::min(q, 1 - q);
  if (expected_beyond < 1 - 1e-9) return std::nullopt;
  return quantile(samples, q);
}

std::optional<double> stddev(std::span<const double> samples) {
  const double centre = mean(samples);
  if (samples.size() < 2) return std::nullopt;
  double sum = 0;
  for (double x : samples) sum += (x - centre) * (x - centre);
  return std::sqrt(sum / static_cast<double>(samples.size() - 1));
}

}  // namespace tamis
