#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "tasks/paired_scores.h"
#include "tasks/task.h"
#include "vision/score_map.h"

namespace tamis {
namespace {

using ::testing::HasSubstr;

Card anomaly_card() {
  Card card;
  card.task = TaskKind::anomaly;
  card.input_size = {4, 4};
  card.mean = {0, 0, 0};
  card.std = {1, 1, 1};
  card.decoder = "anomaly";
  return card;
}

std::vector<Tensor> outputs(float score, std::vector<float> map, const Shape& shape) {
  std::vector<Tensor> out;
  out.emplace_back(DataType::f32, shape);
  std::copy(map.begin(), map.end(), out[0].data<float>());
  out.emplace_back(DataType::f32, Shape{1, 1});
  out[1].data<float>()[0] = score;
  return out;
}

const Task& task() { return find_task(TaskKind::anomaly); }

TEST(AnomalyTask, reads_score_and_map_in_either_order_and_flags_by_the_threshold) {
  Card card = anomaly_card();
  auto made = outputs(2.5f, {1, 2, 3, 4}, {1, 1, 2, 2});
  Prediction p = task().predict(card, made, {});
  EXPECT_EQ(p.anomaly->score, 2.5f);
  EXPECT_EQ(p.anomaly->map_size, (Size{2, 2}));
  EXPECT_FALSE(p.anomaly->flagged);
  std::swap(made[0], made[1]);
  card.threshold = 2;
  EXPECT_TRUE(*task().predict(card, made, {}).anomaly->flagged);
  card.threshold = 2.5;
  EXPECT_FALSE(*task().predict(card, made, {}).anomaly->flagged);
}

TEST(AnomalyTask, refuses_other_outputs_and_a_score_that_is_not_finite) {
  auto made = outputs(NAN, {1, 2, 3, 4}, {1, 2, 2});
  EXPECT_THROW(task().predict(anomaly_card(), made, {}), Error);
  made.pop_back();
  try {
    task().predict(anomaly_card(), made, {});
    FAIL();
  } catch (const Error& e) {
    EXPECT_THAT(e.what(), HasSubstr("f32 [1,2,2], not one f32 score"));
  }
}

// cv2 4.12: cv2.resize(np.float32([[0, 1], [2, 3]]), (4, 4), interpolation=cv2.INTER_LINEAR)
TEST(ScoreMap, is_resized_as_opencv_does_it) {
  const std::vector<float> map{0, 1, 2, 3};
  Placement whole{{4, 4}, {8, 8}, 2, 2, 0, 0};
  const std::vector<float> expected{0,   .25,  .75,  1,   .5, .75,  1.25, 1.5,
                                    1.5, 1.75, 2.25, 2.5, 2,  2.25, 2.75, 3};
  EXPECT_EQ(map_to_picture(map, {2, 2}, whole), expected);
  EXPECT_THROW(map_to_picture(map, {3, 2}, whole), Error);
}

TEST(ScoreMap, undoes_padding) {
  const std::vector<float> map{9, 9, 1, 2, 3, 4, 9, 9};  // 4 x 2: the middle rows are the picture's
  Placement padded{{2, 2}, {4, 2}, 1, 1, 0, 1};
  EXPECT_EQ(map_to_picture(map, {4, 2}, padded), (std::vector<float>{1, 2, 3, 4}));
}

ItemRecord record(const std::string& item, const std::string& kind, float score) {
  ItemRecord r{item, {}, {}};
  r.truth.anomaly = AnomalyTruth{kind, {}};
  Card card = anomaly_card();
  card.threshold = 5;
  r.prediction = task().predict(card, outputs(score, {score, 0, 0, 0}, {1, 1, 2, 2}), {});
  const Picture mask{2, 2, 1, {255, 0, 0, 0}};
  task().condense(r, {{2, 2}, {2, 2}, 1, 1, 0, 0}, kind == "good" ? nullptr : &mask);
  return r;
}

TEST(AnomalyTask, keeps_of_the_map_what_its_figures_need) {
  ItemRecord r = record("a", "crack", 7.1f);
  EXPECT_TRUE(r.prediction.anomaly->map.empty());
  ItemRecord back = parse_item_record(Json::from_msgpack(Json::to_msgpack(to_json(r))));
  EXPECT_EQ(to_json(back), to_json(r));
  EXPECT_EQ(back.prediction.anomaly->score, 7.1f);
  EXPECT_EQ(back.truth.anomaly->kind, "crack");
  ASSERT_EQ(back.prediction.anomaly->pixels->regions.size(), 1u);
  EXPECT_EQ(back.prediction.anomaly->pixels->normal.pixels, 3u);
}

TEST(AnomalyTask, has_all_figures_and_a_statistic_for_the_bootstrap) {
  std::vector<ItemRecord> records{record("a", "good", 1), record("b", "crack", 8),
                                  record("c", "good", 6), record("d", "crack", 4)};
  Json figures = task().figures(records);
  EXPECT_EQ(figures.at("auroc"), 0.75);
  EXPECT_EQ(figures.at("false_alarms"), 0.5);
  EXPECT_EQ(figures.at("found"), 0.5);
  EXPECT_TRUE(figures.at("pro").is_number());
  auto statistic = task().statistic(records);
  EXPECT_EQ(statistic(std::vector<std::uint32_t>{1, 1, 1, 1}), 0.75);
  EXPECT_EQ(statistic(std::vector<std::uint32_t>{2, 1, 0, 1}), 1);
  EXPECT_FALSE(task().right(records));
}

TEST(AnomalyTask, needs_to_know_good_from_defective) {
  try {
    task().check_truth(anomaly_card(), "x.png", {}, 2);
    FAIL();
  } catch (const Error& e) {
    EXPECT_THAT(e.what(), HasSubstr("x.png"));
  }
}

}  // namespace
}  // namespace tamis
