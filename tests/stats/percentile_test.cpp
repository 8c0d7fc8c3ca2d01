#include "stats/percentile.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "base/error.h"

namespace tamis {
namespace {

std::vector<double> ramp(std::size_t count) {
  std::vector<double> values(count);
  std::iota(values.begin(), values.end(), 1.0);
  return values;
}

// Golden: numpy 2.4.6, numpy.quantile([3,1,4,1,5,9,2,6], [.1,.5,.9]).
TEST(Quantile, equals_numpy) {
  const std::vector<double> x{3, 1, 4, 1, 5, 9, 2, 6};
  EXPECT_DOUBLE_EQ(quantile(x, 0.1), 1.0);
  EXPECT_DOUBLE_EQ(quantile(x, 0.5), 3.5);
  EXPECT_DOUBLE_EQ(quantile(x, 0.9), 6.9);
  EXPECT_DOUBLE_EQ(quantile(x, 0), 1);
  EXPECT_DOUBLE_EQ(quantile(x, 1), 9);
  EXPECT_DOUBLE_EQ(median(std::vector<double>{7}), 7);
}

TEST(Quantile, refuses_what_has_no_answer) {
  EXPECT_THROW(median({}), Error);
  EXPECT_THROW(median(std::vector<double>{1, std::nan("")}), Error);
  try {
    quantile(std::vector<double>{1, 2}, 1.5);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    EXPECT_STREQ(error.what(), "quantile: q must lie in [0, 1], got 1.500000");
  }
}

TEST(Percentile, needs_a_hundred_samples_for_p99) {
  EXPECT_FALSE(percentile_if_enough(ramp(99), 0.99));
  EXPECT_NEAR(*percentile_if_enough(ramp(100), 0.99), 99.01, 1e-9);
}

TEST(Percentile, needs_twenty_samples_for_p95_and_ten_for_p90) {
  EXPECT_FALSE(percentile_if_enough(ramp(19), 0.95));
  EXPECT_TRUE(percentile_if_enough(ramp(20), 0.95));
  EXPECT_FALSE(percentile_if_enough(ramp(9), 0.9));
  EXPECT_TRUE(percentile_if_enough(ramp(10), 0.9));
  EXPECT_FALSE(percentile_if_enough(ramp(19), 0.05));
  EXPECT_TRUE(percentile_if_enough(ramp(2), 0.5));
}

TEST(Spread, is_the_samples_standard_deviation) {
  EXPECT_DOUBLE_EQ(mean(std::vector<double>{1, 2, 3, 4, 1000}), 202);
  EXPECT_NEAR(*stddev(std::vector<double>{2, 4, 4, 4, 5, 5, 7, 9}), 2.13808993529939, 1e-12);
}

TEST(Spread, of_one_sample_is_absent) { EXPECT_FALSE(stddev(std::vector<double>{5})); }

}  // namespace
}  // namespace tamis
