#include "search/timings.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/files.h"
#include "stats/random.h"

namespace tamis {
namespace {

/// Two rounds in which "v" takes `ratio` times as long as "base".
std::vector<Round> rounds_of(double ratio, bool disturbed) {
  Round round;
  round.samples["base"] = {{1e6}, {1e6}};
  round.samples["v"] = {{ratio * 1e6}, {ratio * 1e6}};
  round.samples["v"].disturbed = disturbed;
  return {round, round};
}

class TimingsTest : public ::testing::Test {
 protected:
  void add(double ratio, bool disturbed) { timings_.add(Phase::race, rounds_of(ratio, disturbed)); }

  TemporaryFolder folder_;
  Store store_ = Store::open(folder_.path() / "tamis.db", {"machine", ""});
  Timings timings_{store_, "scope", "base"};
};

TEST_F(TimingsTest, are_read_again_with_the_numbers_of_their_instances) {
  add(2, false);
  add(2, true);
  const Timings again(store_, "scope", "base");
  EXPECT_EQ(again.next_instance(), 2U);
  EXPECT_EQ(again.instances("v"), 2U);
  EXPECT_EQ(again.samples("v").back().instance, 1U);
  EXPECT_EQ(Timings(store_, "another scope", "base").next_instance(), 0U);
}

TEST_F(TimingsTest, put_disturbed_instances_aside_where_three_others_are_left) {
  add(3, true);
  for (int i = 0; i < 2; ++i) add(2, false);
  EXPECT_EQ(timings_.levels("v").size(), 3U);
  EXPECT_TRUE(timings_.ratio("v", "base", 0.95)->disturbed);
  EXPECT_GT(timings_.ratio("v", "base", 0.95)->ratio, 2.1);
  add(2, false);
  EXPECT_EQ(timings_.levels("v"), std::vector<double>(3, std::log(2)));
  EXPECT_NEAR(timings_.ratio("v", "base", 0.95)->high, 2, 1e-9);
  EXPECT_EQ(timings_.samples("v").size(), 6U);
  EXPECT_EQ(timings_.instances("v"), 4U);  // what was measured ends a phase
  EXPECT_DOUBLE_EQ(timings_.disturbed_share(), 0.125);
}

TEST_F(TimingsTest, look_anew_once_what_was_shown_is_put_aside) {
  for (const double ratio : {3.0, 3.01, 3.02}) add(ratio, true);
  EXPECT_GT(timings_.look("v", "base", 0.95)->low, 2);
  for (const double ratio : {2.0, 2.01, 2.02}) add(ratio, false);
  const RatioEstimate now = timings_.look("v", "base", 0.95).value();
  EXPECT_NEAR(now.ratio, 2.01, 1e-3);
  EXPECT_LT(now.high, 3);
  for (const double ratio : {3.0, 3.01, 3.02}) add(ratio, true);
  const RatioEstimate later = timings_.look("v", "base", 0.95).value();
  EXPECT_GE(later.low, now.low);
  EXPECT_LE(later.high, now.high);
}

// A neighbour makes "v", which takes as long as "base", 15 % slower in two of five instances.
TEST_F(TimingsTest, are_wrong_in_at_most_one_of_twenty_beside_a_neighbour_that_favours_one) {
  constexpr int kTries = 60;
  int wrong = 0;
  for (int seed = 1; seed <= kTries; ++seed) {
    Timings timings(store_, "simulated " + std::to_string(seed), "base");
    Random random(static_cast<std::uint64_t>(seed));
    bool off = false;
    for (int n = 1; n <= 14; ++n) {
      const bool disturbed = random.uniform() < 0.4;
      const double ratio = std::exp(0.02 * random.normal()) * (disturbed ? 1.15 : 1);
      timings.add(Phase::race, rounds_of(ratio, disturbed));
      const auto look = timings.look("v", "base", 0.95);
      if (look->has_interval() && !look->disturbed) off = off || look->low > 1 || look->high < 1;
    }
    wrong += off ? 1 : 0;
  }
  EXPECT_LE(wrong, 6);  // 3 expected at most; two standard deviations
}

}  // namespace
}  // namespace tamis
