#include "tasks/agreement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "tasks/paired_scores.h"

namespace tamis {
namespace {

/// Records of a model, with what the reference makes true.
std::vector<ItemRecord> agreed(const Agreement& agreement, const std::vector<Prediction>& own,
                               const std::vector<Prediction>& reference) {
  std::vector<ItemRecord> out;
  for (std::size_t i = 0; i < own.size(); ++i)
    out.push_back({"i" + std::to_string(i), agreement.truth_of({}, reference[i]), own[i]});
  return out;
}

Prediction classes(std::vector<int> top) {
  Prediction p;
  p.top = std::move(top);
  return p;
}
Prediction boxes(std::vector<Detection> found) {
  Prediction p;
  p.boxes = std::move(found);
  return p;
}
Prediction flagged(bool yes) {
  Prediction p;
  p.anomaly.emplace();
  p.anomaly->flagged = yes;
  return p;
}

double value(const Agreement& a, const std::vector<ItemRecord>& records) {
  return a.task.statistic(records)(std::vector<std::uint32_t>(records.size(), 1));
}

TEST(Agreement, of_classifiers_without_probabilities_is_the_share_of_equal_first_classes) {
  const Agreement& a = find_agreement(TaskKind::classify);
  const std::vector<Prediction> reference{classes({3, 1}), classes({2, 1}), classes({0, 1})};
  EXPECT_EQ(value(a, agreed(a, reference, reference)), 1);
  auto records = agreed(a, {classes({3, 2}), classes({1, 2}), classes({0, 9})}, reference);
  EXPECT_DOUBLE_EQ(value(a, records), 2.0 / 3);
  EXPECT_EQ(a.task.right(records), (std::vector<std::uint8_t>{1, 0, 1}));
  EXPECT_EQ(a.task.metric, "top1_agreement");
  EXPECT_DOUBLE_EQ(a.task.figures(records).at("top1_agreement"), 2.0 / 3);
}

TEST(Agreement, of_classifiers_counts_a_change_by_how_much_surer_the_reference_was) {
  const Agreement& a = find_agreement(TaskKind::classify);
  Prediction torn = classes({2, 1}), sure = classes({0, 1});
  torn.probabilities = {0.5F, 0.375F}, sure.probabilities = {0.75F, 0.0F};
  auto records = agreed(a, {classes({1}), classes({1}), classes({9})}, {torn, sure, sure});
  EXPECT_DOUBLE_EQ(value(a, records), (0.875 + 0.25 + 0.25) / 3);
  EXPECT_EQ(a.task.right(records), std::nullopt);
  EXPECT_EQ(a.task.figures(records).at("same_class"), 0);
  const ClassFigures by_class = a.task.by_class(records);
  ASSERT_EQ(by_class.classes.size(), 2U);
  EXPECT_EQ(by_class.values(std::vector<std::uint32_t>{1, 1, 1}),
            (std::vector<std::optional<double>>{0.25, 0.875}));
}

TEST(Agreement, of_detectors_is_map50_on_the_confident_boxes) {
  const Agreement& a = find_agreement(TaskKind::detect);
  const std::vector<Prediction> reference{
      boxes({{{0, 0, 9, 9}, 0.9f, 1}, {{20, 0, 29, 9}, 0.3f, 1}, {{40, 0, 49, 9}, 0.2f, 1}})};
  Truth truth = a.truth_of({}, reference[0]);
  ASSERT_EQ(truth.boxes->size(), 2u);
  EXPECT_EQ((*truth.boxes)[0].area, 81);
  EXPECT_EQ(value(a, agreed(a, reference, reference)), 1);
  // An edge that moves by a pixel is no change.
  EXPECT_EQ(value(a, agreed(a, {boxes({{{0, 0, 10, 9}, 0.9f, 1}, {{20, 0, 29, 9}, 0.3f, 1}})},
                            reference)),
            1);
  // One of the two is lost: recall .5, of 101 points those up to .5 have precision 1.
  EXPECT_NEAR(value(a, agreed(a, {boxes({{{0, 0, 9, 9}, 0.9f, 1}})}, reference)), 51.0 / 101, 1e-9);
}

TEST(Agreement, of_anomaly_detectors_is_the_share_of_equal_decisions) {
  const Agreement& a = find_agreement(TaskKind::anomaly);
  const std::vector<Prediction> reference{flagged(true), flagged(false)};
  EXPECT_EQ(value(a, agreed(a, reference, reference)), 1);
  EXPECT_EQ(value(a, agreed(a, {flagged(false), flagged(false)}, reference)), 0.5);
  Prediction undecided;
  undecided.anomaly.emplace();
  try {
    a.truth_of({}, undecided);
    FAIL();
  } catch (const Error& e) {
    EXPECT_THAT(e.what(), ::testing::HasSubstr("--threshold"));
  }
}

TEST(Agreement, says_what_it_is_worth) {
  for (TaskKind kind : {TaskKind::classify, TaskKind::detect, TaskKind::anomaly})
    EXPECT_THAT(agreement_caveat(find_agreement(kind)),
                ::testing::HasSubstr("change, not correctness"));
}

}  // namespace
}  // namespace tamis
