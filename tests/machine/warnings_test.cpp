#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "machine/noise.h"

namespace tamis {
namespace {

using ::testing::HasSubstr;

TEST(SuspiciousConditions, are_none_on_a_quiet_machine) {
  Fingerprint f;
  f.memory_bytes = f.memory_available_bytes = std::uint64_t{8} << 30;
  f.governor = "performance";
  f.on_battery = false;
  EXPECT_TRUE(suspicious_conditions(f).empty());
}

TEST(SuspiciousConditions, each_come_with_a_remedy) {
  Fingerprint f;
  f.logical_cores = f.affinity_cores = 4;
  f.physical_cores = 2;
  f.smt = true;
  f.load_1min = 3.5;
  f.governor = "powersave";
  f.cpu_quota_cores = 1.5;
  f.on_battery = true;
  f.memory_bytes = std::uint64_t{16} << 30;
  f.memory_available_bytes = std::uint64_t{512} << 20;
  f.swap_used_bytes = std::uint64_t{1} << 30;
  auto found = suspicious_conditions(f);
  ASSERT_EQ(found.size(), 7U);
  for (const EnvironmentWarning& w : found) EXPECT_FALSE(w.text.empty() || w.remedy.empty());
  EXPECT_EQ(found[0].text, "the load average is 3.5 on 4 cores: other programs use the CPU");
  EXPECT_THAT(found[1].text, HasSubstr("limits this process to 1.5 of 4 cores"));
  EXPECT_THAT(found[1].remedy, HasSubstr("at most 1 thread,"));
  EXPECT_EQ(found[5].text, "1.07 GB of memory is swapped out");
  EXPECT_EQ(found[6].text, "only 537 MB of memory is free");
}

NoiseReport quiet_report() {
  NoiseReport report;
  report.timer_cost_ns = report.timer_resolution_ns = 25;
  report.steal_share = report.others_share = 0;
  report.throttle_events = 0;
  return report;
}

TEST(SuspiciousConditions, are_none_after_a_quiet_measurement_or_one_that_could_read_little) {
  EXPECT_TRUE(suspicious_conditions(quiet_report()).empty());
  EXPECT_TRUE(suspicious_conditions(NoiseReport()).empty());
}

TEST(SuspiciousConditions, name_what_the_measurement_saw) {
  NoiseReport report = quiet_report();
  report.steal_share = 0.034;
  report.others_share = 0.5;
  report.throttle_events = 7;
  report.drift_ratio = 1.2;
  report.timer_cost_ns = 900;
  auto found = suspicious_conditions(report);
  ASSERT_EQ(found.size(), 5U);
  for (const EnvironmentWarning& w : found) EXPECT_FALSE(w.remedy.empty());
  EXPECT_THAT(found[0].text, HasSubstr("3.4 % of the CPU's time"));
  EXPECT_THAT(found[1].text, HasSubstr("other processes used 50 %"));
  EXPECT_THAT(found[2].text, HasSubstr("slowed down 7 times"));
  EXPECT_THAT(found[3].text, HasSubstr("1.2 times as long"));
  EXPECT_THAT(found[4].text, HasSubstr("900 ns a reading"));
}

}  // namespace
}  // namespace tamis
