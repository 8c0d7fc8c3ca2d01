#include <gtest/gtest.h>

#include "measure/interleave.h"
#include "measure/worker_contestant.h"
#include "stats/paired.h"
#include "support/fake.h"

namespace tamis {
namespace {

/// Time of a / time of b over real visits of some instances of both.
RatioEstimate measure(const Json& first, const Json& second) {
  testing::FakeBackend fake;
  RoundTable table;
  std::vector<RoundFailure> failures;
  for (std::size_t instance = 0; instance < 5; ++instance) {
    WorkerContestant a(fake.place(), {"a", fake.request(first), {}}),
        b(fake.place(), {"b", fake.request(second), {}});
    for (std::size_t i = 0; i < 12; ++i) {
      Round round = run_round({&a, &b}, 1, i, failures);
      round.instance = instance;
      table.add(round);
    }
  }
  EXPECT_TRUE(failures.empty());
  return paired_ratio(table.pair("a", "b"), 0.95);
}

TEST(MeasuredVerdict, tells_a_difference_of_eight_percent_both_ways) {
  Json fast{{"latency_us", 1000}, {"jitter", 0.02}};
  Json slow{{"latency_us", 1080}, {"jitter", 0.02}, {"seed", 2}};
  RatioEstimate faster = measure(fast, slow), slower = measure(slow, fast);
  EXPECT_EQ(verdict(faster), Verdict::faster);
  EXPECT_NEAR(faster.ratio, 1 / 1.08, 0.02);
  EXPECT_EQ(verdict(slower), Verdict::slower);
  EXPECT_NEAR(slower.ratio, 1.08, 0.02);
}

TEST(MeasuredVerdict, sees_no_large_difference_between_equals) {
  Json behaviour{{"latency_us", 1000}, {"jitter", 0.02}};
  RatioEstimate equal = measure(behaviour, behaviour);
  EXPECT_NEAR(equal.ratio, 1, 0.02);
}

}  // namespace
}  // namespace tamis
