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

TEST(PairedStopping, looks_at_growing_numbers_of_instances) {
  const PairedStopping stopping({.min_instances = 3, .max_instances = 30});
  EXPECT_EQ(stopping.looks(), (std::vector<std::size_t>{3, 4, 6, 8, 12, 16, 23, 30}));
  EXPECT_TRUE(stopping.is_look(12));
  EXPECT_FALSE(stopping.is_look(13));
  EXPECT_EQ(PairedStopping({.min_instances = 5, .max_instances = 5}).looks(),
            (std::vector<std::size_t>{5}));
  EXPECT_EQ(PairedStopping({.min_instances = 5, .max_instances = 6}).looks(),
            (std::vector<std::size_t>{5, 6}));
}

TEST(PairedStopping, stops_at_once_where_the_difference_is_plain) {
  Random random(1);
  const PairedSamples pair = simulate({.visit_sd = 0.005}, 2.0, 3, 5, random);
  const Decision decision = PairedStopping({}).look(pair);
  EXPECT_TRUE(decision.stop);
  EXPECT_EQ(decision.reason, StopReason::resolved);
  EXPECT_EQ(verdict(decision.estimate), Verdict::slower);
}

TEST(PairedStopping, stops_where_the_interval_is_narrow_enough) {
  Random random(2);
  const PairedSamples pair = simulate({.visit_sd = 0.001}, 1.0, 8, 5, random);
  const Decision decision = PairedStopping({}).look(pair);
  EXPECT_EQ(decision.reason, StopReason::narrow_enough);
}

TEST(PairedStopping, goes_on_until_the_budget_ends) {
  Random random(3);
  const PairedSamples pair = simulate({}, 1.0, 8, 5, random);
  const PairedStopping stopping({});
  EXPECT_FALSE(stopping.look(pair).stop);
  EXPECT_FALSE(stopping.look(pair).reason);
  const Decision last = stopping.finish(pair);
  EXPECT_TRUE(last.stop);
  EXPECT_EQ(last.reason, StopReason::budget);
}

TEST(PairedStopping, never_stops_before_the_first_look_unless_told) {
  Random random(3);
  const PairedSamples pair = simulate({.visit_sd = 0.001}, 2.0, 2, 50, random);
  EXPECT_FALSE(PairedStopping({}).look(pair).stop);
  EXPECT_TRUE(PairedStopping({}).finish(pair).stop);
  EXPECT_FALSE(PairedStopping({}).finish(pair).estimate.has_interval());
}

TEST(PairedStopping, gives_the_last_look_the_error_that_later_ones_would_have_had) {
  Random random(4);
  const PairedSamples pair = simulate({}, 1.0, 6, 5, random);
  const double at_a_look = PairedStopping({}).look(pair).estimate.high;
  const double at_the_end = PairedStopping({}).finish(pair).estimate.high;
  const double of_one_look = paired_ratio(pair, 0.95).high;
  EXPECT_LT(at_the_end, at_a_look);
  EXPECT_GT(at_the_end, of_one_look);
}

TEST(PairedStopping, refuses_a_plan_without_sense) {
  EXPECT_THROW(PairedStopping({.confidence = 1}), Error);
  EXPECT_THROW(PairedStopping({.min_instances = 2}), Error);
  EXPECT_THROW(PairedStopping({.min_instances = 20, .max_instances = 10}), Error);
}

}  // namespace
}  // namespace tamis
