#include "tasks/task.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "tasks/prepare.h"

namespace tamis {
namespace {

using ::testing::HasSubstr;

Card classifier() {
  Card card;
  card.input_size = {4, 4};
  card.mean = {0, 0, 0};
  card.std = {1, 1, 1};
  card.decoder = "classifier";
  return card;
}

Card detector() {
  Card card = classifier();
  card.task = TaskKind::detect;
  card.resize = ResizeRule::letterbox;
  card.decoder = "yolov8";
  return card;
}

template <typename F>
std::string error_of(F f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

TEST(Tasks, are_found_by_kind) {
  EXPECT_EQ(find_task(TaskKind::classify).metric, "top1");
  EXPECT_EQ(find_task(TaskKind::detect).metric, "map50_95");
  EXPECT_EQ(find_task(TaskKind::segment).metric, "mask_map50_95");
  EXPECT_EQ(find_task(TaskKind::segment).truth_detail, TruthDetail::masks);
}

TEST(Tasks, prepare_by_the_card) {
  Picture picture{2, 4, 3, std::vector<std::uint8_t>(24, 255)};
  Tensor input(DataType::f32, {1, 3, 4, 4});
  Placement placement;
  prepare_picture(detector(), picture, input, 0, placement);
  EXPECT_EQ(placement.pad_y, 1);
  EXPECT_EQ(input.data<float>()[0], 114 / 255.f);
  EXPECT_EQ(input.data<float>()[4], 1);
  prepare_picture(classifier(), picture, input, 0, placement);
  EXPECT_EQ(input.data<float>()[0], 1);
}

TEST(Tasks, put_a_picture_in_the_top_left_where_the_card_says_so) {
  Picture picture{3, 5, 3, std::vector<std::uint8_t>(45, 255)};
  Card card = detector();
  card.anchor = Anchor::top_left;
  Tensor input(DataType::f32, {1, 3, 4, 4});
  Placement placement;
  prepare_picture(card, picture, input, 0, placement);
  EXPECT_EQ(placement.pad_y, 0);
  EXPECT_EQ(placement.scale_y, .8);
  EXPECT_EQ(input.data<float>()[0], 1);
  EXPECT_EQ(input.data<float>()[4], 1);
  EXPECT_EQ(input.data<float>()[8], 114 / 255.f) << "int(3 * .8) rows";
}

TEST(Tasks, hand_the_outputs_to_the_decoder_by_their_roles) {
  Card card = detector();
  card.decoder = "rtdetr";
  card.outputs = {"boxes", "-", "logits"};
  std::vector<Tensor> outputs;
  for (std::int64_t width : {4, 9, 2}) outputs.emplace_back(DataType::f32, Shape{1, 1, width});
  for (int i : {0, 1, 2, 3}) outputs[0].data<float>()[i] = .5f;
  outputs[2].data<float>()[0] = -30;
  Placement whole{{4, 4}, {4, 4}, 1, 1, 0, 0};
  auto found = find_task(TaskKind::detect).predict(card, outputs, whole).boxes;
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].label, 1);
  EXPECT_EQ(found[0].box, (Box{1, 1, 3, 3}));
}

TEST(Tasks, prepare_a_grey_picture_for_a_colour_model) {
  Picture picture{4, 4, 1, std::vector<std::uint8_t>(16, 51)};
  Tensor input(DataType::f32, {1, 3, 4, 4});
  Placement placement;
  prepare_picture(classifier(), picture, input, 0, placement);
  EXPECT_EQ(input.data<float>()[47], 51 / 255.f);
}

TEST(Tasks, name_the_option_where_the_card_does_not_fit_the_model) {
  Picture picture{4, 4, 3, std::vector<std::uint8_t>(48)};
  Placement placement;
  Tensor grey(DataType::f32, {1, 1, 4, 4}), large(DataType::f32, {1, 3, 8, 8});
  EXPECT_THAT(error_of([&] { prepare_picture(classifier(), picture, grey, 0, placement); }),
              HasSubstr("--color"));
  EXPECT_THAT(error_of([&] { prepare_picture(classifier(), picture, large, 0, placement); }),
              HasSubstr("--input-size"));
  Card crop = classifier();
  crop.resize = ResizeRule::center_crop;
  Tensor input(DataType::f32, {1, 3, 4, 4});
  EXPECT_THAT(error_of([&] { prepare_picture(crop, picture, input, 0, placement); }),
              HasSubstr("--short-side"));
}

TEST(ClassifyTask, predicts_from_any_shape_with_one_long_side) {
  std::vector<Tensor> outputs;
  outputs.emplace_back(DataType::f32, Shape{1, 3, 1, 1});
  outputs[0].data<float>()[2] = 5;
  const Task& task = find_task(TaskKind::classify);
  EXPECT_EQ(task.predict(classifier(), outputs, {}).top, (std::vector<int>{2, 0, 1}));
  outputs[0].data<float>()[1] = NAN;
  EXPECT_THAT(error_of([&] { task.predict(classifier(), outputs, {}); }),
              HasSubstr("not a number"));
  outputs[0] = Tensor(DataType::f32, {1, 4, 20});
  EXPECT_THAT(error_of([&] { task.predict(classifier(), outputs, {}); }), HasSubstr("[1,4,20]"));
}

TEST(Tasks, know_the_number_of_classes_from_outputs_or_labels) {
  const Task& classify = find_task(TaskKind::classify);
  Card card = classifier();
  EXPECT_EQ(classify.class_count(card, {{"o", DataType::f32, {std::nullopt, 10}}}), 10u);
  EXPECT_EQ(classify.class_count(card, {{"o", DataType::f32, {1, std::nullopt}}}), std::nullopt);
  card.labels = {"a", "b"};
  EXPECT_EQ(classify.class_count(card, {{"o", DataType::f32, {1, std::nullopt}}}), 2u);
  EXPECT_EQ(
      find_task(TaskKind::detect).class_count(detector(), {{"o", DataType::f32, {1, 84, 8400}}}),
      80u);
}

TEST(Tasks, name_the_item_whose_truth_is_missing_or_out_of_range) {
  Truth truth;
  const Task& classify = find_task(TaskKind::classify);
  EXPECT_THAT(error_of([&] { classify.check_truth(classifier(), "cat/7.png", truth, 10); }),
              HasSubstr("cat/7.png has no label"));
  truth.label = 10;
  EXPECT_THAT(error_of([&] { classify.check_truth(classifier(), "cat/7.png", truth, 10); }),
              HasSubstr("cat/7.png has label 10, but the model has 10 classes (0..9)"));
  truth.label = 9;
  EXPECT_EQ(error_of([&] { classify.check_truth(classifier(), "cat/7.png", truth, 10); }),
            "no error");
  const Task& detect = find_task(TaskKind::detect);
  EXPECT_THAT(error_of([&] { detect.check_truth(detector(), "1.jpg", truth, 80); }),
              HasSubstr("1.jpg has no box"));
  truth.boxes = {{{0, 0, 1, 1}, 80, false, 1}};
  EXPECT_THAT(error_of([&] { detect.check_truth(detector(), "1.jpg", truth, 80); }),
              HasSubstr("1.jpg has label 80"));
}

}  // namespace
}  // namespace tamis
