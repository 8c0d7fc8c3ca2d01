#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

#include "base/error.h"
#include "stats/interval.h"

namespace tamis {
namespace {

void require_probability(double p, const char* operation) {
  if (!(p > 0 && p < 1)) {
    throw Error(ErrorCode::invalid_argument,
                std::string(operation) + ": must lie between 0 and 1, got " + std::to_string(p));
  }
}

// Acklam's rational approximation for p <= 0.5, good to 1e-9 relative.
double normal_quantile_start(double p) {
  constexpr std::array a{-3.969683028665376e+01, 2.209460984245205e+02,  -2.759285104469687e+02,
                         1.383577518672690e+02,  -3.066479806614716e+01, 2.506628277459239e+00};
  constexpr std::array b{-5.447609879822406e+01, 1.615858368580409e+02,  -1.556989798598866e+02,
                         6.680131188771972e+01,  -1.328068155288572e+01, 1.0};
  constexpr std::array c{-7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838e+00,
                         -2.549732539343734e+00, 4.374664141464968e+00,  2.938163982698783e+00};
  constexpr std::array d{7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00,
                         3.754408661907416e+00, 1.0};
  const auto polynomial = [](const auto& k, double x) {
    double y = 0;
    for (double coefficient : k) y = y * x + coefficient;
    return y;
  };
  if (p < 0.02425) {
    const double q = std::sqrt(-2 * std::log(p));
    return polynomial(c, q) / polynomial(d, q);
  }
  const double q = p - 0.5;
  return q * polynomial(a, q * q) / polynomial(b, q * q);
}

// Continued fraction of the incomplete beta function by Lentz's method (Numerical Recipes, 6.4).
double beta_fraction(double a, double b, double x) {
  constexpr double kTiny = 1e-300;
  const auto away_from_zero = [](double v) { return std::abs(v) < kTiny ? kTiny : v; };
  double c = 1;
  double d = 1 / away_from_zero(1 - (a + b) * x / (a + 1));
  double h = d;
  for (int m = 1; m <= 10000; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away_from_zero(1 + even * d);
    c = away_from_zero(1 + even / c);
    h *= d * c;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away_from_zero(1 + odd * d);
    c = away_from_zero(1 + odd / c);
    h *= d * c;
    if (std::abs(d * c - 1) < 1e-15) break;
  }
  return h;
}

double incomplete_beta(double a, double b, double x) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const double front = std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) +
                                a * std::log(x) + b * std::log1p(-x));
  if (x < (a + 1) / (a + b + 2)) return front * beta_fraction(a, b, x) / a;
  return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

}  // namespace

double normal_cdf(double z) { return 0.5 * std::erfc(-z / std::numbers::sqrt2); }

double normal_quantile(double p) {
  require_probability(p, "normal quantile");
  if (p > 0.5) return -normal_quantile(1 - p);
  double z = normal_quantile_start(p);
  for (int step = 0; step < 2; ++step) {
    const double density = std::exp(-z * z / 2) / std::sqrt(2 * std::numbers::pi);
    const double newton = (normal_cdf(z) - p) / density;
    z -= newton / (1 + z * newton / 2);
  }
  return z;
}

double student_cdf(double t, double freedom) {
  if (!(freedom > 0)) {
    throw Error(ErrorCode::invalid_argument, "student: degrees of freedom must be positive");
  }
  const double tail = 0.5 * incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t * t));
  return t > 0 ? 1 - tail : tail;
}

double student_quantile(double p, double freedom) {
  require_probability(p, "student quantile");
  if (p == 0.5) return 0;
  if (p > 0.5) return -student_quantile(1 - p, freedom);
  double low = -1;
  while (student_cdf(low, freedom) > p) low *= 2;
  double high = 0;
  while (high - low > 1e-14 * std::abs(low)) {
    const double middle = (low + high) / 2;
    if (middle == low || middle == high) break;
    (student_cdf(middle, freedom) < p ? low : high) = middle;
  }
  return (low + high) / 2;
}

double binomial_cdf(std::size_t successes, std::size_t trials, double p) {
  if (!(p >= 0 && p <= 1)) {
    throw Error(ErrorCode::invalid_argument, "binomial: the probability must lie in [0, 1]");
  }
  if (successes >= trials) return 1;
  const auto k = static_cast<double>(successes);
  return incomplete_beta(static_cast<double>(trials) - k, k + 1, 1 - p);
}

}  // namespace tamis
