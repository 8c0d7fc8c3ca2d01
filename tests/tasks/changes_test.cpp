#include "tasks/changes.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "base/error.h"
#include "base/mask.h"

namespace tamis {
namespace {

using Kind = ObjectChange::Kind;

ItemRecord boxes_on(std::vector<Detection> found, const std::string& item = "a.jpg") {
  ItemRecord record{item, {}, {}};
  record.prediction.boxes = std::move(found);
  return record;
}

std::vector<ItemChange> detector_changes(const std::vector<ItemRecord>& before,
                                         const std::vector<ItemRecord>& after) {
  return find_changes(find_task(TaskKind::detect), before, after);
}

ItemRecord classes(std::vector<int> top, std::vector<float> probabilities,
                   const std::string& item = "a.jpg") {
  ItemRecord record{item, {}, {}};
  record.prediction.top = std::move(top);
  record.prediction.probabilities = std::move(probabilities);
  return record;
}

ItemRecord anomaly(float score, std::optional<bool> flagged, std::array<std::uint8_t, 4> levels,
                   const std::string& item) {
  ItemRecord record{item, {}, {}};
  record.prediction.anomaly.emplace();
  record.prediction.anomaly->score = score;
  record.prediction.anomaly->flagged = flagged;
  record.prediction.anomaly->coarse = CoarseMap{{2, 2}, 0, 255, {levels.begin(), levels.end()}};
  return record;
}

TEST(Changes, of_equal_predictions_are_none) {
  const std::vector<ItemRecord> one{boxes_on({{{0, 0, 10, 10}, .9f, 1}, {{2, 2, 9, 9}, .1f, 1}})};
  const auto changes = detector_changes(one, one);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_FALSE(changes[0].changed);
  EXPECT_EQ(changes[0].amount, 0);
  ASSERT_EQ(changes[0].objects.size(), 1u) << "what nobody is shown is no object";
  EXPECT_EQ(changes[0].objects[0].overlap, 1);
}

TEST(Changes, tell_lost_gained_and_relabelled_objects) {
  const auto changes = detector_changes(
      {boxes_on({{{0, 0, 10, 10}, .9f, 1}, {{50, 50, 60, 60}, .8f, 2}, {{90, 0, 99, 9}, .5f, 3}})},
      {boxes_on({{{50, 50, 60, 60}, .7f, 4}, {{90, 0, 99, 9}, .4f, 3}, {{0, 80, 9, 89}, .6f, 1}})});
  const std::vector<ObjectChange>& o = changes[0].objects;
  ASSERT_EQ(o.size(), 4u);
  EXPECT_EQ(o[0].kind, Kind::lost);
  EXPECT_FALSE(o[0].after);
  EXPECT_FLOAT_EQ(o[0].amount, .9f);
  EXPECT_EQ(o[1].kind, Kind::relabelled);
  EXPECT_FLOAT_EQ(o[1].amount, .8f);
  EXPECT_EQ(o[2].kind, Kind::gained);
  EXPECT_FALSE(o[2].before);
  EXPECT_EQ(o[3].kind, Kind::same);
  EXPECT_NEAR(o[3].amount, .1, 1e-6);
  EXPECT_TRUE(changes[0].changed);
  EXPECT_NEAR(changes[0].amount, std::sqrt(.81 + .64 + .36 + .01), 1e-6);
}

TEST(Changes, weigh_an_object_that_slips_below_the_threshold_by_its_score) {
  const auto changes = detector_changes({boxes_on({{{0, 0, 10, 10}, .26f, 1}})},
                                        {boxes_on({{{0, 0, 10, 10}, .24f, 1}})});
  EXPECT_EQ(changes[0].objects[0].kind, Kind::lost);
  EXPECT_NEAR(changes[0].objects[0].amount, .02, 1e-6);
}

TEST(Changes, prefer_a_pair_that_people_see_to_an_unsure_one_that_fits_better) {
  const auto changes =
      detector_changes({boxes_on({{{0, 0, 10, 10}, .9f, 1}})},
                       {boxes_on({{{0, 0, 10, 9}, .9f, 1}, {{0, 0, 10, 10}, .1f, 1}})});
  EXPECT_EQ(changes[0].objects[0].kind, Kind::same);
  EXPECT_EQ(changes[0].objects[0].after, 0u);
  EXPECT_NEAR(changes[0].objects[0].amount, .1 * .9, 1e-6) << "by place: 1 - IoU, times the score";
}

TEST(Changes, put_a_lost_object_before_a_crowd_of_small_moves) {
  std::vector<Detection> crowd, moved;
  for (int i = 0; i < 40; ++i) {
    const auto x = static_cast<float>(20 * i);
    crowd.push_back({{x, 0, x + 10, 10}, .6f, 1});
    moved.push_back({{x, 0, x + 10, 10}, .5f, 1});
  }
  const auto changes =
      detector_changes({boxes_on(crowd, "crowd"), boxes_on({{{0, 0, 9, 9}, .4f, 1}}, "lost")},
                       {boxes_on(moved, "crowd"), boxes_on({}, "lost")});
  EXPECT_EQ(changes[0].index, 1u);
}

TEST(Changes, compare_segments_by_their_masks) {
  const Size size{10, 10};
  std::vector<std::uint8_t> left(100), half(100);
  for (std::size_t i = 0; i < 100; ++i) {
    left[i] = i % 10 < 4 ? 1 : 0;
    half[i] = i % 10 < 2 ? 1 : 0;
  }
  ItemRecord before = boxes_on({{{0, 0, 10, 10}, .8f, 1}}), after = before;
  before.prediction.mask_size = after.prediction.mask_size = size;
  before.prediction.masks = {to_text(mask_of_rows(left, size))};
  after.prediction.masks = {to_text(mask_of_rows(half, size))};
  const auto changes =
      find_changes(find_task(TaskKind::segment), std::vector{before}, std::vector{after});
  EXPECT_DOUBLE_EQ(changes[0].objects[0].overlap, .5);
  EXPECT_NEAR(changes[0].amount, .4, 1e-6);
}

TEST(Changes, put_another_first_class_before_a_larger_move) {
  const auto changes = find_changes(
      find_task(TaskKind::classify),
      std::vector{classes({1, 2}, {.95f, .05f}, "a"), classes({1, 2}, {.51f, .49f}, "b")},
      std::vector{classes({1, 2}, {.6f, .4f}, "a"), classes({2, 1}, {.52f, .48f}, "b")});
  EXPECT_EQ(changes[0].index, 1u);
  EXPECT_TRUE(changes[0].changed);
  EXPECT_NEAR(changes[0].amount, .03, 1e-6);
  EXPECT_FALSE(changes[1].changed);
  EXPECT_NEAR(changes[1].amount, .35, 1e-6);
}

TEST(Changes, bound_the_probability_of_a_class_that_was_not_kept) {
  const auto changes =
      find_changes(find_task(TaskKind::classify), std::vector{classes({1, 2}, {.7f, .2f})},
                   std::vector{classes({9, 2}, {.8f, .2f})});
  // Class 9 had .1 at most, class 1 has 0 left.
  EXPECT_NEAR(changes[0].amount, .7, 1e-6);
  const auto without = find_changes(find_task(TaskKind::classify), std::vector{classes({1}, {})},
                                    std::vector{classes({2}, {})});
  EXPECT_TRUE(without[0].changed);
}

TEST(Changes, of_anomalies_are_decisions_then_scores_and_maps_in_deviations) {
  const std::vector<ItemRecord> before{anomaly(1, false, {0, 0, 0, 0}, "a"),
                                       anomaly(3, true, {0, 0, 0, 0}, "b"),
                                       anomaly(5, true, {0, 0, 0, 255}, "c")};
  std::vector<ItemRecord> after = before;
  after[0].prediction.anomaly->score = 2;                // half a deviation (2) of the scores
  after[1].prediction.anomaly->flagged = false;          // alone
  after[2].prediction.anomaly->coarse->levels[0] = 255;  // root mean square 127.5
  const auto changes = find_changes(find_task(TaskKind::anomaly), before, after);
  EXPECT_EQ(changes[0].index, 1u);
  EXPECT_EQ(changes[0].amount, 0);
  EXPECT_EQ(changes[1].index, 2u);
  // numpy 2.4.6: 127.5 / numpy.std([0] * 11 + [255], ddof=1)
  EXPECT_NEAR(changes[1].amount, 1.7320508, 1e-6);
  EXPECT_NEAR(changes[2].amount, .5, 1e-6);
}

TEST(Changes, refuse_other_items) {
  EXPECT_THROW(detector_changes({boxes_on({}, "a")}, {boxes_on({}, "b")}), Error);
  EXPECT_THROW(detector_changes({boxes_on({}, "a")}, {}), Error);
}

}  // namespace
}  // namespace tamis
