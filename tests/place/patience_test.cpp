#include "place/patience.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace tamis {
namespace {

TEST(Patience, grows_with_what_the_work_should_take_from_a_minute_on) {
  EXPECT_DOUBLE_EQ(patience_for_items(32, 0).limit_s, 60);
  EXPECT_DOUBLE_EQ(patience_for_items(32, 0.05).limit_s, 60 + 20 * 1.6);
  EXPECT_DOUBLE_EQ(*patience_for_items(32, 0.05).expected_s, 1.6);
  EXPECT_DOUBLE_EQ(patience_to_open(3).limit_s, 120);
  // 100 pictures through a net of 30 ms: under a quarter of an hour.
  EXPECT_GT(patience_to_build(100, 0.03).limit_s, 600);
  EXPECT_LT(patience_to_build(100, 0.03).limit_s, 900);
}

TEST(Patience, is_multiplied_by_the_environment) {
  ::setenv("TAMIS_PATIENCE", "10", 1);
  EXPECT_DOUBLE_EQ(patience_for_items(1, 0).limit_s, 600);
  ::setenv("TAMIS_PATIENCE", "nonsense", 1);
  EXPECT_DOUBLE_EQ(patience_for_items(1, 0).limit_s, 60);
  ::unsetenv("TAMIS_PATIENCE");
}

TEST(GuessedInference, is_on_the_slow_side) {
  EXPECT_GT(guessed_inference_s(4.35e9), 0.05);  // yolov8n: 30 ms on two cores
  EXPECT_DOUBLE_EQ(guessed_inference_s(0), 1);
}

}  // namespace
}  // namespace tamis
