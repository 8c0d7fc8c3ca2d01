#include "data/selection.h"

#include <gmock/gmock.h>

#include <map>
#include <set>

#include "data/bad_items.h"
#include "helpers.h"

namespace tamis {
namespace {

using namespace testing_data;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<Item> items_of_classes(const std::vector<int>& sizes) {
  std::vector<Item> items;
  for (std::size_t label = 0; label < sizes.size(); ++label)
    for (int i = 0; i < sizes[label]; ++i) {
      Item item;
      item.truth.label = static_cast<int>(label);
      items.push_back(item);
    }
  return items;
}

TEST(SeededSubset, is_the_same_everywhere_and_ascending) {
  EXPECT_THAT(seeded_subset(10, 20, 1), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9));
  std::vector<std::size_t> chosen = seeded_subset(1000, 5, 42);
  EXPECT_EQ(chosen, seeded_subset(1000, 5, 42));
  EXPECT_TRUE(std::is_sorted(chosen.begin(), chosen.end()));
  EXPECT_NE(chosen, seeded_subset(1000, 5, 43));
}

TEST(SeededSubset, gives_each_class_its_share) {
  std::vector<Item> items = items_of_classes({100, 50, 50, 200});
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    std::map<int, int> counts;
    for (std::size_t i : seeded_subset(items, 40, seed)) ++counts[*items[i].truth.label];
    EXPECT_NEAR(counts[0], 10, 1);
    EXPECT_NEAR(counts[1], 5, 1);
    EXPECT_NEAR(counts[2], 5, 1);
    EXPECT_NEAR(counts[3], 20, 2);
  }
}

/// Writes pictures numbered first..last-1 into a folder, and a labels.txt of class 0 when asked.
void write_pictures(const std::filesystem::path& folder, int first, int last, bool labelled) {
  std::string labels;
  for (int i = first; i < last; ++i) {
    std::string name = std::to_string(i) + ".ppm";
    write(folder / name, tiny_picture(i));
    labels += name + " 0\n";
  }
  if (labelled) write(folder / "labels.txt", labels);
}

std::set<std::string> contents(const ItemSet& set) {
  std::set<std::string> hashes;
  for (std::size_t i : set.items) hashes.insert(set.dataset->content_hash(i));
  return hashes;
}

void expect_disjoint(const CalibrationPlan& plan) {
  std::set<std::string> evaluated = contents(plan.evaluation);
  EXPECT_EQ(plan.calibration_hashes.size(), plan.calibration.items.size());
  for (const std::string& hash : plan.calibration_hashes) EXPECT_EQ(evaluated.count(hash), 0u);
  EXPECT_EQ(contents(plan.calibration),
            std::set<std::string>(plan.calibration_hashes.begin(), plan.calibration_hashes.end()));
}

TEST(CalibrationPlan, takes_calibration_from_train_and_evaluates_on_val) {
  TemporaryFolder folder;
  write_pictures(folder.path() / "train", 0, 150, true);
  write_pictures(folder.path() / "val", 200, 230, true);
  CalibrationPlan plan = plan_calibration({.data = {folder.path(), ""}});
  EXPECT_EQ(plan.calibration.items.size(), 100u);
  EXPECT_EQ(plan.calibration.split, "train");
  EXPECT_EQ(plan.evaluation.items.size(), 30u);
  EXPECT_EQ(plan.evaluation.split, "val");
  expect_disjoint(plan);
}

TEST(CalibrationPlan, sets_a_quarter_aside_when_there_is_one_set_only) {
  TemporaryFolder folder;
  write_pictures(folder.path(), 0, 40, true);
  CalibrationPlan plan = plan_calibration({.data = {folder.path(), ""}});
  EXPECT_EQ(plan.calibration.items.size(), 10u);
  EXPECT_EQ(plan.evaluation.items.size(), 30u);
  EXPECT_THAT(plan.notes, Contains(HasSubstr("10 are set aside to calibrate")));
  expect_disjoint(plan);
}

TEST(CalibrationPlan, leaves_copies_of_calibration_items_out_of_the_evaluation) {
  TemporaryFolder folder;
  write_pictures(folder.path(), 0, 40, true);
  for (int i = 0; i < 40; ++i)
    write(folder.path() / (std::to_string(i) + ".ppm"), tiny_picture(i / 2));
  CalibrationPlan plan = plan_calibration({.data = {folder.path(), ""}});
  expect_disjoint(plan);
  EXPECT_EQ(plan.calibration.items.size(), 10u);
  EXPECT_EQ(plan.evaluation.items.size(), 20u);
  EXPECT_THAT(plan.notes, Contains(HasSubstr("have the same content as calibration items: ")));
}

TEST(CalibrationPlan, passes_over_calibration_items_that_evaluate) {
  TemporaryFolder folder;
  write_pictures(folder.path() / "a", 0, 20, true);
  write_pictures(folder.path() / "b", 15, 30, false);
  CalibrationPlan plan = plan_calibration(
      {.data = {folder.path() / "a", ""}, .calibration = DataSpec{folder.path() / "b", ""}});
  EXPECT_EQ(plan.evaluation.items.size(), 20u);
  EXPECT_EQ(plan.calibration.items.size(), 10u);
  EXPECT_THAT(
      plan.notes,
      Contains(HasSubstr("5 calibration items passed over (same content as an evaluation item)")));
  expect_disjoint(plan);
}

