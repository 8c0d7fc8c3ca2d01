#include "stats/paired.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/error.h"
#include "noise.h"
#include "stats/random_effects.h"

namespace tamis {
namespace {

PairedSamples constant(double a, double b, std::size_t instances, std::size_t rounds) {
  PairedSamples samples;
  for (std::size_t i = 0; i < instances * rounds; ++i) {
    samples.a.push_back(a);
    samples.b.push_back(b);
    samples.instance.push_back(i / rounds);
  }
  return samples;
}

TEST(PairedRatio, of_noiseless_variants_is_exact) {
  const RatioEstimate estimate = paired_ratio(constant(2e6, 4e6, 3, 4), 0.95);
  EXPECT_DOUBLE_EQ(estimate.ratio, 0.5);
  EXPECT_DOUBLE_EQ(estimate.low, 0.5);
  EXPECT_DOUBLE_EQ(estimate.high, 0.5);
  EXPECT_EQ(estimate.rounds, 12U);
  EXPECT_EQ(estimate.instances, 3U);
  EXPECT_EQ(estimate.between_sd, 0);
  EXPECT_EQ(verdict(estimate), Verdict::faster);
}

TEST(PairedRatio, swaps_to_its_reciprocal) {
  Random random(1);
  const PairedSamples pair = simulate(this_machine(), 1.05, 10, 5, random);
  const RatioEstimate forth = paired_ratio(pair, 0.95);
  const RatioEstimate back = paired_ratio({pair.b, pair.a, pair.instance}, 0.95);
  EXPECT_NEAR(forth.ratio * back.ratio, 1, 1e-9);
  EXPECT_NEAR(forth.low * back.high, 1, 1e-9);
  EXPECT_NEAR(forth.inverse().low, back.low, 1e-9);
  EXPECT_EQ(forth.inverse().instances, 10U);
}

TEST(PairedRatio, has_no_interval_from_fewer_instances_than_it_needs) {
  Random random(1);
  for (std::size_t instances = 1; instances <= 3; ++instances) {
    const RatioEstimate estimate = paired_ratio(simulate({}, 2.0, instances, 20, random), 0.95);
    EXPECT_NEAR(estimate.ratio, 2, 0.1);
    EXPECT_EQ(estimate.has_interval(), instances == 3);
    EXPECT_EQ(estimate.between_sd.has_value(), instances > 1);
    EXPECT_TRUE(estimate.within_half.has_value());
    EXPECT_EQ(verdict(estimate) == Verdict::slower, instances == 3);
    EXPECT_EQ(why_no_interval(estimate), instances == 1   ? "1 instance; an interval needs 3"
                                         : instances == 2 ? "2 instances; an interval needs 3"
                                                          : "");
  }
}

TEST(PairedRatio, takes_what_instances_differ_by_for_no_difference) {
  // Each instance keeps a speed of its own, for as many rounds as one likes.
  PairedSamples pair = constant(1e6, 1e6, 4, 200);
  const double speed[] = {1.118, 0.925, 1.069, 0.96};
  Random random(5);
  for (std::size_t i = 0; i < pair.size(); ++i)
    pair.a[i] *= speed[pair.instance[i]] * std::exp(0.01 * random.normal());
  const RatioEstimate estimate = paired_ratio(pair, 0.95);
  EXPECT_EQ(verdict(estimate), Verdict::not_distinguishable);
  EXPECT_NEAR(*estimate.between_sd, 0.09, 0.01);
  EXPECT_LT(*estimate.within_half, 0.002);
}

TEST(PairedRatio, is_not_moved_by_spikes_of_one_side) {
  Random random(2);
  PairedSamples pair = simulate({}, 1.0, 20, 5, random);
  const double calm = paired_ratio(pair, 0.95).ratio;
  for (std::size_t i = 0; i < 20; ++i) pair.a[i * 5] *= 3;
  EXPECT_NEAR(paired_ratio(pair, 0.95).ratio, calm, 0.005);
}

TEST(PairedRatio, gives_an_instance_that_was_cut_short_less_weight) {
  PairedSamples pair = constant(1e6, 1e6, 3, 10);
  Random random(6);
  for (double& a : pair.a) a *= std::exp(0.03 * random.normal());
  const double before = paired_ratio(pair, 0.95).ratio;
  pair.a.push_back(1.03e6);
  pair.b.push_back(1e6);
  pair.instance.push_back(3);
  EXPECT_NEAR(paired_ratio(pair, 0.95).ratio, before, 0.004);  // the plain mean moves by .008
}

TEST(PairedRatio, refuses_what_are_no_pairs_of_times) {
  const std::vector<double> two{1, 2};
  const std::vector<std::size_t> instance{0, 1};
  EXPECT_THROW(paired_ratio({two, {1}, instance}, 0.95), Error);
  EXPECT_THROW(paired_ratio({}, 0.95), Error);
  EXPECT_THROW(paired_ratio({two, {1, 0}, instance}, 0.95), Error);
  EXPECT_THROW(paired_ratio({two, two, {0}}, 0.95), Error);
  EXPECT_THROW(paired_ratio({two, two, instance}, 1), Error);
  try {
    paired_ratio({two, {1, 2, 3}, instance}, 0.95);
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "paired ratio: needs equally many samples of both, got 2 and 3");
  }
}

TEST(RandomEffects, tells_the_scatter_of_rounds_from_that_of_instances) {
  std::vector<double> values;
  std::vector<std::size_t> instance;
  Random random(8);
  for (std::size_t k = 0; k < 400; ++k) {
    const double own = 0.02 * random.normal();
    for (int r = 0; r < 6; ++r) {
      values.push_back(0.5 + own + 0.03 * random.normal());
      instance.push_back(k);
    }
  }
  const RandomEffects effects = random_effects(values, instance);
  EXPECT_NEAR(effects.mean, 0.5, 0.005);
  EXPECT_NEAR(*effects.between_sd, 0.02, 0.002);
  EXPECT_NEAR(std::sqrt(effects.within_variance), 0.03, 0.002);
  EXPECT_NEAR(*effects.error, std::sqrt((0.02 * 0.02 + 0.03 * 0.03 / 6) / 400), 2e-4);
  // sqrt(12 / 1 * 0.03^2 / 0.02^2)
  EXPECT_NEAR(best_values_per_instance(effects, 12, 1), 5.2, 0.8);
}

TEST(RandomEffects, asks_for_no_end_of_rounds_where_instances_do_not_differ) {
  const RandomEffects effects = random_effects(std::vector<double>{1, 2, 1, 2, 1, 2},
                                               std::vector<std::size_t>{0, 0, 1, 1, 2, 2});
  EXPECT_EQ(effects.between_sd, 0);
  EXPECT_TRUE(std::isinf(best_values_per_instance(effects, 1, 1)));
}

TEST(Verdict, has_the_names_of_the_json) {
  EXPECT_EQ(to_text(verdict({0.9, 0.8, 0.99, 10})), "faster");
  EXPECT_EQ(to_text(verdict({1.1, 1.01, 1.2, 10})), "slower");
  EXPECT_EQ(to_text(verdict({1.1, 1.0, 1.2, 10})), "not_distinguishable");
}

RandomEffects scatter(double between, double within) {
  RandomEffects effects;
  effects.instances = 10;
  effects.between_sd = between;
  effects.within_variance = within * within;
  return effects;
}

TEST(SmallestResolvableRatio, is_resolved_as_often_as_promised) {
  for (double between : {0.0, 0.01}) {
    // Two visits of .03 each: the log ratio of a round scatters by .042.
    const auto smallest = smallest_resolvable_ratio(
        scatter(between, 0.0424), {.open_s = 0.25, .round_s = 0.05, .budget_s = 10});
    ASSERT_TRUE(smallest);
    int resolved = 0;
    const std::size_t rounds = between == 0 ? 20 : 9;  // what pays
    const std::size_t instances = between == 0 ? 8 : 14;
    for (std::size_t run = 0; run < 1000; ++run) {
      Random random(6, run);
      const PairedSamples pair = simulate({.visit_sd = 0.03, .instance_sd = between}, *smallest,
                                          instances, rounds, random);
      resolved += verdict(paired_ratio(pair, 0.95)) == Verdict::slower;
    }
    EXPECT_GE(resolved, 850) << between;
    EXPECT_LE(resolved, 970) << between;
  }
}

TEST(SmallestResolvableRatio, shrinks_with_the_budget_and_refuses_too_little) {
  const RandomEffects effects = scatter(0.01, 0.03);
  const auto within = [&](double budget_s) {
    return smallest_resolvable_ratio(effects, {.open_s = 1, .round_s = 0.1, .budget_s = budget_s});
  };
  EXPECT_LT(*within(60), *within(10));
  EXPECT_FALSE(within(4));  // two instances
  EXPECT_THROW(smallest_resolvable_ratio(effects, {}), Error);
}

/// One round an instance in which both were measured, and one that was disturbed in all of them.
PairedSamples slowed(std::size_t calm, std::size_t disturbed) {
  PairedSamples samples;
  for (std::size_t i = 0; i < calm + disturbed; ++i)
    for (const bool slow : {true, i >= calm}) {
      samples.a.push_back(slow ? 3e6 : 2e6);
      samples.b.push_back(1e6);
      samples.instance.push_back(i);
      samples.disturbed.push_back(slow);
    }
  return samples;
}

TEST(Undisturbed, leaves_the_disturbed_rounds_out_of_an_instance_that_has_others) {
  const PairedSamples kept = undisturbed(slowed(2, 0));
  EXPECT_EQ(kept.a, (std::vector<double>{2e6, 2e6}));
  EXPECT_EQ(kept.instances(), 2U);
  EXPECT_EQ(kept.put_aside, 0U);
}

TEST(Undisturbed, puts_an_instance_aside_that_has_no_others_where_three_are_left) {
  const PairedSamples kept = undisturbed(slowed(3, 4));
  EXPECT_EQ(kept.instances(), 3U);
  EXPECT_EQ(kept.put_aside, 4U);
  const RatioEstimate estimate = paired_ratio(kept, 0.95);
  EXPECT_DOUBLE_EQ(estimate.high, 2);
  EXPECT_EQ(estimate.put_aside, 4U);
  EXPECT_FALSE(estimate.disturbed);
}

TEST(Undisturbed, counts_all_instances_where_fewer_are_undisturbed) {
  const PairedSamples kept = undisturbed(slowed(2, 2));
  EXPECT_EQ(kept.a, (std::vector<double>{2e6, 2e6, 3e6, 3e6, 3e6, 3e6}));
  EXPECT_EQ(kept.instances(), 4U);
  const RatioEstimate estimate = paired_ratio(kept, 0.95);
  EXPECT_EQ(estimate.put_aside, 0U);
  EXPECT_TRUE(estimate.disturbed);
}

TEST(Undisturbed, chosen_twice_is_chosen_once) {
  for (std::size_t calm = 0; calm < 5; ++calm) {
    const PairedSamples once = undisturbed(slowed(calm, 2)), twice = undisturbed(once);
    EXPECT_EQ(once.a, twice.a);
    EXPECT_EQ(once.put_aside, twice.put_aside);
  }
}

}  // namespace
}  // namespace tamis
