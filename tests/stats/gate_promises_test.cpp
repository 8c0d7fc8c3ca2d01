// What the gate promises, on simulated candidates with fixed seeds. src/stats/README.md lists the
// promises.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "stats/accuracy.h"
#include "stats/random.h"

namespace tamis {
namespace {

using Kind = AccuracyLimit::Kind;

struct Truth {
  double only_baseline;
  double only_candidate;
  double both;
};

struct Tally {
  double met = 0;
  double missed = 0;
  double items = 0;
};

// Evaluates items one after the other, as many candidates of the same true accuracy, and stops
// where the gate says.
Tally run_gates(const GatePlan& plan, const Truth& truth, std::size_t runs) {
  const GateDecider gate(plan);
  Tally tally;
  for (std::size_t run = 0; run < runs; ++run) {
    Random random(31, run);
    PairedCounts counts;
    std::size_t seen = 0;
    for (GateOutcome outcome = GateOutcome::undecided; outcome == GateOutcome::undecided;) {
      const double u = random.uniform();
      ++(u < truth.only_baseline                                       ? counts.only_baseline
         : u < truth.only_baseline + truth.only_candidate              ? counts.only_candidate
         : u < truth.only_baseline + truth.only_candidate + truth.both ? counts.both
                                                                       : counts.neither);
      if (!gate.is_look(++seen)) continue;
      outcome = gate.look(counts).outcome;
      tally.met += outcome == GateOutcome::met;
      tally.missed += outcome == GateOutcome::missed;
    }
    tally.items += static_cast<double>(seen);
  }
  const auto all = static_cast<double>(runs);
  return {tally.met / all, tally.missed / all, tally.items / all};
}

// The drop is exactly the limit, so each "met" is just barely wrong. Three standard errors of the
// simulation are allowed.
TEST(GatePromise, is_wrongly_met_no_more_often_than_its_confidence_allows) {
  const Truth at_the_limit{0.029, 0.02, 0.87};  // drop .009 of .899
  const AccuracyLimit limit{Kind::relative_drop, 0.009 / 0.899};
  for (double confidence : {0.95, 0.8, 0.5}) {
    for (std::size_t items : {100, 500, 2000}) {
      const Tally tally =
          run_gates({.limit = limit, .confidence = confidence, .items = items}, at_the_limit, 2000);
      const double allowed = 1 - confidence;
      EXPECT_LE(tally.met, allowed + 3 * std::sqrt(allowed * confidence / 3000))
          << confidence << ", " << items << " items";
    }
  }
}

TEST(GatePromise, stops_early_where_the_candidate_is_plainly_bad_or_good) {
  const GatePlan plan{.limit = {Kind::relative_drop, 0.02}, .items = 5000};
  const Tally bad = run_gates(plan, {0.12, 0.02, 0.8}, 300);
  EXPECT_GE(bad.missed, 0.995);
  EXPECT_LE(bad.items, 700);
  const Tally good = run_gates(plan, {0.004, 0.004, 0.9}, 300);
  EXPECT_GE(good.met, 0.995);
  EXPECT_LE(good.items, 2500);
}

TEST(GatePromise, wrongly_missed_early_stays_below_one_percent) {
  const GatePlan plan{.limit = {Kind::absolute_drop, 0.01}, .items = 100000, .first_look = 64};
  const GateDecider gate(plan);
  int missed = 0;
  for (std::size_t run = 0; run < 1500; ++run) {
    Random random(32, run);
    PairedCounts counts;
    for (std::size_t seen = 1; seen <= 4096; ++seen) {
      const double u = random.uniform();
      ++(u < 0.025 ? counts.only_baseline : u < 0.04 ? counts.only_candidate : counts.both);
      if (gate.is_look(seen) && gate.look(counts).outcome == GateOutcome::missed) {
        ++missed;
        break;
      }
    }
  }
  EXPECT_LE(missed, 15);
}

// A metric that is no mean of items, judged by the paired bootstrap: a ratio of sums, as precision
// is.
TEST(GatePromise, holds_for_a_bootstrapped_metric) {
  int met = 0;
  const int runs = 500;
  for (int run = 0; run < runs; ++run) {
    Random random(33, static_cast<std::uint64_t>(run));
    const std::size_t images = 128;
    std::vector<double> objects;
    std::vector<double> found_by_baseline;
    std::vector<double> found_by_candidate;
    for (std::size_t i = 0; i < images; ++i) {
      const auto count = static_cast<double>(1 + random.below(8));
      const double ease = 0.3 + 0.6 * random.uniform();
      objects.push_back(count);
      found_by_baseline.push_back(count * (ease + 0.1 * random.uniform()));
      found_by_candidate.push_back(count * (ease + 0.1 * random.uniform() - 0.0325));
    }
    const auto metric = [&](const std::vector<double>& found) {
      return [&](std::span<const std::uint32_t> weights) {
        double hits = 0;
        double all = 0;
        for (std::size_t i = 0; i < weights.size(); ++i) {
          hits += weights[i] * found[i];
          all += weights[i] * objects[i];
        }
        return hits / all;
      };
    };
    const PairedMoments moments = bootstrap_pair(
        metric(found_by_baseline), metric(found_by_candidate), images, {.resamples = 200});
    const GateDecider gate({.limit = {Kind::relative_drop, 0.05}, .items = images});
    met += gate.look(moments).outcome ==
           GateOutcome::met;  // the true relative drop is .0325 / .65: the limit
  }
  EXPECT_LE(met, runs * (0.05 + 3 * std::sqrt(0.05 * 0.95 / runs)));
  EXPECT_GE(met, runs * 0.02) << "and the test is not idle";
}

}  // namespace
}  // namespace tamis
