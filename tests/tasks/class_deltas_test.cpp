#include "tasks/class_deltas.h"

#include <gtest/gtest.h>

#include <random>

#include "base/error.h"
#include "tasks/agreement.h"

namespace tamis {
namespace {

ItemRecord classified(const std::string& item, int truth, int first) {
  ItemRecord record{item, {}, {}};
  record.truth.label = truth;
  record.prediction.top = {first};
  return record;
}

const ClassDelta& of_label(const ClassDeltas& deltas, int label) {
  for (const ClassDelta& c : deltas.classes)
    if (c.of.label == label) return c;
  throw Error(ErrorCode::not_found, "test: no such class");
}

TEST(ClassDeltas, establish_a_clear_fall_of_one_class_alone) {
  std::vector<ItemRecord> before, after;
  for (int i = 0; i < 120; ++i) {
    const int label = i % 3;
    before.push_back(classified(std::to_string(i), label, label));
    after.push_back(classified(std::to_string(i), label, label == 1 && i < 60 ? 2 : label));
  }
  after.back() = classified(after.back().item, 2, 0);
  const ClassDeltas deltas = class_deltas(find_task(TaskKind::classify), before, after);
  ASSERT_EQ(deltas.classes.size(), 3u);
  EXPECT_EQ(deltas.intervals, 3u);
  EXPECT_EQ(deltas.classes[0].of.label, 1) << "the largest fall first";
  EXPECT_DOUBLE_EQ(deltas.classes[0].candidate, .5);
  ASSERT_TRUE(deltas.classes[0].difference);
  EXPECT_LT(deltas.classes[0].difference->high, 0);
  const ClassDelta& one = of_label(deltas, 2);
  EXPECT_DOUBLE_EQ(one.candidate, 39 / 40.0);
  EXPECT_LT(one.difference->low, 0);
  EXPECT_GT(one.difference->high, 0) << "one item in forty is not distinguishable";
}

TEST(ClassDeltas, give_no_interval_for_a_handful_of_items) {
  std::vector<ItemRecord> before, after;
  for (int i = 0; i < 4; ++i) {
    before.push_back(classified(std::to_string(i), 7, 7));
    after.push_back(classified(std::to_string(i), 7, 1));
  }
  const ClassDeltas deltas = class_deltas(find_task(TaskKind::classify), before, after);
  ASSERT_EQ(deltas.classes.size(), 1u);
  EXPECT_EQ(deltas.intervals, 0u);
  EXPECT_FALSE(deltas.classes[0].difference);
  EXPECT_EQ(deltas.classes[0].reason, "in 4 items: too few");
}

/// Pictures with objects of two classes, found with a chance, with scores at random.
struct Scene {
  std::vector<ItemRecord> before, after;
};

void add_found(const std::vector<TruthBox>& truth, double chance, std::mt19937& random,
               std::vector<Detection>& to) {
  std::uniform_real_distribution<double> uniform(0, 1);
  for (const TruthBox& t : truth) {
    const double at = uniform(random);
    const bool found = uniform(random) < chance;
    Box box = t.box;
    if (!found) box.x0 += 100, box.x1 += 100;  // beside it
    to.push_back({box, static_cast<float>(.3 + .6 * at), t.label});
  }
}

Scene scene(std::mt19937& random, std::size_t pictures, double chance_of_first) {
  Scene out;
  for (std::size_t i = 0; i < pictures; ++i) {
    ItemRecord record{std::to_string(i), {}, {}};
    record.truth.boxes = {{{0, 0, 20, 20}, 0, false, 400}, {{0, 40, 20, 60}, 1, false, 400}};
    ItemRecord after = record;
    add_found(*record.truth.boxes, .7, random, record.prediction.boxes);
    add_found(*record.truth.boxes, .7, random, after.prediction.boxes);
    after.prediction.boxes.erase(after.prediction.boxes.begin());
    std::vector<Detection> first;
    add_found({record.truth.boxes->front()}, chance_of_first, random, first);
    after.prediction.boxes.push_back(first[0]);
    out.before.push_back(std::move(record));
    out.after.push_back(std::move(after));
  }
  return out;
}

TEST(ClassDeltas, of_boxes_equal_the_figures_per_class) {
  std::mt19937 random(3);
  const Scene s = scene(random, 30, .2);
  const Task& task = find_task(TaskKind::detect);
  const ClassDeltas deltas = class_deltas(task, s.before, s.after);
  const Json before = task.figures(s.before), after = task.figures(s.after);
  for (int label : {0, 1}) {
    const ClassDelta& c = of_label(deltas, label);
    EXPECT_DOUBLE_EQ(c.baseline, before["per_class"][static_cast<std::size_t>(label)]);
    EXPECT_DOUBLE_EQ(c.candidate, after["per_class"][static_cast<std::size_t>(label)]);
    EXPECT_EQ(c.of.objects, 30u);
    EXPECT_EQ(c.of.items, 30u);
  }
  EXPECT_EQ(deltas.classes[0].of.label, 0);
  EXPECT_LT(deltas.classes[0].difference->high, 0) << "from .7 to .2 of the objects";
}

TEST(ClassDeltas, of_boxes_rarely_find_a_difference_where_there_is_none) {
  std::mt19937 random(11);
  int false_finds = 0;
  constexpr int kRuns = 60;
  for (int run = 0; run < kRuns; ++run) {
    const Scene s = scene(random, 12, .7);
    for (const ClassDelta& c : class_deltas(find_task(TaskKind::detect), s.before, s.after).classes)
      false_finds += c.difference && (c.difference->low > 0 || c.difference->high < 0) ? 1 : 0;
  }
  EXPECT_LE(false_finds, 6) << "3 are expected at most in 60 runs at 95 %";
}

TEST(ClassDeltas, of_one_prediction_with_itself_tell_why_there_is_no_interval) {
  std::mt19937 random(3);
  const Scene s = scene(random, 8, .7);
  for (const ClassDelta& c :
       class_deltas(find_task(TaskKind::detect), s.before, s.before).classes) {
    EXPECT_EQ(c.baseline, c.candidate);
    EXPECT_FALSE(c.difference);
    EXPECT_EQ(c.reason, "no resample of the items differs");
  }
}

ItemRecord anomalous(const std::string& kind, float score, std::size_t number) {
  ItemRecord record{std::to_string(number), {}, {}};
  record.truth.anomaly = AnomalyTruth{kind, {}};
  record.prediction.anomaly.emplace();
  record.prediction.anomaly->score = score;
  return record;
}

TEST(ClassDeltas, of_anomalies_are_each_kind_against_the_good_ones) {
  std::vector<ItemRecord> before, after;
  std::size_t n = 0;
  const auto add = [&](const std::string& kind, float first, float second) {
    before.push_back(anomalous(kind, first, n));
    after.push_back(anomalous(kind, second, n++));
  };
  for (int i = 0; i < 10; ++i) add("good", static_cast<float>(i), static_cast<float>(i));
  for (int i = 0; i < 6; ++i) add("crack", 20, 4.5f);
  for (int i = 0; i < 6; ++i) add("hole", 20, 20);
  const ClassDeltas deltas = class_deltas(find_task(TaskKind::anomaly), before, after);
  ASSERT_EQ(deltas.classes.size(), 2u) << "good is no class";
  EXPECT_EQ(deltas.classes[0].of.name, "crack");
  EXPECT_DOUBLE_EQ(deltas.classes[0].baseline, 1);
  EXPECT_DOUBLE_EQ(deltas.classes[0].candidate, .5);
  EXPECT_EQ(deltas.classes[0].of.objects, 6u);
  EXPECT_DOUBLE_EQ(deltas.classes[1].candidate, 1);
}

TEST(ClassDeltas, of_decisions_go_by_what_the_baseline_decided) {
  std::vector<ItemRecord> before, after;
  for (int i = 0; i < 20; ++i) {
    ItemRecord record = anomalous("good", 1, static_cast<std::size_t>(i));
    record.truth.label = i % 2;
    record.prediction.anomaly->flagged = i % 2 == 1;
    before.push_back(record);
    record.prediction.anomaly->flagged = false;
    after.push_back(record);
  }
  const ClassDeltas deltas = class_deltas(find_agreement(TaskKind::anomaly).task, before, after);
  ASSERT_EQ(deltas.classes.size(), 2u);
  EXPECT_EQ(of_label(deltas, 1).candidate, 0);
  EXPECT_EQ(of_label(deltas, 0).candidate, 1);
}

TEST(ClassDeltas, refuse_other_items_and_none) {
  const Task& task = find_task(TaskKind::classify);
  EXPECT_THROW(class_deltas(task, {}, {}), Error);
  EXPECT_THROW(
      class_deltas(task, std::vector{classified("a", 0, 0)}, std::vector{classified("b", 0, 0)}),
      Error);
}

}  // namespace
}  // namespace tamis
