#include "machine/noise.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "machine/noise_parts.h"
#include "machine/spin_work.h"

namespace tamis {
namespace {

TEST(CpuTimes, are_read_as_proc_5_orders_them) {
  auto times = machine::parse_cpu_times("cpu  1 2 3 40 5 6 7 8 9 10\ncpu0 1 1 1 1 1 1 1 1 0 0\n");
  ASSERT_TRUE(times);
  EXPECT_EQ(times->total, 72U);
  EXPECT_EQ(times->steal, 8U);
  EXPECT_EQ(times->busy, 1U + 2 + 3 + 6 + 7);
}

TEST(CpuTimes, are_absent_where_the_line_is_missing_or_too_old) {
  EXPECT_FALSE(machine::parse_cpu_times(""));
  EXPECT_FALSE(machine::parse_cpu_times("cpu  1 2 3 4\n"));
  EXPECT_FALSE(machine::parse_cpu_times("cpu0 1 2 3 4 5 6 7 8 9 10\n"));
}

TEST(SpinWork, is_joined_with_any_number_of_threads) {
  for (int threads : {1, 2, 5}) {
    machine::SpinWork work(threads);
    EXPECT_GE(work.passes_for(2.0), 1);
    for (int i = 0; i < 20; ++i) work.run(1);
  }
}

TEST(MeasureNoise, gives_visits_for_the_asked_time) {
  NoiseReport report = measure_noise({.seconds = 0.2, .threads = 2, .piece_ms = 0.5, .pieces = 3});
  EXPECT_GE(report.seconds, 0.2);
  EXPECT_GT(report.timer_cost_ns, 0);
  EXPECT_LT(report.timer_cost_ns, 1e5);
  EXPECT_GE(report.timer_resolution_ns, 1);
  ASSERT_GE(report.visits_ns.size(), 1U);
  EXPECT_EQ(report.pieces_ns.size(), 3 * report.visits_ns.size());
  EXPECT_GT(*std::min_element(report.visits_ns.begin(), report.visits_ns.end()), 0);
  EXPECT_NEAR(report.seconds_per_visit * static_cast<double>(report.visits_ns.size()),
              report.seconds, 1e-6);
  for (const auto& share : {report.steal_share, report.others_share, report.slowed_share}) {
    EXPECT_GE(share.value_or(0), 0);
    EXPECT_LE(share.value_or(0), 1);
  }
}

TEST(MeasureNoise, in_json_has_no_samples_and_null_for_what_is_absent) {
  NoiseReport report;
  report.pieces_ns = {1, 2, 3};
  Json json = to_json(report);
  EXPECT_EQ(json.at("pieces"), 3);
  EXPECT_TRUE(json.at("steal_share").is_null());
}

TEST(MeasureNoise, refuses_options_out_of_range) {
  auto refused = [](const NoiseOptions& options) {
    try {
      measure_noise(options);
    } catch (const Error& error) {
      return error.code() == ErrorCode::invalid_argument;
    }
    return false;
  };
  EXPECT_TRUE(refused({.seconds = 0}));
  EXPECT_TRUE(refused({.seconds = 1, .threads = 0}));
  EXPECT_TRUE(refused({.seconds = 1, .threads = 1, .piece_ms = -1}));
  EXPECT_TRUE(refused({.seconds = 1, .threads = 1, .piece_ms = 1, .pieces = 0}));
}

}  // namespace
}  // namespace tamis
