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

// What instances differ by, as it was found on real machines: nothing to 4 %.
constexpr double kInstanceSds[] = {0, 0.01, 0.04};
constexpr std::size_t kRounds = 5;  // of an instance

Decision run_until_stop(const PairedStopping& stopping, const PairedSamples& pair) {
  for (std::size_t instances : stopping.looks()) {
    const Decision decision = stopping.look(first_instances(pair, instances));
    if (decision.stop) return decision;
  }
  ADD_FAILURE() << "the last look did not stop";
  return {};
}

class EachNoise : public ::testing::TestWithParam<NamedNoise> {
 protected:
  PairedSamples run(double instance_sd, double truth, std::size_t instances, std::size_t rounds,
                    Random& random) const {
    Noise noise = GetParam().noise;
    noise.instance_sd = instance_sd;
    return simulate(noise, truth, instances, rounds, random);
  }
};

TEST_P(EachNoise, interval_covers_the_truth_in_93_to_97_percent_at_a_fixed_number_of_instances) {
  for (double sd : kInstanceSds)
    for (std::size_t instances : {3, 4, 6, 10, 20}) {
      const std::size_t runs = 3000;
      std::size_t covered = 0;
      for (std::size_t i = 0; i < runs; ++i) {
        Random random(11, i * 1000 + instances);
        covered += covers(paired_ratio(run(sd, 1.08, instances, kRounds, random), 0.95), 1.08);
      }
      EXPECT_GE(percent(covered, runs), 93) << instances << " instances that differ by " << sd;
      EXPECT_LE(percent(covered, runs), 97) << instances << " instances that differ by " << sd;
    }
}

TEST_P(EachNoise, interval_covers_the_truth_in_94_percent_under_the_stopping_rule) {
  const PairedStopping stopping(StoppingPlan{});
  for (double sd : kInstanceSds)
    for (double truth : {1.0, 1.03}) {
      const std::size_t runs = 1000;
      std::size_t covered = 0;
      for (std::size_t i = 0; i < runs; ++i) {
        Random random(12, i);
        const Decision decision = run_until_stop(stopping, run(sd, truth, 20, kRounds, random));
        covered += covers(decision.estimate, truth);
      }
      EXPECT_GE(percent(covered, runs), 94) << "true ratio " << truth << ", differ by " << sd;
    }
}

TEST_P(EachNoise, interval_covers_the_truth_in_94_percent_where_time_ends_the_comparison) {
  const PairedStopping stopping(StoppingPlan{});
  for (double sd : kInstanceSds) {
    const std::size_t runs = 1000;
    std::size_t covered = 0;
    for (std::size_t i = 0; i < runs; ++i) {
      Random random(16, i);
      const std::size_t end = 3 + random.below(17);
      const PairedSamples all = run(sd, 1.03, end, kRounds, random);
      Decision decision;
      for (std::size_t k = 3; k <= end && !decision.stop; ++k)
        if (stopping.is_look(k)) decision = stopping.look(first_instances(all, k));
      if (!decision.stop) decision = stopping.finish(all);
      covered += covers(decision.estimate, 1.03);
    }
    EXPECT_GE(percent(covered, runs), 94) << "differ by " << sd;
  }
}

TEST_P(EachNoise, equal_variants_are_told_apart_in_at_most_5_percent) {
  const PairedStopping stopping(StoppingPlan{});
  for (double sd : kInstanceSds) {
    const std::size_t runs = 2000;
    std::size_t told_apart = 0;
    for (std::size_t i = 0; i < runs; ++i) {
      Random random(13, i);
      const Decision decision = run_until_stop(stopping, run(sd, 1.0, 20, kRounds, random));
      told_apart += verdict(decision.estimate) != Verdict::not_distinguishable;
    }
    EXPECT_LE(percent(told_apart, runs), 5) << "differ by " << sd;
  }
}

TEST_P(EachNoise, wrong_rankings_stay_below_1_percent) {
  const PairedStopping stopping(StoppingPlan{});
  for (double sd : kInstanceSds)
    for (double truth : {1.01, 1.03}) {
      const std::size_t runs = 1000;
      std::size_t wrong = 0;
      for (std::size_t i = 0; i < runs; ++i) {
        Random random(14, i);
        const Decision decision = run_until_stop(stopping, run(sd, truth, 20, kRounds, random));
        wrong += verdict(decision.estimate) == Verdict::faster;
      }
      EXPECT_LE(percent(wrong, runs), 1) << "true ratio " << truth << ", differ by " << sd;
    }
}

INSTANTIATE_TEST_SUITE_P(Promises, EachNoise, ::testing::ValuesIn(all_noises()),
                         [](const auto& row) { return row.param.name; });

double resolved_share(double instance_sd, double truth, std::size_t max_instances) {
  const PairedStopping stopping({.max_instances = max_instances});
  Noise noise = this_machine();
  noise.instance_sd = instance_sd;
  const std::size_t runs = 2000;
  std::size_t resolved = 0;
  for (std::size_t run = 0; run < runs; ++run) {
    Random random(15, run);
    const Decision decision =
        run_until_stop(stopping, simulate(noise, truth, max_instances, 10, random));
    resolved += verdict(decision.estimate) == Verdict::slower;
  }
  return percent(resolved, runs);
}

TEST(Promises, three_percent_is_resolved_within_20_instances_in_90_percent) {
  EXPECT_GE(resolved_share(0.01, 1.03, 20), 90);
}

TEST(Promises, eight_percent_is_resolved_within_6_instances_in_90_percent) {
  EXPECT_GE(resolved_share(0.01, 1.08, 6), 90);
}

TEST(Promises, what_instances_differ_by_is_no_difference) {
  const std::size_t runs = 500;
  std::size_t over_instances = 0;
  for (std::size_t i = 0; i < runs; ++i) {
    Random random(17, i);
    const PairedSamples pair = simulate({.instance_sd = 0.03}, 1.0, 5, 20, random);
    over_instances += verdict(paired_ratio(pair, 0.95)) != Verdict::not_distinguishable;
  }
  EXPECT_LE(percent(over_instances, runs), 7);
}

}  // namespace
}  // namespace tamis
