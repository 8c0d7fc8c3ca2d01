#include "search/looks.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/clock.h"
#include "base/files.h"
#include "search/budget.h"
#include "search/error_shares.h"
#include "stats/interval.h"
#include "stats/random.h"

namespace tamis {
namespace {

class Looking : public ::testing::Test {
 protected:
  TemporaryFolder folder_;
  Store store_ = Store::open(folder_.path() / "tamis.db", {"machine", ""});
};

/// A mean of so many values with a standard deviation of 0.03.
RatioEstimate of_mean(double log_mean, std::size_t instances, double confidence) {
  RatioEstimate e;
  const double half =
      normal_quantile((1 + confidence) / 2) * 0.03 / std::sqrt(static_cast<double>(instances));
  e.ratio = std::exp(log_mean);
  e.low = std::exp(log_mean - half);
  e.high = std::exp(log_mean + half);
  e.instances = instances;
  return e;
}

TEST_F(Looking, spends_nothing_twice_and_only_becomes_narrower) {
  Looks looks(store_, "here");
  auto look = [&](double log_mean, std::size_t instances) {
    return looks.look("a/b", 0.95, [&](double c) { return of_mean(log_mean, instances, c); });
  };
  const RatioEstimate first = look(0.1, 4), same = look(0.1, 4);
  EXPECT_EQ(first.low, same.low);
  const RatioEstimate more = look(0.1, 16), last = look(0.11, 17);
  EXPECT_GE(more.low, first.low);
  EXPECT_LE(more.high, first.high);
  EXPECT_GE(last.low, more.low);
  EXPECT_LE(last.high, more.high);
  EXPECT_LT(first.low, of_mean(0.1, 4, 0.95).low);  // the first look left error for the next ones
}

TEST_F(Looking, counts_the_looks_of_earlier_runs) {
  auto estimate = [](double c) { return of_mean(0.05, 4, c); };
  const RatioEstimate first = Looks(store_, "here").look("a/b", 0.95, estimate);
  const RatioEstimate again = Looks(store_, "here").look("a/b", 0.95, estimate);
  EXPECT_EQ(first.low, again.low);
  const Json stored = store_.find(Kind::measurement, "looks:here:a/b:0.95").value();
  EXPECT_DOUBLE_EQ(stored.at("left").get<double>(), 0.5);
}

TEST_F(Looking, spends_nothing_where_there_is_no_interval) {
  RatioEstimate none;
  none.low = 0;
  none.high = std::numeric_limits<double>::infinity();
  const RatioEstimate shown = Looks(store_, "here").look("a/b", 0.95, [&](double) { return none; });
  EXPECT_FALSE(shown.has_interval());
  EXPECT_FALSE(store_.find(Kind::measurement, "looks:here:a/b:0.95"));
}

TEST_F(Looking, is_wrong_in_at_most_one_of_twenty_however_often_it_looks) {
  int wrong = 0;
  constexpr int kTries = 100;
  for (int seed = 0; seed < kTries; ++seed) {
    Looks looks(store_, "simulated " + std::to_string(seed));
    Random random(static_cast<std::uint64_t>(seed) + 1);
    double sum = 0;
    bool off = false;
    for (std::size_t n = 1; n <= 12; ++n) {
      sum += 0.03 * random.normal();
      if (n < 4) continue;
      const double mean = sum / static_cast<double>(n);
      const auto e = looks.look("a/b", 0.95, [&](double c) { return of_mean(mean, n, c); });
      off = off || e.low > 1 || e.high < 1;
    }
    wrong += off ? 1 : 0;
  }
  EXPECT_LE(wrong, 9);  // 5 expected at most; two standard deviations
}

TEST_F(Looking, an_answer_keeps_its_share_of_the_error_and_all_shares_fit) {
  {
    ErrorShares shares(store_, "claim");
    shares.share_among({"a", "b", "c"}, true);
    EXPECT_DOUBLE_EQ(shares.of("a"), 0.25);
  }
  ErrorShares later(store_, "claim");
  later.share_among({"a", "b", "c", "d", "e"}, false);
  EXPECT_DOUBLE_EQ(later.of("a"), 0.25);
  double sum = 0;
  for (const char* answer : {"a", "b", "c", "d", "e", "f", "g"}) sum += later.of(answer);
  EXPECT_LE(sum, 1);
  EXPECT_GT(later.of("g"), 0);
  EXPECT_NE(ErrorShares(store_, "another claim").of("a"), 0.25);
}

TEST(BudgetOfTime, begins_only_what_is_expected_to_end_in_time) {
  ManualClock clock;
  Budget budget(10, clock);
  EXPECT_TRUE(budget.fits(10));
  EXPECT_FALSE(budget.fits(6, 0.5));
  clock.advance(7);
  EXPECT_FALSE(budget.fits(4));
  budget.exclude(5);
  EXPECT_TRUE(budget.fits(4));
  EXPECT_DOUBLE_EQ(budget.left_s(), 8);
}

TEST(BudgetOfTime, keeps_free_what_follows_its_last_unit_beyond_a_tenth) {
  ManualClock clock;
  Budget budget(10, clock);
  budget.reserve(0.9);
  EXPECT_TRUE(budget.fits(10));
  budget.reserve(3);
  EXPECT_TRUE(budget.fits(8));
  EXPECT_FALSE(budget.fits(8.1));
  EXPECT_FALSE(budget.fits(4.1, 0.5));
  budget.reserve(20);
  EXPECT_FALSE(budget.fits(0));
}

TEST(BudgetOfTime, knows_how_slow_the_machine_is_within_reason) {
  Budget budget(10);
  EXPECT_DOUBLE_EQ(budget.slowness(), 1);
  budget.found_slowness(0.3);
  EXPECT_DOUBLE_EQ(budget.slowness(), 1);
  budget.found_slowness(3.5);
  EXPECT_DOUBLE_EQ(budget.slowness(), 3.5);
  budget.found_slowness(100);
  EXPECT_DOUBLE_EQ(budget.slowness(), 8);
}

TEST(BudgetOfTime, learns_from_each_unit_what_the_next_will_take) {
  ManualClock clock;
  Budget budget(100, clock);
  EXPECT_DOUBLE_EQ(budget.expected_s("open", 2), 2);
  {
    Budget::Unit unit(budget, "open", 1);
    clock.advance(4);
  }
  EXPECT_DOUBLE_EQ(budget.expected_s("open", 2), 8);
  EXPECT_DOUBLE_EQ(budget.expected_s("visit", 2), 2);
  {
    Budget::Unit unit(budget, "open", 1);
    clock.advance(2);
  }
  EXPECT_DOUBLE_EQ(budget.expected_s("open", 2), 6);
}

}  // namespace
}  // namespace tamis
