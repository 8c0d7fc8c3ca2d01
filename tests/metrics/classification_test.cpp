#include "metrics/classification.h"

#include <gtest/gtest.h>

#include <cmath>

namespace tamis {
namespace {

TEST(TopClasses, are_best_first_with_ties_to_the_lower_class) {
  std::vector<float> scores{0.1f, 0.7f, 0.7f, -2, 0.9f, 0.1f};
  EXPECT_EQ(top_classes(scores), (std::vector<int>{4, 1, 2, 0, 5}));
  EXPECT_EQ(top_classes(std::span(scores).first(2)), (std::vector<int>{1, 0}));
}

TEST(ScoreClassification, counts_the_first_and_the_first_five) {
  std::vector<ClassRecord> records{
      {0, {0, 1, 2, 3, 4}}, {0, {1, 2, 3, 4, 0}}, {2, {2}}, {2, {1, 0, 3, 4, 5, 2}}};
  ClassificationFigures f = score_classification(records);
  EXPECT_DOUBLE_EQ(f.top1, 0.5);
  EXPECT_DOUBLE_EQ(f.top5, 0.75);
  ASSERT_EQ(f.per_class.size(), 3u);
  EXPECT_DOUBLE_EQ(f.per_class[0], 0.5);
  EXPECT_TRUE(std::isnan(f.per_class[1]));
  EXPECT_EQ(to_json(f).dump(), R"({"top1":0.5,"top5":0.75,"per_class":[0.5,null,0.5]})");
}

TEST(ScoreClassification, is_zero_without_records) { EXPECT_EQ(score_classification({}).top1, 0); }

}  // namespace
}  // namespace tamis
