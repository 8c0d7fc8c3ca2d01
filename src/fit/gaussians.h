#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace tamis {

/// A Gaussian per position, from samples that come one at a time: memory does not depend on their
/// number (8 bytes × positions × features² / 2). Sums are kept in double around the first sample,
/// so that nothing cancels. Not thread safe.
class PositionGaussians {
 public:
  /// Throws invalid_argument where the sums would take more than 8 GB, naming --features.
  PositionGaussians(std::size_t positions, std::size_t features);

  /// One sample [features][positions], as a runtime gives [1,F,H,W].
  void add(std::span<const float> sample);
  std::size_t samples() const { return samples_; }

  /// Ends the sampling. [features][positions].
  std::vector<float> mean();

  /// Per position p the matrix M, [positions][features][features], with x M = L⁻¹ x for a row x,
  /// where L Lᵀ = S + regularisation · I and S is the unbiased covariance: |x M|² is the squared
  /// Mahalanobis distance of x from the mean. Needs two samples (else invalid_argument); throws
  /// backend_failed where a feature is not finite.
  std::vector<float> whitening(double regularisation);

 private:
  void add_kept();

  std::size_t positions_, features_, samples_ = 0, kept_ = 0;
  std::vector<float> first_;   // [positions][features]
  std::vector<float> buffer_;  // [kept][positions][features], less the first
  std::vector<double> sum_;    // [positions][features]
  std::vector<double> outer_;  // [positions][lower triangle]
};

/// In place: the lower triangle of a symmetric positive definite matrix [n][n] becomes the inverse
/// of its Cholesky factor. False where it is not positive definite.
bool invert_cholesky(std::span<double> matrix, std::size_t n);

}  // namespace tamis
