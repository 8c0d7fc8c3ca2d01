#include "search/halving.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <numeric>

#include "stats/percentile.h"
#include "stats/random.h"

namespace tamis {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

TEST(Halving, leaves_behind_only_what_is_clearly_behind) {
  EXPECT_THAT(front_of({{0.0}, {0.1}, {0.9}, {}}), ElementsAre(0, 1));
  EXPECT_FALSE(clearly_behind({}, {0.0}, 0.05));
  EXPECT_FALSE(clearly_behind({0.2}, {0.0}, 0.05));
  EXPECT_TRUE(clearly_behind({0.2, 0.2, 0.2, 0.2}, {0.0, 0.0, 0.0, 0.0}, 0.05));
}

TEST(Halving, times_those_of_the_front_with_the_fewest_instances) {
  EXPECT_THAT(next_to_time({{0.0, 0.01}, {0.02}, {0.04}, {0.9}}), UnorderedElementsAre(1, 2));
  EXPECT_THAT(next_to_time({{0.0}, {0.9}}), IsEmpty());
  const Levels four{0, 0, 0, 0};
  EXPECT_THAT(next_to_time({four, four}), IsEmpty());
}

TEST(Halving, learns_how_much_instances_differ) {
  const HalvingPlan plan;
  EXPECT_DOUBLE_EQ(level_sd({{0.1}, {}}, plan), plan.usual_sd);
  std::vector<Levels> wild, calm;
  for (int i = 0; i < 30; ++i) {
    wild.push_back({-0.2, 0.2});
    calm.push_back({-0.01, 0.01});
  }
  EXPECT_GT(level_sd(wild, plan), 0.2);
  EXPECT_LT(level_sd(calm, plan), 0.03);
}

/// A sweep's variants, screened: how many visits it took, and whether the best was lost.
struct Simulated {
  std::size_t visits = 0;
  bool lost = false;
};

Simulated screen(std::uint64_t seed) {
  constexpr std::size_t kVariants = 200, kGroup = 8, kRounds = 3;
  constexpr double kBetween = 0.029;
  Random random(seed);
  // Runtimes, precisions and threads: between 3 x faster and 4 x slower; each with eight settings
  // that matter little, so that the best has neighbours within some per cent.
  std::vector<double> truth;
  double kind = 0;
  for (std::size_t i = 0; i < kVariants; ++i) {
    if (i % 8 == 0) kind = 0.1 + 0.55 * random.normal();
    truth.push_back(kind + 0.03 * random.normal());
  }
  const double noise = 0.01 + 0.03 * random.uniform();
  std::vector<Levels> found(kVariants);
  Simulated result;
  std::vector<std::size_t> next(kVariants);
  std::iota(next.begin(), next.end(), std::size_t{0});
  while (!next.empty()) {
    for (std::size_t from = 0; from < next.size(); from += kGroup) {
      const double base = kBetween * random.normal();
      std::vector<double> base_visits;
      for (std::size_t r = 0; r < kRounds; ++r)
        base_visits.push_back(base + noise * random.normal());
      result.visits += kRounds;
      for (std::size_t k = from; k < std::min(from + kGroup, next.size()); ++k) {
        // One instance in fifty is far off, and one visit in fifty takes three times as long.
        const double wide = random.uniform() < 0.02 ? 3 : 1;
        const double own = truth[next[k]] + wide * kBetween * random.normal();
        std::vector<double> ratios;
        for (std::size_t r = 0; r < kRounds; ++r) {
          const double spike = random.uniform() < 0.02 ? std::log(3.0) : 0;
          ratios.push_back(own + spike + noise * random.normal() - base_visits[r]);
        }
        result.visits += kRounds;
        found[next[k]].push_back(median(ratios));
      }
    }
    next = next_to_time(found);
  }
  const auto best = std::min_element(truth.begin(), truth.end()) - truth.begin();
  const auto front = front_of(found);
  result.lost =
      std::find(front.begin(), front.end(), static_cast<std::size_t>(best)) == front.end();
  return result;
}

TEST(Halving, loses_the_best_of_200_in_one_of_a_hundred_runs_at_a_quarter_of_the_visits) {
  const char* asked = std::getenv("TAMIS_SIMULATIONS");
  const int tries = asked != nullptr ? std::atoi(asked) : 300;
  constexpr double kFixedVisits = 200 * 16 * 2;
  int lost = 0;
  double visits = 0;
  for (int seed = 1; seed <= tries; ++seed) {
    const Simulated one = screen(static_cast<std::uint64_t>(seed));
    lost += one.lost ? 1 : 0;
    visits += static_cast<double>(one.visits) / tries;
  }
  std::printf("lost %d of %d, %.0f visits of %.0f\n", lost, tries, visits, kFixedVisits);
  EXPECT_LE(lost, tries / 100);
  EXPECT_LE(visits, 0.25 * kFixedVisits);
}

}  // namespace
}  // namespace tamis
