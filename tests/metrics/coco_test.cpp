#include "metrics/coco.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/error.h"
#include "random_scenes.h"

namespace tamis {
namespace {

TruthBox truth_at(float x, int label) { return {{x, 0, x + 50, 50}, label, false, 2500}; }
Detection found_at(float x, float score, int label) { return {{x, 0, x + 50, 50}, score, label}; }

TEST(CocoEvaluation, is_one_for_perfect_detections) {
  CocoEvaluation e;
  std::vector<TruthBox> truth{truth_at(0, 0), truth_at(100, 3)};
  std::vector<Detection> found{found_at(0, 0.9f, 0), found_at(100, 0.8f, 3)};
  e.add(truth, found);
  e.add({}, {});
  CocoFigures f = e.figures();
  EXPECT_DOUBLE_EQ(*f.map50_95, 1);
  EXPECT_DOUBLE_EQ(*f.map_medium, 1);
  EXPECT_EQ(f.map_small, std::nullopt);
  ASSERT_EQ(f.per_class.size(), 4u);
  EXPECT_EQ(f.per_class[1], std::nullopt);
  EXPECT_DOUBLE_EQ(*f.per_class[3], 1);
}

TEST(CocoEvaluation, has_no_figures_without_truth) {
  CocoEvaluation e;
  std::vector<Detection> found{found_at(0, 0.9f, 0)};
  e.add({}, found);
  EXPECT_EQ(e.figures().map50_95, std::nullopt);
  EXPECT_TRUE(to_json(e.figures())["map50_95"].is_null());
  EXPECT_EQ(e.weighted_map(std::vector<std::uint32_t>{1}), 0);
}

TEST(CocoEvaluation, weighs_pictures_as_if_they_had_been_added_that_often) {
  std::mt19937 random(3);
  for (int trial = 0; trial < 10; ++trial) {
    CocoEvaluation once(300), often(300);
    std::vector<std::uint32_t> weights;
    for (int i = 0; i < 20; ++i) {
      testing::Scene s = testing::random_scene(random, {});
      weights.push_back(random() % 4);
      once.add(s.truth, s.detections);
      for (std::uint32_t k = 0; k < weights.back(); ++k) often.add(s.truth, s.detections);
    }
    EXPECT_NEAR(once.weighted_map(weights), often.figures().map50_95.value_or(0), 1e-12);
    EXPECT_NEAR(once.weighted_map50(weights), often.figures().map50.value_or(0), 1e-12);
    EXPECT_NEAR(once.weighted_map(std::vector<std::uint32_t>(20, 1)), *once.figures().map50_95,
                1e-12);
  }
}

TEST(CocoEvaluation, goes_on_after_figures_were_asked_for) {
  CocoEvaluation e;
  std::vector<TruthBox> truth{truth_at(0, 0)};
  e.add(truth, {});
  EXPECT_EQ(e.weighted_map(std::vector<std::uint32_t>{1}), 0);
  std::vector<Detection> found{found_at(0, 0.9f, 0)};
  e.add(truth, found);
  EXPECT_GT(e.weighted_map(std::vector<std::uint32_t>{1, 1}), 0.4);
}

TEST(CocoEvaluation, refuses_what_cannot_be_scored) {
  EXPECT_THROW(CocoEvaluation(0), Error);
  CocoEvaluation e;
  std::vector<TruthBox> negative{truth_at(0, -1)};
  EXPECT_THROW(e.add(negative, {}), Error);
  std::vector<Detection> found{found_at(0, std::numeric_limits<float>::quiet_NaN(), 0)};
  EXPECT_THROW(e.add({}, found), Error);
  EXPECT_EQ(e.pictures(), 0u);
  EXPECT_THROW(e.weighted_map(std::vector<std::uint32_t>{1}), Error);
}

}  // namespace
}  // namespace tamis
