#include "fit/gaussians.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/units.h"

namespace tamis {
namespace {

constexpr std::size_t kKept =
    8;  // samples that are added at once: the sums are read that less often
constexpr double kMostBytes = 8e9;

std::size_t triangle(std::size_t n) { return n * (n + 1) / 2; }

}  // namespace

PositionGaussians::PositionGaussians(std::size_t positions, std::size_t features)
    : positions_(positions), features_(features) {
  const double bytes =
      8.0 * static_cast<double>(positions) * static_cast<double>(triangle(features));
  if (bytes > kMostBytes)
    throw Error(ErrorCode::invalid_argument, "fit anomaly: " + std::to_string(features) +
                                                 " features at " + std::to_string(positions) +
                                                 " positions take " +
                                                 bytes_text(static_cast<std::uint64_t>(bytes)) +
                                                 "; give fewer --features or deeper --layers");
  sum_.resize(positions * features);
  outer_.resize(positions * triangle(features));
}

void PositionGaussians::add(std::span<const float> sample) {
  if (sample.size() != positions_ * features_)
    throw Error(ErrorCode::invalid_argument, "fit anomaly: a sample of another size");
  if (samples_ == 0) {
    first_.resize(sample.size());
    buffer_.resize(kKept * sample.size());
  }
  float* to = buffer_.data() + kept_ * sample.size();
  for (std::size_t f = 0; f < features_; ++f)
    for (std::size_t p = 0; p < positions_; ++p) {
      const std::size_t at = p * features_ + f;
      if (samples_ == 0) first_[at] = sample[f * positions_ + p];
      to[at] = sample[f * positions_ + p] - first_[at];
    }
  ++samples_;
  if (++kept_ == kKept) add_kept();
}

void PositionGaussians::add_kept() {
  const std::size_t n = features_, stride = positions_ * n;
  std::vector<double> x(n);
  for (std::size_t p = 0; p < positions_; ++p) {
    double* outer = outer_.data() + p * triangle(n);
    double* sum = sum_.data() + p * n;
    for (std::size_t k = 0; k < kept_; ++k) {
      const float* from = buffer_.data() + k * stride + p * n;
      for (std::size_t i = 0; i < n; ++i) {
        x[i] = from[i];
        sum[i] += x[i];
      }
      double* row = outer;
      for (std::size_t i = 0; i < n; row += ++i)
        for (std::size_t j = 0; j <= i; ++j) row[j] += x[i] * x[j];
    }
  }
  kept_ = 0;
}

std::vector<float> PositionGaussians::mean() {
  add_kept();
  std::vector<float> out(positions_ * features_);
  for (std::size_t p = 0; p < positions_; ++p)
    for (std::size_t f = 0; f < features_; ++f) {
      const std::size_t at = p * features_ + f;
      out[f * positions_ + p] =
          static_cast<float>(first_[at] + sum_[at] / static_cast<double>(samples_));
    }
  return out;
}

std::vector<float> PositionGaussians::whitening(double regularisation) {
  if (samples_ < 2)
    throw Error(ErrorCode::invalid_argument, "fit anomaly: a covariance needs two images");
  add_kept();
  const std::size_t n = features_;
  const auto count = static_cast<double>(samples_);
  std::vector<float> out(positions_ * n * n);
  std::vector<double> matrix(n * n);
  for (std::size_t p = 0; p < positions_; ++p) {
    const double* outer = outer_.data() + p * triangle(n);
    const double* sum = sum_.data() + p * n;
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j <= i; ++j)
        matrix[i * n + j] = (outer[triangle(i) + j] - sum[i] * sum[j] / count) / (count - 1) +
                            (i == j ? regularisation : 0);
    if (!invert_cholesky(matrix, n))
      throw Error(ErrorCode::backend_failed,
                  "fit anomaly: the features of a position are not finite; check the card's scale, "
                  "mean and std");
    float* to = out.data() + p * n * n;
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j <= i; ++j) to[j * n + i] = static_cast<float>(matrix[i * n + j]);
  }
  return out;
}

bool invert_cholesky(std::span<double> a, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      double v = a[i * n + j];
      for (std::size_t k = 0; k < j; ++k) v -= a[i * n + k] * a[j * n + k];
      if (i == j && !(v > 0 && std::isfinite(v))) return false;
      a[i * n + j] = i == j ? std::sqrt(v) : v / a[j * n + j];
    }
  }
  for (std::size_t i = 0; i < n; ++i) {  // rows below i still hold the factor
    const double diagonal = 1 / a[i * n + i];
    for (std::size_t j = 0; j < i; ++j) {
      double v = 0;
      for (std::size_t k = j; k < i; ++k) v += a[i * n + k] * a[k * n + j];
      a[i * n + j] = -v * diagonal;
    }
    a[i * n + i] = diagonal;
  }
  return true;
}

}  // namespace tamis
