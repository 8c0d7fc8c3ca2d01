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

std::vector<VisitSample> rounds_of(std::size_t instances, std::size_t rounds) {
  std::vector<VisitSample> samples;
  for (std::size_t i = 0; i < instances * rounds; ++i) {
    const double own = 1e6 * (1 + 0.1 * static_cast<double>(i / rounds));
    const double ns = own + static_cast<double>(i * 7919 % 13);
    samples.push_back({{ns}, {ns}});
    samples.back().instance = i / rounds;
  }
  return samples;
}

TEST(Summary, has_an_interval_over_instances_from_three_on) {
  EXPECT_FALSE(summarise(rounds_of(1, 40), Which::total, 0.95).interval);
  EXPECT_FALSE(summarise(rounds_of(2, 40), Which::total, 0.95).interval);
  const LatencySummary s = summarise(rounds_of(3, 5), Which::total, 0.95);
  ASSERT_TRUE(s.interval);
  EXPECT_EQ(s.instances, 3U);
  EXPECT_LT(s.interval->low, 1.0);  // instances of 1.0, 1.1 and 1.2 ms: the next may be beyond
  EXPECT_GT(s.interval->high, 1.2);
  EXPECT_LE(s.interval->low, s.median);
}

TEST(Summary, has_no_interval_within_an_instance_from_five_rounds) {
  EXPECT_FALSE(summarise(rounds_of(1, 1), Which::total, 0.95).within);
  EXPECT_FALSE(summarise(rounds_of(1, 5), Which::total, 0.95).within);
  EXPECT_TRUE(summarise(rounds_of(1, 40), Which::total, 0.95).within);
  const Json one = write_document(timing_of(summarise(rounds_of(1, 1), Which::total, 0.95)));
  for (const char* end : {"low", "high", "within_low", "within_high"})
    EXPECT_TRUE(one.at(end).is_null()) << end;
}

TEST(Summary, of_times_that_were_not_taken_has_no_interval) {
  std::vector<VisitSample> samples = rounds_of(4, 5);
  for (VisitSample& sample : samples) sample.prepare_ns = {0};
  EXPECT_FALSE(summarise(samples, Which::prepare, 0.95).interval);
}

TEST(Summary, of_a_comparison_says_why_there_is_no_interval) {
  const RatioEstimate none = paired_ratio({{2, 2}, {1, 1}, {0, 1}}, 0.95);
  EXPECT_EQ(to_text(none, 2), "2.00 (no interval: 2 instances; an interval needs 3)");
  EXPECT_FALSE(ratio_of(none).low);
  EXPECT_EQ(ratio_of(none).no_interval, "2 instances; an interval needs 3");
  const RatioEstimate some = paired_ratio({{2, 2, 2}, {1, 1, 1}, {0, 1, 2}}, 0.95);
  EXPECT_EQ(to_text(some, 2), "2.00 [2.00, 2.00]");
  EXPECT_FALSE(ratio_of(some).no_interval);
}

TEST(Summary, gives_percentiles_only_with_enough_inferences) {
  std::vector<VisitSample> few(3, {{1e6, 2e6}, {1e6, 2e6}}), many(50, {{1e6, 2e6}, {1e6, 2e6}});
  EXPECT_FALSE(summarise(few, Which::total, 0.95).p95.has_value());
  EXPECT_FALSE(timing_of(summarise(few, Which::total, 0.95)).p95);
  EXPECT_TRUE(summarise(many, Which::total, 0.95).p95.has_value());
}

TEST(Summary, of_single_times_takes_each_as_a_sample) {
  LatencySummary s = summarise_times({3e6, 1e6, 2e6}, 0.95);
  EXPECT_DOUBLE_EQ(s.median, 2);
  EXPECT_EQ(s.inferences, 3U);
}

}  // namespace
}  // namespace tamis