TEST(CalibrationPlan, refuses_calibration_equal_to_evaluation) {
  TemporaryFolder folder;
  write_pictures(folder.path() / "a", 0, 20, true);
  Thrown thrown = error_of([&] {
    plan_calibration(
        {.data = {folder.path() / "a", ""}, .calibration = DataSpec{folder.path() / "a", ""}});
  });
  EXPECT_EQ(thrown.code, ErrorCode::invalid_argument);
  EXPECT_THAT(thrown.text, HasSubstr("20 have the same content as evaluation items"));
  EXPECT_THAT(thrown.text, HasSubstr("--calibration"));
}

TEST(CalibrationPlan, leaves_out_what_calibrated_the_given_model) {
  TemporaryFolder folder;
  write_pictures(folder.path(), 0, 40, true);
  CalibrationPlan quantized = plan_quantize_calibration({.data = {folder.path(), ""}});
  EXPECT_EQ(quantized.calibration.items.size(), 32u) << "a fifth is left to evaluate";
  EXPECT_EQ(quantized.evaluation.dataset, nullptr);
  EvaluationPlan plan = plan_evaluation({folder.path(), ""}, quantized.calibration_hashes);
  EXPECT_EQ(plan.evaluation.items.size(), 8u);
  EXPECT_THAT(plan.notes,
              Contains(HasSubstr(
                  "32 evaluation items left out, because they were used to calibrate the model")));
  CalibrationPlan optimised = plan_calibration({.data = {folder.path(), ""},

                                                .excluded_hashes = quantized.calibration_hashes});
  EXPECT_EQ(optimised.evaluation.items.size(), 8u) << "the same seed draws the same items first";
}

TEST(QuantizePlan, takes_a_hundred_of_one_labelled_set_and_leaves_the_rest_to_evaluate) {
  TemporaryFolder folder;
  write_pictures(folder.path(), 0, 128, true);
  CalibrationPlan plan = plan_quantize_calibration({.data = {folder.path(), ""}});
  EXPECT_EQ(plan.calibration.items.size(), 100u);
  EXPECT_THAT(
      plan.notes,
      Contains("The other 28 evaluate: eval and optimize skip the items that calibrated a model."));
  EXPECT_EQ(plan_evaluation({folder.path(), ""}, plan.calibration_hashes).evaluation.items.size(),
            28u);
  EXPECT_EQ(plan_quantize_calibration({.data = {folder.path(), ""}, .max_items = 20})
                .calibration.items.size(),
            20u);
}

TEST(QuantizePlan, takes_what_train_and_val_share_as_one_set) {
  TemporaryFolder folder;
  write(folder.path() / "data.yaml", "train: images\nval: images\nnames: [a]\n");
  for (int i = 0; i < 128; ++i) {
    write(folder.path() / ("images/" + std::to_string(i) + ".ppm"), tiny_picture(i));
    write(folder.path() / ("labels/" + std::to_string(i) + ".txt"), "0 .5 .5 1 1\n");
  }
  EXPECT_EQ(plan_quantize_calibration({.data = {folder.path(), ""}}).calibration.items.size(),
            100u);
}

TEST(CalibrationPlan, refuses_when_all_evaluation_items_calibrated_the_model) {
  TemporaryFolder folder;
  write_pictures(folder.path() / "pool", 0, 10, false);
  auto all = plan_quantize_calibration({.data = {folder.path() / "pool", ""}});
  EXPECT_EQ(all.calibration.items.size(), 10u) << "unlabelled data cannot evaluate anyway";
  Thrown thrown = error_of([&] {
    plan_evaluation({folder.path() / "pool", ""}, all.calibration_hashes);
  });
  EXPECT_EQ(thrown.code, ErrorCode::invalid_argument);
  EXPECT_THAT(thrown.text, HasSubstr("all 10 were used to calibrate the model"));
}

TEST(CalibrationPlan, passes_over_unreadable_items_and_names_them) {
  TemporaryFolder folder;
  write_pictures(folder.path() / "a", 0, 10, true);
  write(folder.path() / "b/list.txt", "gone.ppm\n20.ppm\n");
  write(folder.path() / "b/20.ppm", tiny_picture(20));
  CalibrationPlan plan =
      plan_calibration({.data = {folder.path() / "a", ""},
                        .calibration = DataSpec{folder.path() / "b/list.txt", ""}});
  EXPECT_EQ(plan.calibration.items, std::vector<std::size_t>{1});
  EXPECT_THAT(plan.notes,
              Contains(HasSubstr("1 calibration item passed over (cannot be read): gone.ppm")));
}

TEST(BadItems, names_them_and_stops_above_the_limit) {
  BadItems none;
  Thrown thrown =
      error_of([&] { none.add("a.jpg", Error(ErrorCode::not_found, "read a.jpg: no such file")); });
  EXPECT_EQ(thrown.code, ErrorCode::corrupt_data);
  EXPECT_EQ(thrown.text,
            "read data: 1 item cannot be used: a.jpg (read a.jpg: no such file); repair or remove "
            "them, or continue without them with --allow-bad 1");
  BadItems two(2);
  Error error(ErrorCode::corrupt_data, "truncated");
  two.add("b", error);
  two.add("a", error);
  two.add("b", error);
  EXPECT_EQ(two.count(), 2u);
  EXPECT_EQ(two.summary(1), "2 items cannot be used: a (truncated) and 1 more");
  EXPECT_THROW(two.add("c", error), Error);
}

}  // namespace
}  // namespace tamis
