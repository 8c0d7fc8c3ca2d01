#include "metrics/anomaly.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include "../support/referee.h"
#include "base/error.h"

namespace tamis {
namespace {

/// 200 scores with many ties, and classes, from C's old linear congruential generator.
struct Series {
  std::vector<float> scores;
  std::vector<std::uint8_t> positive;
  Series() {
    std::uint64_t x = 1;
    const auto next = [&] { return (x = (x * 1103515245 + 12345) % 2147483648) >> 16; };
    for (int i = 0; i < 200; ++i) {
      const auto v = next() % 40;
      positive.push_back(next() % 3 == 0 ? 1 : 0);
      scores.push_back((static_cast<float>(v) + 10.f * positive.back()) / 8);
    }
  }
};

// scikit-learn 1.9.1: roc_auc_score(y, s), and with sample_weight.
TEST(Auroc, is_that_of_scikit_learn_with_ties) {
  Series s;
  std::vector<std::uint32_t> weights(200, 1);
  EXPECT_NEAR(WeightedAuroc(s.scores, s.positive).at(weights), 0.7404395604395604, 1e-14);
  for (std::uint32_t i = 0; i < 200; ++i) weights[i] = i * 7 % 4;
  EXPECT_NEAR(WeightedAuroc(s.scores, s.positive).at(weights), 0.7450123121764913, 1e-14);
}

TEST(Auroc, is_0_where_a_class_is_missing_and_refuses_what_is_no_number) {
  const std::vector<float> scores{1, 2};
  const std::vector<std::uint8_t> both{0, 1};
  EXPECT_EQ(WeightedAuroc(scores, both).at(std::vector<std::uint32_t>{1, 0}), 0);
  EXPECT_THROW(WeightedAuroc(scores, both).at(std::vector<std::uint32_t>{1}), Error);
  const std::vector<float> nan{1, std::numeric_limits<float>::quiet_NaN()};
  EXPECT_THROW(WeightedAuroc(nan, both), Error);
}

TEST(PixelScores, lose_nothing_where_there_are_no_more_than_runs) {
  PixelScores s = condense({3, 1, 2}, 4);
  EXPECT_THAT(s.medians, ::testing::ElementsAre(3, 2, 1));
  EXPECT_EQ(s.run_length(1), 1u);
}

TEST(PixelScores, are_runs_of_equal_length_else) {
  std::vector<float> scores(1000);
  std::iota(scores.begin(), scores.end(), 0.f);
  PixelScores s = condense(scores, 64);
  ASSERT_EQ(s.medians.size(), 64u);
  std::uint64_t all = 0;
  for (std::size_t k = 0; k < 64; ++k) {
    EXPECT_GE(s.run_length(k), 15u);
    EXPECT_LE(s.run_length(k), 16u);
    all += s.run_length(k);
  }
  EXPECT_EQ(all, 1000u);
}

TEST(AnomalyPixels, tell_regions_by_sides_and_corners) {
  const std::vector<std::uint8_t> mask{1, 0, 0, 9,  //
                                       0, 1, 0, 0,  //
                                       0, 0, 0, 1};
  std::vector<float> scores(12);
  std::iota(scores.begin(), scores.end(), 0.f);
  AnomalyPixels p = condense_map(scores, mask, {3, 4});
  ASSERT_EQ(p.regions.size(), 3u);
  EXPECT_THAT(p.regions[0].medians, ::testing::ElementsAre(5, 0));
  EXPECT_THAT(p.regions[1].medians, ::testing::ElementsAre(3));
  EXPECT_THAT(p.regions[2].medians, ::testing::ElementsAre(11));
  EXPECT_EQ(p.normal.pixels, 8u);
  EXPECT_THROW(condense_map(scores, mask, {3, 3}), Error);
}

// By hand: one region of 2 and 4 normal pixels. Found 1/2 at rate 0, 1 from rate 1/4 on.
TEST(PerRegionOverlap, is_linear_between_thresholds_and_cut_at_the_rate) {
  const std::vector<std::uint8_t> mask{1, 1, 0, 0, 0, 0};
  const std::vector<float> scores{9, 7, 8, 1, 2, 3};
  AnomalyPixels p = condense_map(scores, mask, {1, 6});
  const std::vector<const AnomalyPixels*> one{&p};
  // (0, .5) - (.25, .5) - (.25, 1) - (.3, 1)
  EXPECT_NEAR(*per_region_overlap(one, 0.3), (0.25 * 0.5 + 0.05 * 1) / 0.3, 1e-12);
  EXPECT_NEAR(*pixel_auroc(one), 7.0 / 8, 1e-12);
}

TEST(AnomalyFigures, are_absent_where_undefined) {
  AnomalyFigures none = score_anomalies(std::vector<AnomalyRecord>{{1, false}, {2, false}});
  EXPECT_FALSE(none.auroc);
  EXPECT_FALSE(none.pro);
  EXPECT_FALSE(none.false_alarms);
  AnomalyFigures some = score_anomalies(
      std::vector<AnomalyRecord>{{1, false, true}, {2, true, true}, {3, true, false}});
  EXPECT_EQ(some.auroc, 1);
  EXPECT_EQ(some.false_alarms, 1);
  EXPECT_EQ(some.found, 0.5);
}

/// Pictures with defects of several sizes that score higher, smoothly.
TEST(AnomalyReferee, pro_and_pixel_auroc_are_those_of_a_plain_numpy_evaluation) {
  if (auto why = testing::referee_missing(); !why.empty()) GTEST_SKIP() << why;
  TemporaryFolder folder;
  constexpr int kSide = 120;
  std::mt19937 random(5);
  std::normal_distribution<float> noise;
  std::vector<float> scores;
  std::vector<std::uint8_t> masks;
  std::vector<AnomalyPixels> pixels;
  constexpr int kPictures = 24;
  for (int n = 0; n < kPictures; ++n) {
    std::vector<std::uint8_t> mask(kSide * kSide);
    for (int r = 0; r < n % 4; ++r) {
      const int y = static_cast<int>(random() % 100), x = static_cast<int>(random() % 100);
      const int h = 1 + static_cast<int>(random() % 19), w = 1 + static_cast<int>(random() % 19);
      for (int i = y; i < y + h; ++i)
        for (int j = x; j < x + w; ++j) mask[static_cast<std::size_t>(i * kSide + j)] = 255;
    }
    std::vector<float> map;
    const float level = noise(random);
    for (std::uint8_t m : mask) map.push_back(0.2f * level + noise(random) + (m != 0 ? 1.5f : 0));
    pixels.push_back(condense_map(map, mask, {kSide, kSide}));
    scores.insert(scores.end(), map.begin(), map.end());
    masks.insert(masks.end(), mask.begin(), mask.end());
  }
  std::vector<const AnomalyPixels*> all;
  for (const AnomalyPixels& p : pixels) all.push_back(&p);
  testing::write_raw(folder.path() / "scores.bin", scores.data(), scores.size());
  testing::write_raw(folder.path() / "masks.bin", masks.data(), masks.size());
  save_json(
      folder.path() / "cases.json",
      {{"side", kSide}, {"pro", *per_region_overlap(all)}, {"pixel_auroc", *pixel_auroc(all)}});
  EXPECT_TRUE(testing::referee_agrees("metrics/referee_anomaly.py", folder.path()));
}

}  // namespace
}  // namespace tamis
