#include "eval/parent_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tamis {
namespace {

using ::testing::HasSubstr;

/// Predicts class i for item i, whose label is i + `off`.
std::vector<ItemRecord> classified(int off) {
  std::vector<ItemRecord> records;
  for (int i = 0; i < 12; ++i) {
    ItemRecord record{std::to_string(i), {}, {}};
    record.truth.label = i + off;
    record.prediction.top = {i, i + 40, i + 50, i + 60, i + 70};
    records.push_back(record);
  }
  return records;
}

/// Finds the one object of each picture, as class 3.
std::vector<ItemRecord> detected(int label, float at) {
  std::vector<ItemRecord> records;
  for (int i = 0; i < 12; ++i) {
    ItemRecord record{std::to_string(i), {}, {}};
    record.truth.boxes = {{{10, 10, 60, 60}, label, false, 2500}};
    record.prediction.boxes = {{{at, at, at + 50, at + 50}, 0.9F, 3}};
    records.push_back(record);
  }
  return records;
}

const Task& classify() { return find_task(TaskKind::classify); }
const Task& detect() { return find_task(TaskKind::detect); }

TEST(WrongLabels, that_count_from_one_are_named) {
  EXPECT_THAT(wrong_labels(classify(), classified(1), 100).value_or(""), HasSubstr("count from 1"));
  EXPECT_THAT(wrong_labels(classify(), classified(-1), 100).value_or(""),
              HasSubstr("one more it would be 1.000"));
}

TEST(WrongLabels, are_not_blamed_where_no_shift_helps) {
  EXPECT_FALSE(wrong_labels(classify(), classified(7), 100));
}

TEST(WrongLabels, of_boxes_that_are_right_are_named) {
  EXPECT_THAT(wrong_labels(detect(), detected(5, 10), 80).value_or(""),
              HasSubstr("in another order than the model's"));
}

TEST(WrongLabels, of_boxes_that_lie_elsewhere_are_not_blamed) {
  EXPECT_FALSE(wrong_labels(detect(), detected(5, 200), 80));
}

TEST(ChanceOfAtLeast, is_the_binomial_tail) {
  EXPECT_NEAR(chance_of_at_least(0, 10, 0.1), 1, 1e-12);
  // By hand: 1 - .9^10, and .1^2.
  EXPECT_NEAR(chance_of_at_least(1, 10, 0.1), 0.6513215599, 1e-9);
  EXPECT_NEAR(chance_of_at_least(2, 2, 0.1), 0.01, 1e-12);
}

}  // namespace
}  // namespace tamis
