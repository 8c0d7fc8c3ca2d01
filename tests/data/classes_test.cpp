#include "data/classes.h"

#include <gmock/gmock.h>

#include "data/facts.h"
#include "data/selection.h"
#include "helpers.h"

namespace tamis {
namespace {

using namespace testing_data;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using How = ClassMatch::How;

ClassMatch match(const std::vector<std::string>& data, const std::vector<std::string>& model) {
  std::set<int> used;
  for (std::size_t i = 0; i < data.size(); ++i) used.insert(static_cast<int>(i));
  return match_classes(data, used, {model, model.size()});
}

const std::vector<std::string> kColours{"red", "green", "blue"};

TEST(Classes, are_matched_by_name_whatever_their_order) {
  ClassMatch same = match({"red", "green", "blue"}, kColours);
  EXPECT_EQ(same.how, How::by_name);
  EXPECT_THAT(same.to, ElementsAre(0, 1, 2));
  EXPECT_EQ(same.text, "the class names of data and model agree, in the same order");
  ClassMatch other = match({"blue", "green", "red"}, kColours);
  EXPECT_EQ(other.how, How::by_name);
  EXPECT_THAT(other.to, ElementsAre(2, 1, 0));
  EXPECT_THAT(other.text, HasSubstr("their order differs, so labels are matched by name"));
  EXPECT_FALSE(other.doubtful);
}

TEST(Classes, agree_but_for_case_blanks_and_underscores) {
  ClassMatch m = match({" Traffic_Light", "T-SHIRT", "cell phone"},
                       {"cell-phone", "traffic light ", "tshirt"});
  EXPECT_EQ(m.how, How::by_name);
  EXPECT_THAT(m.to, ElementsAre(1, 2, 0));
}

TEST(Classes, that_differ_in_case_alone_are_told_apart) {
  EXPECT_THAT(match({"a", "A", "b", "B"}, {"A", "B", "a", "b"}).to, ElementsAre(2, 0, 3, 1));
}

TEST(Classes, of_a_subset_are_matched_by_name) {
  ClassMatch m = match({"blue", "red"}, kColours);
  EXPECT_EQ(m.how, How::by_name);
  EXPECT_THAT(m.to, ElementsAre(2, 0));
  EXPECT_THAT(m.text, HasSubstr("2 classes of the model's 3 are in the data by name"));
}

TEST(Classes, that_no_label_uses_need_no_partner) {
  // Roboflow's exports begin with a category that stands above the others.
  ClassMatch m = match_classes({"colours", "blue", "green", "red"}, {1, 2, 3}, {kColours, 3});
  EXPECT_EQ(m.how, How::by_name);
  EXPECT_THAT(m.to, ElementsAre(std::nullopt, 2, 1, 0));
  EXPECT_TRUE(m.problem.empty());
}

TEST(Classes, with_the_same_name_twice_keep_their_order) {
  EXPECT_THAT(match({"crane", "crane", "dog"}, {"dog", "crane", "crane"}).to, ElementsAre(1, 2, 0));
  ClassMatch m = match({"dog", "crane"}, {"dog", "crane", "crane"});
  EXPECT_THAT(m.to, ElementsAre(0, 1)) << "the one with the same number, where counts differ";
}

TEST(Classes, without_any_agreeing_name_keep_their_numbers_with_a_warning) {
  ClassMatch m = match({"n01440764", "n01443537"}, {"tench", "goldfish"});
  EXPECT_EQ(m.how, How::by_number);
  EXPECT_TRUE(m.doubtful);
  EXPECT_TRUE(m.problem.empty());
  EXPECT_THAT(m.text, HasSubstr("none of the data's class names is the model's"));
  EXPECT_THAT(m.text, HasSubstr("n01440764 as tench"));
}

TEST(Classes, spelt_otherwise_at_the_same_places_keep_their_numbers_with_a_warning) {
  ClassMatch m = match({"person", "motorbike", "sofa"}, {"person", "motorcycle", "couch"});
  EXPECT_EQ(m.how, How::by_number);
  EXPECT_TRUE(m.doubtful);
  EXPECT_THAT(m.text, HasSubstr("motorbike as motorcycle, sofa as couch"));
}

TEST(Classes, that_can_be_neither_named_nor_counted_are_a_problem) {
  ClassMatch shifted = match({"blue", "green", "crimson"}, kColours);
  EXPECT_THAT(shifted.problem, HasSubstr("crimson of the data are none of the model's 3"));
  ClassMatch more = match({"red", "green", "blue", "yellow"}, kColours);
  EXPECT_THAT(more.problem, HasSubstr("yellow"));
  EXPECT_THAT(more.problem, HasSubstr("--labels"));
  ClassMatch many = match({"a", "b", "c", "d"}, kColours);
  EXPECT_FALSE(many.problem.empty()) << "four cannot be three";
  ClassMatch one = match({"person", "helmet"}, {"person", "bicycle", "car"});
  EXPECT_THAT(one.problem, HasSubstr("helmet")) << "a helmet is no bicycle";
}

TEST(Classes, of_a_model_without_names_are_taken_by_number) {
  ClassMatch fits = match_classes({"a", "b"}, {0, 1}, {{}, 2});
  EXPECT_EQ(fits.how, How::by_number);
  EXPECT_FALSE(fits.doubtful);
  ClassMatch fewer = match_classes({"a", "b"}, {0, 1}, {{}, 3});
  EXPECT_TRUE(fewer.doubtful);
  EXPECT_THAT(fewer.text, HasSubstr("the data name 2 classes, the model has 3 and no names"));
  EXPECT_EQ(match_classes({}, {0, 1}, {kColours, 3}).how, How::by_number);
  EXPECT_EQ(match_classes({"a"}, {}, {kColours, 3}).how, How::not_asked);
}

TEST(Classes, called_by_numbers_out_of_order_are_warned_of) {
  std::vector<std::string> names;
  for (int i = 0; i < 11; ++i) names.push_back(std::to_string(i));
  std::sort(names.begin(), names.end());  // 0 1 10 2 …, as folders are
  ClassMatch m = match_classes(names, {0, 10}, {{}, 11});
  EXPECT_TRUE(m.doubtful);
  EXPECT_THAT(m.text, HasSubstr("9 is taken as class 10"));
  std::vector<std::string> in_order;
  for (int i = 0; i < 11; ++i) in_order.push_back(std::to_string(i));
  ClassMatch named = match_classes(names, {0, 10}, {in_order, 11});
  EXPECT_EQ(named.how, How::by_name);
  EXPECT_EQ(named.to[2], 10);
}

/// A folder per class with one picture each; an empty name makes an empty folder of the next.
void write_classes(const std::filesystem::path& root, const std::vector<std::string>& filled,
                   const std::vector<std::string>& empty = {}) {
  int number = 0;
  for (const std::string& name : filled) write(root / name / "a.ppm", tiny_picture(++number));
  for (const std::string& name : empty) std::filesystem::create_directories(root / name);
}

std::vector<int> labels_of(const Dataset& data) {
  std::vector<int> labels;
  for (const Item& item : data.items()) labels.push_back(*item.truth.label);
  return labels;
}

TEST(ClassFolders, are_numbered_as_the_model_numbers_them) {
  TemporaryFolder folder;
  write_classes(folder.path(), {"blue", "green", "red"});
  auto data = open_dataset({folder.path(), "", TruthDetail::boxes, {kColours, 3}});
  EXPECT_THAT(labels_of(*data), ElementsAre(2, 1, 0));
  EXPECT_EQ(data->labels(), kColours);
  EXPECT_THAT(labels_of(*open_dataset({folder.path(), ""})), ElementsAre(0, 1, 2));
}

TEST(ClassFolders, that_are_missing_or_empty_shift_nothing) {
  TemporaryFolder folder;
  write_classes(folder.path() / "missing", {"blue", "red"});
  auto missing = open_dataset({folder.path() / "missing", "", TruthDetail::boxes, {kColours, 3}});
  EXPECT_THAT(labels_of(*missing), ElementsAre(2, 0));
  write_classes(folder.path() / "empty", {"0a", "2c"}, {"1b"});
  write(folder.path() / "empty/1b/.gitkeep", "");
  auto empty = open_dataset({folder.path() / "empty", ""});
  EXPECT_THAT(empty->labels(), ElementsAre("0a", "1b", "2c"));
  EXPECT_THAT(labels_of(*empty), ElementsAre(0, 2));
  EXPECT_THAT(to_text(count_facts(*empty), "D"), "D: 2 images of 2 classes; none of 1b");
}

TEST(YoloClasses, follow_their_names_whether_they_are_a_list_or_a_map) {
  TemporaryFolder folder;
  write(folder.path() / "images/a.ppm", tiny_picture(1));
  write(folder.path() / "labels/a.txt", "0 .5 .5 1 1\n2 .5 .5 .2 .2\n");
  for (const char* names : {"[blue, green, red]", "{2: red, 0: blue, 1: green}"}) {
    write(folder.path() / "data.yaml", std::string("val: images\nnames: ") + names + "\n");
    auto data = open_dataset({folder.path(), "", TruthDetail::boxes, {kColours, 3}});
    const auto& boxes = *data->items()[0].truth.boxes;
    EXPECT_EQ(boxes[0].label, 2);
    EXPECT_EQ(boxes[1].label, 0);
  }
}

TEST(CocoClasses, follow_the_names_of_their_categories) {
  TemporaryFolder folder;
  write(folder.path() / "a.ppm", tiny_picture(1));
  write(folder.path() / "val.json", R"({"images": [{"id": 1, "file_name": "a.ppm"}],
    "categories": [{"id": 5, "name": "Blue"}, {"id": 9, "name": "red"}],
    "annotations": [{"image_id": 1, "category_id": 5, "bbox": [0, 0, 1, 1]},
                    {"image_id": 1, "category_id": 9, "bbox": [0, 0, 2, 2]}]})");
  auto data = open_dataset({folder.path() / "val.json", "", TruthDetail::masks, {kColours, 3}});
  const auto& boxes = *data->items()[0].truth.boxes;
  EXPECT_EQ(boxes[0].label, 2);
  EXPECT_EQ(boxes[1].label, 0);
}

TEST(ListClasses, follow_the_names_in_classes_txt) {
  TemporaryFolder folder;
  write(folder.path() / "labels.txt", "a.ppm 0\nb.ppm 1\n");
  write(folder.path() / "classes.txt", "green\nred\n");
  auto data = open_dataset({folder.path(), "", TruthDetail::boxes, {kColours, 3}});
  EXPECT_THAT(labels_of(*data), ElementsAre(1, 0));
}

TEST(EvaluationPlan, refuses_classes_that_cannot_be_the_models) {
  TemporaryFolder folder;
  write_classes(folder.path(), {"red", "green", "yellow", "blue"});
  const DataSpec spec{folder.path(), "", TruthDetail::boxes, {kColours, 3}};
  Thrown thrown = error_of([&] { plan_evaluation(spec, {}); });
  EXPECT_EQ(thrown.code, ErrorCode::invalid_argument);
  EXPECT_THAT(thrown.text, HasSubstr("classes: yellow of the data are none of the model's 3"));
  EXPECT_EQ(error_of([&] { plan_calibration({.data = spec}); }).code, ErrorCode::invalid_argument);
  CalibrationPlan quantise = plan_quantize_calibration({.data = spec});
  EXPECT_THAT(quantise.notes, Contains(HasSubstr("warning: classes: yellow")))
      << "calibration needs no labels";
}

TEST(EvaluationPlan, says_what_the_data_hold_and_how_classes_were_matched) {
  TemporaryFolder folder;
  write_classes(folder.path(), {"blue", "green", "red"});
  EvaluationPlan plan = plan_evaluation({folder.path(), "", TruthDetail::boxes, {kColours, 3}}, {});
  EXPECT_THAT(plan.notes,
              ElementsAre(folder.path().string() + ": 3 images of 3 classes",
                          HasSubstr("their order differs, so labels are matched by name")));
  EXPECT_EQ(plan.about.at("pictures"), 3);
  EXPECT_EQ(plan.about.at("classes").at("matched"), "by name");
}

}  // namespace
}  // namespace tamis
