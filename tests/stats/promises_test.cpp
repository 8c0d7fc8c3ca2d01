// What the comparison of times promises, on simulated data with fixed seeds. src/stats/README.md
// lists the promises.
#include <gtest/gtest.h>

#include "noise.h"
#include "stats/paired.h"
#include "stats/sequential.h"

namespace tamis {
namespace {

bool covers(const RatioEstimate& estimate, double truth) {
  return estimate.low <= truth && truth <= estimate.high;
}

double percent(std::size_t part, std::size_t all) {
  return 100.0 * static_cast<double>(part) / static_cast<double>(all);
}

Decision run_until_stop(const PairedStopping& stopping, const Pair& pair) {
  for (std::size_t rounds : stopping.looks()) {
    const auto a = std::span(pair.a).first(rounds);
    const auto b = std::span(pair.b).first(rounds);
    const Decision decision = stopping.look(a, b);
    if (decision.stop) return decision;
  }
  ADD_FAILURE() << "the last look did not stop";
  return {};
}

class EachNoise : public testing::TestWithParam<NamedNoise> {};

TEST_P(EachNoise, interval_covers_the_truth_in_93_to_97_percent_at_fixed_n) {
  for (std::size_t rounds : {10, 14, 20, 30, 50, 100, 200}) {
    const std::size_t runs = 3000;
    std::size_t covered = 0;
    for (std::size_t run = 0; run < runs; ++run) {
      Random random(11, run * 1000 + rounds);
      const Pair pair = simulate(GetParam().noise, 1.08, rounds, random);
      covered += covers(paired_ratio(pair.a, pair.b, 0.95), 1.08);
    }
    EXPECT_GE(percent(covered, runs), 93) << rounds << " rounds";
    EXPECT_LE(percent(covered, runs), 97) << rounds << " rounds";
  }
}

TEST_P(EachNoise, interval_covers_the_truth_in_94_percent_under_the_stopping_rule) {
  const PairedStopping stopping(StoppingPlan{});
  for (double truth : {1.0, 1.01, 1.03, 1.08}) {
    const std::size_t runs = 2000;
    std::size_t covered = 0;
    for (std::size_t run = 0; run < runs; ++run) {
      Random random(12, run);
      const Pair pair = simulate(GetParam().noise, truth, 200, random);
      const Decision decision = run_until_stop(stopping, pair);
      covered += covers(decision.estimate, truth);
    }
    EXPECT_GE(percent(covered, runs), 94) << "true ratio " << truth;
  }
}

TEST_P(EachNoise, equal_variants_are_told_apart_in_at_most_5_percent) {
  const PairedStopping stopping(StoppingPlan{});
  const std::size_t runs = 2000;
  std::size_t told_apart = 0;
  for (std::size_t run = 0; run < runs; ++run) {
    Random random(13, run);
    const Decision decision =
        run_until_stop(stopping, simulate(GetParam().noise, 1.0, 200, random));
    told_apart += verdict(decision.estimate) != Verdict::not_distinguishable;
  }
  EXPECT_LE(percent(told_apart, runs), 5);
}

TEST_P(EachNoise, wrong_rankings_stay_below_1_percent) {
  const PairedStopping stopping(StoppingPlan{});
  const std::size_t runs = 1000;
  for (double truth : {1.01, 1.03, 1.08, 1.15}) {
    std::size_t wrong = 0;
    for (std::size_t run = 0; run < runs; ++run) {
      Random random(14, run);
      const Decision decision =
          run_until_stop(stopping, simulate(GetParam().noise, truth, 200, random));
      wrong += verdict(decision.estimate) == Verdict::faster;
    }
    EXPECT_LE(percent(wrong, runs), 1) << "true ratio " << truth;
  }
}

INSTANTIATE_TEST_SUITE_P(Promises, EachNoise, testing::ValuesIn(all_noises()),
                         [](const auto& row) { return row.param.name; });

double resolved_share(const Noise& noise, double truth, std::size_t max_rounds) {
  const PairedStopping stopping({.max_rounds = max_rounds});
  const std::size_t runs = 2000;
  std::size_t resolved = 0;
  for (std::size_t run = 0; run < runs; ++run) {
    Random random(15, run);
    const Decision decision = run_until_stop(stopping, simulate(noise, truth, max_rounds, random));
    resolved += verdict(decision.estimate) == Verdict::slower;
  }
  return percent(resolved, runs);
}

TEST(Promises, three_percent_is_resolved_within_200_rounds_in_90_percent) {
  EXPECT_GE(resolved_share(this_machine(), 1.03, 200), 90);
}

TEST(Promises, eight_percent_is_resolved_within_60_rounds_in_99_percent) {
  EXPECT_GE(resolved_share(this_machine(), 1.08, 60), 99);
}

}  // namespace
}  // namespace tamis
