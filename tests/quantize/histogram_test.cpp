#include "quantize/histogram.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "quantize/ranges.h"

namespace tamis {
namespace {

std::vector<float> normal_values(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> law;
  std::vector<float> values(count);
  for (float& v : values) v = law(random);
  return values;
}

QuantizeOptions min_max() {
  QuantizeOptions options;
  options.method = RangeMethod::min_max;
  return options;
}

TEST(Histogram, keeps_exact_extremes_of_all_elements_though_it_samples) {
  std::vector<float> values(1 << 18, 0.5F);
  values[77777] = 9.0F;
  values[99998] = -4.0F;
  Histogram histogram;
  histogram.add(values);
  EXPECT_EQ(histogram.extremes(), (ValueRange{-4, 9}));
}

TEST(Histogram, finds_the_percentiles_of_a_normal_distribution) {
  Histogram histogram;
  for (unsigned seed = 0; seed < 8; ++seed) histogram.add(normal_values(50000, seed));
  const ValueRange range = histogram.percentile(95);  // 2.5 % at each end: ± 1.95996
  EXPECT_NEAR(range.low, -1.96, 0.02);
  EXPECT_NEAR(range.high, 1.96, 0.02);
}

TEST(Histogram, grows_by_doubling_and_loses_no_count) {
  Histogram histogram;
  for (const float v : {0.1F, 1.0F, -3.0F, 250.0F, -1000.0F})
    histogram.add(std::vector<float>(10, v));
  double count = 0;
  histogram.visit([&](double, double n) { count += n; });
  EXPECT_EQ(count, 50);
  EXPECT_EQ(histogram.extremes(), (ValueRange{-1000, 250}));
}

TEST(Histogram, counts_and_leaves_out_what_is_not_finite) {
  Histogram histogram;
  histogram.add(std::vector<float>{1, std::numeric_limits<float>::infinity(), -2, std::nanf("")});
  EXPECT_EQ(histogram.not_finite(), 2U);
  EXPECT_EQ(histogram.extremes(), (ValueRange{-2, 1}));
}

TEST(Histogram, holds_a_constant) {
  Histogram histogram;
  histogram.add(std::vector<float>(100, 7.0F));
  EXPECT_EQ(histogram.extremes(), (ValueRange{7, 7}));
  EXPECT_EQ(histogram.percentile(99), (ValueRange{7, 7}));
}

TEST(RangeAfterSilu, has_the_minimum_of_silu_as_its_low_end) {
  Histogram histogram;
  histogram.add(std::vector<float>{-8, -1.3F, 0, 4});
  const ValueRange range = range_after_silu(histogram, min_max());
  EXPECT_NEAR(range.low, kSiluMinimum, 1e-12);
  EXPECT_NEAR(range.high, silu(4), 1e-12);
}

TEST(RangeBeforeSilu, clips_the_flat_low_end) {
  Histogram histogram;
  std::vector<float> values = normal_values(60000, 1);
  for (float& v : values) v = v * 4 - 3;
  histogram.add(values);
  const ValueRange range = range_before_silu(histogram, min_max());
  EXPECT_GT(range.low, histogram.extremes().low + 4);
  EXPECT_LT(range.low, -2);
  EXPECT_EQ(range.high, histogram.extremes().high);
}

TEST(RangeBeforeSilu, leaves_a_range_of_large_positive_values_alone) {
  Histogram histogram;
  histogram.add(std::vector<float>{1, 2, 3, 4});
  EXPECT_EQ(range_before_silu(histogram, min_max()), (ValueRange{1, 4}));
}

TEST(QuantisationSnr, is_low_where_an_outlier_takes_the_whole_range) {
  Histogram histogram;
  histogram.add(normal_values(60000, 3));
  EXPECT_GT(quantisation_snr_db(histogram, affine_from_range(histogram.extremes()), nullptr), 35);
  EXPECT_LT(quantisation_snr_db(histogram, affine_from_range({-2000, 2000}), nullptr), 3);
}

}  // namespace
}  // namespace tamis
