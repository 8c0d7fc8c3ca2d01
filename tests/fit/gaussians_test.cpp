#include "fit/gaussians.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <random>

#include "base/error.h"

namespace tamis {
namespace {

/// Six samples of three features at two positions, [features][positions].
std::vector<float> sample(int i) {
  std::vector<float> x;
  for (int f = 0; f < 3; ++f)
    for (int p = 0; p < 2; ++p)
      x.push_back(static_cast<float>((7 * i + 3 * f + 5 * p + i * f * (p + 1)) % 11));
  return x;
}

double squared_distance(const std::vector<float>& mean, const std::vector<float>& white,
                        std::size_t p, const std::array<double, 3>& at) {
  double all = 0;
  for (std::size_t j = 0; j < 3; ++j) {
    double z = 0;
    for (std::size_t i = 0; i < 3; ++i) z += (at[i] - mean[i * 2 + p]) * white[p * 9 + i * 3 + j];
    all += z * z;
  }
  return all;
}

// NumPy 2.4.6: x.mean(0); q @ inv(cov(x[:, :, p].T) + 0.01 I) @ q with q = (1, 2, 3) - mean.
TEST(PositionGaussians, give_the_mahalanobis_distances_of_numpy) {
  PositionGaussians gaussians(2, 3);
  for (int i = 0; i < 6; ++i) gaussians.add(sample(i));
  EXPECT_EQ(gaussians.samples(), 6u);
  const std::vector<float> mean = gaussians.mean(), white = gaussians.whitening(0.01);
  EXPECT_FLOAT_EQ(mean[0], 4.6666667f);
  EXPECT_FLOAT_EQ(mean[1], 4.1666667f);
  EXPECT_FLOAT_EQ(mean[5], 0);
  EXPECT_NEAR(squared_distance(mean, white, 0, {1, 2, 3}), 4.950913628885459, 1e-5);
  EXPECT_NEAR(squared_distance(mean, white, 1, {1, 2, 3}), 901.1142337096242, 1e-3);
}

TEST(PositionGaussians, do_not_cancel_far_from_zero) {
  PositionGaussians near(1, 2), far(1, 2);
  std::mt19937 random(3);
  for (int i = 0; i < 100; ++i) {
    const auto a = static_cast<float>(random() % 64), b = static_cast<float>(random() % 64);
    near.add(std::vector<float>{a, b});
    far.add(std::vector<float>{a + 1048576, b + 1048576});
  }
  EXPECT_EQ(near.whitening(0.01), far.whitening(0.01));
}

TEST(PositionGaussians, stay_finite_where_a_feature_never_moves) {
  PositionGaussians gaussians(1, 2);
  for (int i = 0; i < 3; ++i) gaussians.add(std::vector<float>{5, static_cast<float>(i)});
  EXPECT_FLOAT_EQ(gaussians.whitening(0.01)[0], 10);  // 1 / sqrt(0.01)
}

TEST(PositionGaussians, refuse_what_gives_no_covariance) {
  PositionGaussians gaussians(1, 2);
  gaussians.add(std::vector<float>{1, 2});
  EXPECT_THROW(gaussians.whitening(0.01), Error);
  EXPECT_THROW(gaussians.add(std::vector<float>{1}), Error);
  gaussians.add(std::vector<float>{NAN, 2});
  EXPECT_THROW(gaussians.whitening(0.01), Error);
  EXPECT_THROW(PositionGaussians(100000, 1000), Error);
}

TEST(InvertCholesky, gives_the_inverse_factor) {
  std::vector<double> a{4, 0, 0, 2, 5, 0, 6, 3, 14};
  const std::vector<double> full{4, 2, 6, 2, 5, 3, 6, 3, 14};
  ASSERT_TRUE(invert_cholesky(a, 3));
  for (std::size_t i = 0; i < 3; ++i)  // L⁻¹ A L⁻ᵀ = I
    for (std::size_t j = 0; j < 3; ++j) {
      double v = 0;
      for (std::size_t k = 0; k <= i; ++k)
        for (std::size_t l = 0; l <= j; ++l) v += a[i * 3 + k] * full[k * 3 + l] * a[j * 3 + l];
      EXPECT_NEAR(v, i == j ? 1 : 0, 1e-12);
    }
  std::vector<double> indefinite{1, 0, 2, 1};
  EXPECT_FALSE(invert_cholesky(indefinite, 2));
}

}  // namespace
}  // namespace tamis
