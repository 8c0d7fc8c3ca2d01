#include "stats/sequential.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/error.h"
#include "noise.h"
#include "stats/boundary.h"

namespace tamis {
namespace {

// Golden: scipy 1.17.1, 1 - multivariate_normal.cdf(z[:k]) with correlation sqrt(t_i / t_j): the
// crossing probabilities of z.
TEST(UpperBoundaries, spend_what_the_multivariate_normal_says) {
  const std::vector<double> z =
      upper_boundaries(std::vector<double>{0.25, 0.5, 0.75, 1},
                       std::vector<double>{0.0013498980316301035, 0.003560306440485994,
                                           0.008343163522272157, 0.02564552719412072});
  EXPECT_NEAR(z[0], 3.0, 1e-9);
  EXPECT_NEAR(z[1], 2.8, 1e-4);
  EXPECT_NEAR(z[2], 2.5, 1e-4);
  EXPECT_NEAR(z[3], 2.0, 1e-4);
}

TEST(UpperBoundaries, hold_for_large_errors_too) {
  const std::vector<double> z = upper_boundaries(
      std::vector<double>{0.1, 0.5, 1},
      std::vector<double>{0.006209665325776159, 0.1610530292782838, 0.4419432778472965});
  EXPECT_NEAR(z[1], 1.0, 1e-4);
  EXPECT_NEAR(z[2], 0.2, 1e-4);
}

TEST(UpperBoundaries, refuse_what_does_not_increase) {
  const std::vector<double> halves{0.5, 0.5};
  EXPECT_THROW(upper_boundaries(halves, std::vector<double>{0.01, 0.02}), Error);
  EXPECT_THROW(upper_boundaries(std::vector<double>{0.5, 1}, std::vector<double>{0.02, 0.02}),
               Error);
  EXPECT_THROW(upper_boundaries(std::vector<double>{0.5, 1}, std::vector<double>{0.02}), Error);
}

TEST(PairedStopping, looks_at_growing_numbers_of_rounds) {
  const PairedStopping stopping({.min_rounds = 10, .max_rounds = 200});
  EXPECT_EQ(stopping.looks(),
            (std::vector<std::size_t>{10, 14, 20, 27, 38, 54, 75, 105, 148, 200}));
  EXPECT_TRUE(stopping.is_look(54));
  EXPECT_FALSE(stopping.is_look(55));
  EXPECT_EQ(PairedStopping({.min_rounds = 10, .max_rounds = 10}).looks(),
            (std::vector<std::size_t>{10}));
  EXPECT_EQ(PairedStopping({.min_rounds = 10, .max_rounds = 11}).looks(),
            (std::vector<std::size_t>{10, 11}));
}

TEST(PairedStopping, stops_at_once_where_the_difference_is_plain) {
  Random random(1);
  const Pair pair = simulate({.visit_sd = 0.005}, 2.0, 10, random);
  const Decision decision = PairedStopping({}).look(pair.a, pair.b);
  EXPECT_TRUE(decision.stop);
  EXPECT_EQ(decision.reason, StopReason::resolved);
  EXPECT_EQ(verdict(decision.estimate), Verdict::slower);
}

TEST(PairedStopping, stops_where_the_interval_is_narrow_enough) {
  Random random(2);
  const Pair pair = simulate({.visit_sd = 0.001}, 1.0, 54, random);
  const Decision decision = PairedStopping({}).look(pair.a, pair.b);
  EXPECT_EQ(decision.reason, StopReason::narrow_enough);
}

TEST(PairedStopping, goes_on_until_the_budget_ends) {
  Random random(3);
  const Pair pair = simulate({}, 1.0, 40, random);
  const PairedStopping stopping({});
  EXPECT_FALSE(stopping.look(pair.a, pair.b).stop);
  EXPECT_FALSE(stopping.look(pair.a, pair.b).reason);
  const Decision last = stopping.finish(pair.a, pair.b);
  EXPECT_TRUE(last.stop);
  EXPECT_EQ(last.reason, StopReason::budget);
  EXPECT_EQ(to_text(*last.reason), "budget");
}

TEST(PairedStopping, never_stops_before_the_first_look_unless_told) {
  const std::vector<double> a(9, 2.0);
  const std::vector<double> b(9, 1.0);
  EXPECT_FALSE(PairedStopping({}).look(a, b).stop);
  EXPECT_TRUE(PairedStopping({}).finish(a, b).stop);
}

TEST(PairedStopping, reports_wider_intervals_than_a_fixed_number_of_rounds) {
  Random random(4);
  const Pair pair = simulate({}, 1.0, 54, random);
  const RatioEstimate fixed = paired_ratio(pair.a, pair.b, 0.95);
  const RatioEstimate looked = PairedStopping({}).look(pair.a, pair.b).estimate;
  EXPECT_LT(looked.low, fixed.low);
  EXPECT_GT(looked.high, fixed.high);
}

TEST(PairedStopping, refuses_a_plan_without_sense) {
  EXPECT_THROW(PairedStopping({.confidence = 1}), Error);
  EXPECT_THROW(PairedStopping({.min_rounds = 1}), Error);
  EXPECT_THROW(PairedStopping({.min_rounds = 20, .max_rounds = 10}), Error);
}

}  // namespace
}  // namespace tamis
