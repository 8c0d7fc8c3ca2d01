#include "stats/paired.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/error.h"
#include "noise.h"
#include "stats/robust.h"

namespace tamis {
namespace {

TEST(PairedRatio, of_noiseless_variants_is_exact) {
  const RatioEstimate estimate =
      paired_ratio(std::vector<double>(10, 2e6), std::vector<double>(10, 4e6), 0.95);
  EXPECT_DOUBLE_EQ(estimate.ratio, 0.5);
  EXPECT_DOUBLE_EQ(estimate.low, 0.5);
  EXPECT_DOUBLE_EQ(estimate.high, 0.5);
  EXPECT_EQ(estimate.rounds, 10U);
  EXPECT_EQ(verdict(estimate), Verdict::faster);
}

TEST(PairedRatio, swaps_to_its_reciprocal) {
  Random random(1);
  const Pair pair = simulate(this_machine(), 1.05, 50, random);
  const RatioEstimate forth = paired_ratio(pair.a, pair.b, 0.95);
  const RatioEstimate back = paired_ratio(pair.b, pair.a, 0.95);
  EXPECT_NEAR(forth.ratio * back.ratio, 1, 1e-9);
  EXPECT_NEAR(forth.low * back.high, 1, 1e-9);
}

TEST(PairedRatio, of_one_round_knows_nothing) {
  const RatioEstimate estimate = paired_ratio(std::vector<double>{1}, std::vector<double>{9}, 0.95);
  EXPECT_EQ(estimate.low, 0);
  EXPECT_TRUE(std::isinf(estimate.high));
  EXPECT_EQ(verdict(estimate), Verdict::not_distinguishable);
}

TEST(PairedRatio, is_not_moved_by_spikes_of_one_side) {
  Random random(2);
  Pair pair = simulate({}, 1.0, 200, random);
  const double calm = paired_ratio(pair.a, pair.b, 0.95).ratio;
  for (std::size_t i = 0; i < 20; ++i) pair.a[i * 10] *= 3;
  EXPECT_NEAR(paired_ratio(pair.a, pair.b, 0.95).ratio, calm, 0.003);
}

TEST(PairedRatio, stands_more_than_half_of_the_rounds_being_equal) {
  std::vector<double> a(20, 1000);
  const std::vector<double> b(20, 1000);
  for (std::size_t i = 0; i < 5; ++i) a[i * 4] = 1001;
  const RatioEstimate estimate = paired_ratio(a, b, 0.95);
  EXPECT_GT(estimate.ratio, 1);
  EXPECT_LT(estimate.ratio, 1.001);
  EXPECT_GT(estimate.high, estimate.low);
}

TEST(PairedRatio, stands_two_far_clusters) {
  std::vector<double> a;
  for (int i = 0; i < 40; ++i) a.push_back(i % 2 == 0 ? 1000 + i : 5000 + i);
  const RatioEstimate estimate = paired_ratio(a, std::vector<double>(40, 1000), 0.95);
  EXPECT_TRUE(std::isfinite(estimate.low));
  EXPECT_LT(estimate.low, estimate.ratio);
}

TEST(PairedRatio, refuses_what_are_no_pairs_of_times) {
  const std::vector<double> two{1, 2};
  EXPECT_THROW(paired_ratio(two, std::vector<double>{1}, 0.95), Error);
  EXPECT_THROW(paired_ratio({}, {}, 0.95), Error);
  EXPECT_THROW(paired_ratio(two, std::vector<double>{1, 0}, 0.95), Error);
  EXPECT_THROW(paired_ratio(two, two, 1), Error);
  try {
    paired_ratio(two, std::vector<double>{1, 2, 3}, 0.95);
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "paired ratio: needs equally many samples of both, got 2 and 3");
  }
}

TEST(Verdict, has_the_names_of_the_json) {
  EXPECT_EQ(to_text(verdict({0.9, 0.8, 0.99, 10})), "faster");
  EXPECT_EQ(to_text(verdict({1.1, 1.01, 1.2, 10})), "slower");
  EXPECT_EQ(to_text(verdict({1.1, 1.0, 1.2, 10})), "not_distinguishable");
}

TEST(LongRunVariance, of_independent_values_is_their_variance) {
  Random random(3);
  std::vector<double> values;
  for (int i = 0; i < 20000; ++i) values.push_back(2 * random.normal());
  EXPECT_NEAR(long_run_variance(values), 4, 0.7);
}

TEST(LongRunVariance, of_an_autoregression_counts_the_neighbours) {
  Random random(4);
  Autoregression sequence(0.5);
  std::vector<double> values;
  for (int i = 0; i < 20000; ++i) values.push_back(sequence.next(random));
  EXPECT_NEAR(long_run_variance(values), 3, 0.6);  // (1 + .5) / (1 - .5)
}

TEST(SmallestResolvableRatio, is_resolved_as_often_as_promised) {
  Random seed(5);
  const Pair same = simulate(this_machine(), 1.0, 200, seed);
  std::vector<double> samples;
  for (std::size_t i = 0; i < same.a.size(); ++i) {
    samples.push_back(same.a[i]);
    samples.push_back(same.b[i]);
  }
  const double smallest = smallest_resolvable_ratio(samples, 0.1, 10, 0.95, 0.9);
  EXPECT_GT(smallest, 1.005);
  EXPECT_LT(smallest, 1.03);
  int resolved = 0;
  for (std::size_t run = 0; run < 1000; ++run) {
    Random random(6, run);
    const Pair pair = simulate(this_machine(), smallest, 100, random);
    resolved += verdict(paired_ratio(pair.a, pair.b, 0.95)) == Verdict::slower;
  }
  EXPECT_GE(resolved, 850);
  EXPECT_LE(resolved, 970);
}

TEST(SmallestResolvableRatio, shrinks_with_the_budget_and_refuses_too_little) {
  Random random(7);
  const Pair pair = simulate({}, 1.0, 100, random);
  EXPECT_LT(smallest_resolvable_ratio(pair.a, 0.1, 60, 0.95, 0.9),
            smallest_resolvable_ratio(pair.a, 0.1, 10, 0.95, 0.9));
  EXPECT_THROW(smallest_resolvable_ratio(pair.a, 6, 10, 0.95, 0.9), Error);
  EXPECT_THROW(smallest_resolvable_ratio(std::span(pair.a).first(7), 0.1, 10, 0.95, 0.9), Error);
}

}  // namespace
}  // namespace tamis
