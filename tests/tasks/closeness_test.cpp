#include "tasks/closeness.h"

#include <gtest/gtest.h>

namespace tamis {
namespace {

Detection box(float x, float score, int label) { return {{x, 0, x + 10, 10}, score, label}; }

Prediction with(std::vector<Detection> boxes) { return {{}, std::move(boxes)}; }

TEST(BoxCloseness, is_one_for_the_same_boxes_and_absent_without_any) {
  EXPECT_EQ(box_closeness(with({box(0, .9F, 1), box(50, .3F, 2)}),
                          with({box(50, .3F, 2), box(0, .9F, 1)})),
            1);
  EXPECT_EQ(box_closeness(with({}), with({})), std::nullopt);
  EXPECT_EQ(box_closeness(with({box(0, .05F, 1)}), with({})), std::nullopt);
}

TEST(BoxCloseness, falls_with_a_moved_box_a_moved_score_and_another_class) {
  // A shift by 1 of 10: IoU 9 / 11.
  EXPECT_NEAR(*box_closeness(with({box(0, .9F, 1)}), with({box(1, .9F, 1)})), 9.0 / 11, 1e-6);
  EXPECT_NEAR(*box_closeness(with({box(0, .9F, 1)}), with({box(0, .7F, 1)})), .8, 1e-6);
  EXPECT_EQ(box_closeness(with({box(0, .9F, 1)}), with({box(0, .9F, 2)})), 0);
}

TEST(BoxCloseness, counts_what_only_one_side_finds) {
  const Prediction one = with({box(0, .9F, 1)}), two = with({box(0, .9F, 1), box(50, .9F, 1)});
  EXPECT_NEAR(*box_closeness(one, two), .75, 1e-6);
  EXPECT_NEAR(*box_closeness(two, one), .75, 1e-6);
  EXPECT_EQ(box_closeness(one, with({})), 0);
}

TEST(BoxCloseness, finds_the_counterpart_below_the_least_score) {
  EXPECT_NEAR(*box_closeness(with({box(0, .11F, 1)}), with({box(0, .09F, 1)})), .98, 1e-6);
}

}  // namespace
}  // namespace tamis
