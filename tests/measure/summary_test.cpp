#include "measure/summary.h"

#include <gtest/gtest.h>

#include <cmath>

namespace tamis {
namespace {

TEST(Summary, takes_the_median_of_the_rounds_medians_in_milliseconds) {
  std::vector<VisitSample> samples{{{1e6, 2e6, 9e6}, {1e6, 1e6, 1e6}},
                                   {{3e6, 3e6, 3e6}, {1e6, 1e6, 1e6}},
                                   {{4e6, 1e6, 8e6}, {2e6, 2e6, 2e6}}};
  LatencySummary total = summarise(samples, Which::total, 0.95);
  EXPECT_DOUBLE_EQ(total.median, 3);
  EXPECT_DOUBLE_EQ(total.mean, 34.0 / 9);
  EXPECT_EQ(total.rounds, 3U);
  EXPECT_EQ(total.inferences, 9U);
  EXPECT_EQ(total.distribution, (std::vector<double>{2, 3, 4}));
  EXPECT_DOUBLE_EQ(summarise(samples, Which::inference, 0.95).median, 1);
}

TEST(Summary, has_finite_ends_with_any_number_of_rounds) {
  for (std::size_t rounds : {1U, 2U, 5U, 40U}) {
    std::vector<VisitSample> samples;
    for (std::size_t i = 0; i < rounds; ++i)
      samples.push_back({{1e6 + static_cast<double>(i)}, {1e6}});
    LatencySummary s = summarise(samples, Which::total, 0.95);
    EXPECT_TRUE(std::isfinite(s.low) && std::isfinite(s.high));
    EXPECT_LE(s.low, s.median);
    EXPECT_GE(s.high, s.median);
  }
}

TEST(Summary, gives_percentiles_only_with_enough_inferences) {
  std::vector<VisitSample> few(3, {{1e6, 2e6}, {1e6, 2e6}}), many(50, {{1e6, 2e6}, {1e6, 2e6}});
  EXPECT_FALSE(summarise(few, Which::total, 0.95).p95.has_value());
  EXPECT_FALSE(to_json(summarise(few, Which::total, 0.95)).contains("p95"));
  EXPECT_TRUE(summarise(many, Which::total, 0.95).p95.has_value());
}

TEST(Summary, of_single_times_takes_each_as_a_sample) {
  LatencySummary s = summarise_times({3e6, 1e6, 2e6}, 0.95);
  EXPECT_DOUBLE_EQ(s.median, 2);
  EXPECT_EQ(s.inferences, 3U);
}

}  // namespace
}  // namespace tamis
