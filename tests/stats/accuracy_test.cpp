#include "stats/accuracy.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/error.h"
#include "stats/interval.h"
#include "stats/random.h"

namespace tamis {
namespace {

using Kind = AccuracyLimit::Kind;

TEST(CountPairs, sorts_items_into_the_four_kinds) {
  const std::vector<std::uint8_t> baseline{1, 1, 1, 0, 0};
  const std::vector<std::uint8_t> candidate{1, 0, 1, 1, 0};
  const PairedCounts counts = count_pairs(baseline, candidate);
  EXPECT_EQ(counts.both, 2U);
  EXPECT_EQ(counts.only_baseline, 1U);
  EXPECT_EQ(counts.only_candidate, 1U);
  EXPECT_EQ(counts.neither, 1U);
  EXPECT_DOUBLE_EQ(baseline_accuracy(counts), 0.6);
  EXPECT_THROW(count_pairs(baseline, std::vector<std::uint8_t>{1}), Error);
}

/// The confidence that the limit is kept.
double confidence_of(const PairedEvidence& evidence, const AccuracyLimit& limit) {
  return normal_cdf(limit_score(evidence, limit));
}

struct ScoreRow {
  PairedCounts counts;
  AccuracyLimit limit;
  double score;
};

// Golden: scipy 1.17.1; optimize.minimize(method='SLSQP') of the multinomial likelihood under the
// constraint, then -mean(excess) * sqrt(n / sum(p * excess²)).
TEST(LimitScore, equals_a_generic_constrained_optimiser) {
  const std::vector<ScoreRow> rows{
      {{880, 12, 8, 100}, {Kind::absolute_drop, 0.02}, 2.9232579},
      {{880, 12, 8, 100}, {Kind::relative_drop, 0.02}, 2.6140056},
      {{880, 12, 8, 100}, {Kind::absolute_drop, -0.01}, -2.7836645},
      {{880, 12, 8, 100}, {Kind::relative_drop, 0.2}, 14.2723922},
      {{880, 12, 8, 100}, {Kind::at_least, 0.9}, -1.2649111},
      {{36, 12, 2, 0}, {Kind::absolute_drop, 0.02}, -2.4501008},
      {{36, 12, 2, 0}, {Kind::relative_drop, 0.02}, -2.4852397},
      {{36, 12, 2, 0}, {Kind::relative_drop, 0.2}, -0.1206660},
      {{90, 0, 0, 10}, {Kind::absolute_drop, 0.02}, 1.4285714},
      {{90, 0, 0, 10}, {Kind::relative_drop, 0.02}, 1.3552619},
      {{90, 0, 0, 10}, {Kind::absolute_drop, -0.01}, -1.0050378},
      {{500, 0, 5, 20}, {Kind::absolute_drop, 0.02}, 3.9769754},
      {{500, 0, 5, 20}, {Kind::relative_drop, 0.02}, 3.9123046},
      {{500, 0, 5, 20}, {Kind::absolute_drop, -0.01}, -0.1096586},
      {{95, 5, 0, 0}, {Kind::absolute_drop, 0.02}, -1.7149858},
      {{95, 5, 0, 0}, {Kind::relative_drop, 0.02}, -1.7320508},
      {{95, 5, 0, 0}, {Kind::relative_drop, 0.2}, 3.75},
      {{95, 5, 0, 0}, {Kind::at_least, 0.9}, 1.6666667},
  };
  for (const ScoreRow& row : rows) {
    EXPECT_NEAR(limit_score(row.counts, row.limit), row.score, 2e-4 * (1 + std::abs(row.score)))
        << row.counts.both << ' ' << row.counts.only_baseline << ' ' << row.limit.amount;
  }
}

TEST(LimitScore, knows_limits_that_always_or_never_hold) {
  const PairedCounts counts{10, 5, 0, 0};
  EXPECT_EQ(limit_score(counts, {Kind::absolute_drop, 1}), std::numeric_limits<double>::infinity());
  EXPECT_EQ(limit_score(counts, {Kind::at_least, 0}), std::numeric_limits<double>::infinity());
  EXPECT_EQ(limit_score(counts, {Kind::at_least, 1.5}), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(limit_score(PairedCounts{10, 0, 0, 5}, {Kind::relative_drop, 0}), 0);
}

// Golden: the same optimiser, roots by optimize.brentq at 1.959964 (Tango's interval).
TEST(EstimateDrop, equals_tangos_interval) {
  const DropEstimate drop = estimate_drop(PairedCounts{36, 12, 2, 0}, Kind::absolute_drop, 0.975);
  EXPECT_DOUBLE_EQ(drop.drop, 0.2);
  EXPECT_NEAR(drop.low, 0.0611124, 1e-5);
  EXPECT_NEAR(drop.high, 0.3447087, 1e-5);
  const DropEstimate small =
      estimate_drop(PairedCounts{880, 12, 8, 100}, Kind::absolute_drop, 0.975);
  EXPECT_NEAR(small.low, -0.00521359, 1e-6);
  EXPECT_NEAR(small.high, 0.01381538, 1e-6);
}

TEST(EstimateDrop, does_not_trust_a_set_on_which_nothing_differs) {
  const DropEstimate drop = estimate_drop(PairedCounts{90, 0, 0, 10}, Kind::absolute_drop, 0.975);
  EXPECT_EQ(drop.drop, 0);
  EXPECT_NEAR(drop.low, -0.0369935, 1e-6);  // z² / (n + z²)
  EXPECT_NEAR(drop.high, 0.0369935, 1e-6);
}

TEST(EstimateDrop, is_a_point_at_confidence_one_half) {
  const DropEstimate drop = estimate_drop(PairedCounts{80, 6, 4, 10}, Kind::relative_drop, 0.5);
  EXPECT_NEAR(drop.drop, 2.0 / 86, 1e-12);
  EXPECT_EQ(drop.low, drop.drop);
  EXPECT_EQ(drop.high, drop.drop);
}

TEST(EstimateDrop, agrees_with_the_gate_that_its_limit_decides) {
  const PairedCounts counts{880, 12, 8, 100};
  const double high = estimate_drop(counts, Kind::relative_drop, 0.95).high;
  EXPECT_GT(confidence_of(counts, {Kind::relative_drop, high + 1e-6}), 0.95);
  EXPECT_LT(confidence_of(counts, {Kind::relative_drop, high - 1e-6}), 0.95);
}

TEST(EstimateDrop, refuses_what_has_no_answer) {
  EXPECT_THROW(estimate_drop(PairedCounts{}, Kind::absolute_drop, 0.95), Error);
  EXPECT_THROW(estimate_drop(PairedCounts{5, 0, 0, 0}, Kind::absolute_drop, 0.3), Error);
  try {
    estimate_drop(PairedCounts{0, 0, 5, 5}, Kind::relative_drop, 0.95);
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(
        error.what(),
        "accuracy drop: a relative drop needs a baseline above 0; ask for an absolute one (0.5pt)");
  }
}

std::vector<double> random_values(std::size_t count, std::uint64_t stream) {
  Random random(21, stream);
  std::vector<double> values(count);
  for (double& x : values) x = random.uniform();
  return values;
}

WeightedStatistic weighted_mean(const std::vector<double>& values) {
  return [&values](std::span<const std::uint32_t> weights) {
    double sum = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) sum += weights[i] * values[i];
    return sum / static_cast<double>(weights.size());
  };
}

TEST(BootstrapPair, of_means_has_the_moments_of_means) {
  const std::vector<double> a = random_values(100, 1);
  std::vector<double> b = random_values(100, 2);
  for (std::size_t i = 0; i < b.size(); ++i) b[i] = 0.8 * a[i] + 0.2 * b[i];
  const PairedMoments exact = mean_moments(a, b);
  const PairedMoments drawn =
      bootstrap_pair(weighted_mean(a), weighted_mean(b), a.size(), {.resamples = 5000});
  EXPECT_NEAR(drawn.baseline, exact.baseline, 1e-12);
  EXPECT_NEAR(drawn.baseline_variance / exact.baseline_variance, 1, 0.06);
  EXPECT_NEAR(drawn.candidate_variance / exact.candidate_variance, 1, 0.06);
  EXPECT_NEAR(drawn.covariance / exact.covariance, 1, 0.06);
}

TEST(BootstrapPair, decides_as_the_exact_counts_do_where_there_are_many) {
  const PairedCounts counts{8000, 300, 260, 1440};
  std::vector<double> a;
  std::vector<double> b;
  const auto add = [&](std::size_t times, double x, double y) {
    a.insert(a.end(), times, x);
    b.insert(b.end(), times, y);
  };
  add(counts.both, 1, 1);
  add(counts.only_baseline, 1, 0);
  add(counts.only_candidate, 0, 1);
  add(counts.neither, 0, 0);
  const PairedMoments moments = mean_moments(a, b);
  for (const AccuracyLimit limit :
       {AccuracyLimit{Kind::relative_drop, 0.01}, AccuracyLimit{Kind::absolute_drop, 0.01},
        AccuracyLimit{Kind::at_least, 0.82}}) {
    EXPECT_NEAR(limit_score(moments, limit), limit_score(counts, limit), 0.06);
  }
  const DropEstimate from_moments = estimate_drop(moments, Kind::relative_drop, 0.95);
  const DropEstimate from_counts = estimate_drop(counts, Kind::relative_drop, 0.95);
  EXPECT_NEAR(from_moments.high, from_counts.high, 2e-4);
  EXPECT_NEAR(from_moments.low, from_counts.low, 2e-4);
}

TEST(ItemsNeeded, is_the_number_at_which_the_gate_would_be_met) {
  const PairedCounts counts{450, 6, 4, 40};
  const AccuracyLimit limit{Kind::relative_drop, 0.01};
  const auto needed = items_needed(counts, limit, 0.95);
  ASSERT_TRUE(needed);
  EXPECT_GT(*needed, 500U);
  const std::size_t times = (*needed + 499) / 500;
  const PairedCounts more{450 * times, 6 * times, 4 * times, 40 * times};
  EXPECT_GE(confidence_of(more, limit), 0.95);
  const PairedCounts fewer{450 * (times - 1), 6 * (times - 1), 4 * (times - 1), 40 * (times - 1)};
  EXPECT_LT(confidence_of(fewer, limit), 0.95);
}

TEST(ItemsNeeded, is_absent_where_the_estimate_itself_misses) {
  EXPECT_FALSE(items_needed(PairedCounts{450, 16, 4, 30}, {Kind::relative_drop, 0.01}, 0.95));
}

TEST(ItemsToPlan, says_that_128_images_cannot_decide_one_percent) {
  EXPECT_GT(items_to_plan({Kind::relative_drop, 0.01}, 0.9, 0.02, 0.95, 0.8), 1000U);
  EXPECT_THROW(items_to_plan({Kind::relative_drop, 0}, 0.9, 0.02, 0.95, 0.8), Error);
}

TEST(ItemsToPlan, gives_the_power_that_was_asked) {
  const std::size_t count = items_to_plan({Kind::absolute_drop, 0.02}, 0.9, 0.04, 0.95, 0.8);
  int met = 0;
  for (std::size_t run = 0; run < 1000; ++run) {
    Random random(22, run);
    PairedCounts counts;
    for (std::size_t i = 0; i < count; ++i) {
      const double u = random.uniform();
      ++(u < 0.02 ? counts.only_baseline : u < 0.04 ? counts.only_candidate : counts.both);
    }
    met += confidence_of(counts, {Kind::absolute_drop, 0.02}) >= 0.95;
  }
  EXPECT_GE(met, 750);
  EXPECT_LE(met, 930);
}

TEST(ItemsToPlan, by_a_measured_spread_proves_it_as_often_as_asked) {
  // A mean of per-item values whose difference has the standard deviation 0.1 around 0.
  const auto simulate = [](std::size_t n, std::uint64_t seed) {
    Random random(seed, 3);
    std::vector<double> a, b;
    for (std::size_t i = 0; i < n; ++i) {
      a.push_back(0.5 + 0.2 * random.normal());
      b.push_back(a.back() + 0.1 * random.normal());
    }
    return PairedEvidence(mean_moments(a, b));
  };
  const AccuracyLimit limit{Kind::absolute_drop, 0.01};
  // (1.645 + 0.842)² 0.1² / 0.01² = 618
  const std::size_t planned = items_to_plan(simulate(2000, 1), limit, 0.95, 0.8).value();
  EXPECT_NEAR(static_cast<double>(planned), 618, 60);
  int proven = 0;
  for (std::uint64_t seed = 2; seed < 402; ++seed)
    proven += confidence_of(simulate(planned, seed), limit) >= 0.95 ? 1 : 0;
  EXPECT_NEAR(proven, 320, 30);
}

TEST(ItemsToPlan, by_counts_takes_their_discordance) {
  const AccuracyLimit limit{Kind::relative_drop, 0.01};
  EXPECT_EQ(items_to_plan(PairedCounts{780, 20, 20, 180}, limit, 0.95, 0.8),
            items_to_plan(limit, 0.8, 0.04, 0.95, 0.8));
  EXPECT_EQ(items_to_plan(PairedCounts{800, 0, 0, 200}, limit, 0.95, 0.8), std::nullopt);
}

/// How often the fastest of `variants` that is declared met truly misses its limit, where all of
/// them lie exactly on it: the worst case of picking among many.
double false_picks(std::size_t variants, double confidence, int runs) {
  constexpr std::size_t kItems = 1500;
  const double limit = 0.02, gained = 0.03;
  GateDecider gate({{Kind::absolute_drop, limit}, confidence, kItems, kItems});
  int picked = 0;
  for (int run = 0; run < runs; ++run) {
    Random random(static_cast<std::uint64_t>(run), 11);
    std::vector<std::uint8_t> baseline;
    for (std::size_t i = 0; i < kItems; ++i) baseline.push_back(random.uniform() < 0.8 ? 1 : 0);
    bool any = false;
    for (std::size_t v = 0; v < variants && !any; ++v) {
      std::vector<std::uint8_t> candidate;
      // Loses (gained + limit) of all items, wins `gained`: a drop of exactly the limit.
      for (std::uint8_t right : baseline) {
        double change = right != 0 ? (gained + limit) / 0.8 : gained / 0.2;
        candidate.push_back(random.uniform() < change ? 1 - right : right);
      }
      any = gate.look(count_pairs(baseline, candidate)).outcome == GateOutcome::met;
    }
    picked += any ? 1 : 0;
  }
  return static_cast<double>(picked) / runs;
}

TEST(FalsePick, among_many_variants_on_the_limit_is_kept_by_the_split_of_the_error) {
  EXPECT_NEAR(false_picks(1, 0.95, 800), 0.05, 0.025);
  EXPECT_GT(false_picks(6, 0.95, 400), 0.15);  // without the split
  EXPECT_LT(false_picks(6, confidence_of_each(0.95, 6), 800), 0.07);
}

/// How often one of several families is met by luck, all of whose members lie exactly on the limit:
/// a variant, and then its relatives in a fixed sequence up to the first that is not met.
double false_picks_of_families(std::size_t families, std::size_t relatives, double part, int runs) {
  constexpr double kConfidence = 0.95;
  double own = confidence_of_each(kConfidence, families, part);
  double theirs = confidence_of_each(kConfidence, families, 1 - part);
  int picked = 0;
  for (int run = 0; run < runs; ++run) {
    Random random(static_cast<std::uint64_t>(run), 13);
    bool any = false;
    for (std::size_t f = 0; f < families; ++f) {
      // Under the limit the confidence that a test gives is uniform.
      any = any || random.uniform() >= own;
      for (std::size_t r = 0; r < relatives; ++r) {
        if (random.uniform() < theirs) break;
        any = true;
      }
    }
    picked += any ? 1 : 0;
  }
  return static_cast<double>(picked) / runs;
}

TEST(FalsePick, among_variants_with_relatives_in_a_fixed_sequence_is_kept_too) {
  EXPECT_LT(false_picks_of_families(4, 10, 0.75, 20000), 0.053);
  EXPECT_GT(false_picks_of_families(4, 10, 0.75, 20000), 0.04);  // and little is given away
}

TEST(ConfidenceOfEach, leaves_the_point_estimate_alone) {
  EXPECT_DOUBLE_EQ(confidence_of_each(0.95, 5), 0.99);
  EXPECT_DOUBLE_EQ(confidence_of_each(0.95, 1), 0.95);
  EXPECT_DOUBLE_EQ(confidence_of_each(0.5, 9), 0.5);
  EXPECT_DOUBLE_EQ(confidence_of_each(0.95, 5, 0.25), 0.9975);
  EXPECT_DOUBLE_EQ(confidence_of_each(0.5, 1, 0.25), 0.5);
}

}  // namespace
}  // namespace tamis
