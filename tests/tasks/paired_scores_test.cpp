#include "tasks/paired_scores.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../metrics/random_scenes.h"
#include "base/error.h"

namespace tamis {
namespace {

std::vector<ItemRecord> classified(const std::vector<int>& first) {
  std::vector<ItemRecord> out;
  for (std::size_t i = 0; i < first.size(); ++i)
    out.push_back({"i" + std::to_string(i), {0, std::nullopt}, {{first[i], 7}, {}}});
  return out;
}

std::vector<ItemRecord> detected(unsigned seed, float spoil) {
  std::mt19937 random(seed);
  std::vector<ItemRecord> out;
  for (int i = 0; i < 40; ++i) {
    testing::Scene s = testing::random_scene(random, {});
    for (Detection& d : s.detections) d.box.x0 -= spoil;
    out.push_back({"i" + std::to_string(i), {std::nullopt, s.truth}, {{}, s.detections}});
  }
  return out;
}

TEST(PairedScores, count_pairs_of_a_right_or_wrong_metric) {
  const Task& task = find_task(TaskKind::classify);
  PairedScores scores(task, classified({0, 0, 1, 0}), classified({0, 1, 1, 1}));
  EXPECT_EQ(scores.items(), 4u);
  EXPECT_DOUBLE_EQ(scores.baseline(), 0.75);
  EXPECT_DOUBLE_EQ(scores.candidate(), 0.25);
  EXPECT_DOUBLE_EQ(scores.baseline(std::vector<std::uint32_t>{0, 0, 2, 2}), 0.5);
  auto counts = std::get<PairedCounts>(scores.evidence());
  EXPECT_EQ(counts.both, 1u);
  EXPECT_EQ(counts.only_baseline, 2u);
  EXPECT_EQ(counts.neither, 1u);
}

TEST(PairedScores, give_moments_of_average_precision) {
  const Task& task = find_task(TaskKind::detect);
  PairedScores scores(task, detected(1, 0), detected(1, 6));
  EXPECT_GT(scores.baseline(), scores.candidate());
  auto moments = std::get<PairedMoments>(scores.evidence({200, 1}));
  EXPECT_DOUBLE_EQ(moments.baseline, scores.baseline());
  EXPECT_DOUBLE_EQ(moments.candidate, scores.candidate());
  EXPECT_GT(moments.covariance, 0);
  EXPECT_EQ(moments.items, 40u);
}

TEST(PairedScores, refuse_items_that_differ) {
  const Task& task = find_task(TaskKind::classify);
  std::vector<ItemRecord> a = classified({0, 0}), b = classified({0, 0});
  b[1].item = "other";
  EXPECT_THROW(PairedScores(task, a, b), Error);
  EXPECT_THROW(PairedScores(task, a, classified({0})), Error);
  EXPECT_THROW(PairedScores(task, {}, {}), Error);
  b = a;
  b[0].truth.label.reset();
  EXPECT_THROW(PairedScores(task, a, b), Error);
}

TEST(EstimateMetric, is_wilson_or_a_bootstrap) {
  Estimate top1 = estimate_metric(find_task(TaskKind::classify), classified({0, 0, 1, 0}), 0.95);
  EXPECT_DOUBLE_EQ(top1.value, 0.75);
  // Wilson 1927 by hand, z = 1.96: (3 + z²/2 − z √(3/4 + z²/4)) / (4 + z²).
  EXPECT_NEAR(top1.interval.low, 0.3006, 1e-3);
  std::vector<ItemRecord> records = detected(1, 0);
  Estimate map = estimate_metric(find_task(TaskKind::detect), records, 0.95, {200, 1});
  EXPECT_DOUBLE_EQ(map.value, find_task(TaskKind::detect).figures(records)["map50_95"]);
  EXPECT_LT(map.interval.low, map.value);
  EXPECT_GT(map.interval.high, map.value);
  EXPECT_THROW(estimate_metric(find_task(TaskKind::detect), {}, 0.95), Error);
}

}  // namespace
}  // namespace tamis
