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

// numpy 2.4.6: e = exp(s - max(s)); e / sum(e), in float64.
TEST(ClassProbabilities, are_the_softmax_of_logits) {
  const std::vector<float> logits{2, -1, 0.5f, 3.25f, 0};
  const std::vector<int> classes{3, 0, 4};
  const std::vector<float> p = class_probabilities(logits, classes);
  ASSERT_EQ(p.size(), 3u);
  EXPECT_NEAR(p[0], 0.712519125, 1e-7);
  EXPECT_NEAR(p[1], 0.204140147, 1e-7);
  EXPECT_NEAR(p[2], 0.027627365, 1e-7);
}

TEST(ClassProbabilities, are_the_scores_where_these_are_probabilities) {
  const std::vector<float> scores{0.5f, 0.25f, 0.203125f};  // rounded by a quantised softmax
  const std::vector<int> classes{0, 2};
  EXPECT_EQ(class_probabilities(scores, classes), (std::vector<float>{0.5f, 0.203125f}));
}

TEST(ClassProbabilities, are_absent_where_a_score_overflowed) {
  const std::vector<float> scores{0.5f, INFINITY};
  const std::vector<int> classes{0};
  EXPECT_TRUE(class_probabilities(scores, classes).empty());
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
