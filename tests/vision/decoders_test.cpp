// The families besides yolov8, on outputs small enough to be read.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "base/error.h"
#include "vision/decoder_detr.h"
#include "vision/decoder_end2end.h"
#include "vision/decoder_ssd.h"
#include "vision/decoder_yolov5.h"
#include "vision/decoder_yolox.h"

namespace tamis {
namespace {

using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

const Placement kWhole{{64, 64}, {64, 64}, 1, 1, 0, 0};
const Placement kHalved{{64, 128}, {64, 64}, 0.5, 0.5, 0, 16};

Tensor tensor(const Shape& shape, const std::vector<float>& values) {
  Tensor out(DataType::f32, shape);
  std::copy(values.begin(), values.end(), out.data<float>());
  return out;
}

template <typename... T>
std::vector<Tensor> outputs(T... tensors) {
  std::vector<Tensor> out;
  (out.push_back(std::move(tensors)), ...);
  return out;
}

std::string failure(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& e) {
    return std::string(to_text(e.code())) + ": " + e.what();
  }
  return "no error";
}

void expect_box(const Box& box, const Box& wanted) {
  EXPECT_NEAR(box.x0, wanted.x0, 1e-4);
  EXPECT_NEAR(box.y0, wanted.y0, 1e-4);
  EXPECT_NEAR(box.x1, wanted.x1, 1e-4);
  EXPECT_NEAR(box.y1, wanted.y1, 1e-4);
}

TEST(DecodeYolov5, multiplies_objectness_and_score_and_takes_every_class) {
  auto out = outputs(tensor({1, 3, 7}, {32, 32, 8, 8, .5f,    .8f, .1f,     //
                                        33, 32, 8, 8, .9f,    .4f, .0005f,  //
                                        10, 30, 4, 4, .0005f, 1,   1}));
  auto found = decode_yolov5(out, kHalved, {});
  ASSERT_EQ(found.size(), 2u) << "the second overlaps the first, the third has no objectness";
  EXPECT_FLOAT_EQ(found[0].score, .4f);
  EXPECT_EQ(found[0].label, 0);
  expect_box(found[0].box, {56, 24, 72, 40});
  EXPECT_FLOAT_EQ(found[1].score, .05f);
  EXPECT_EQ(found[1].label, 1);
  EXPECT_EQ(yolov5_class_count({{"out", DataType::f32, {1, 25200, 85}}}), 80u);
}

TEST(DecodeYolov5, does_not_read_raw_heads) {
  auto out =
      outputs(tensor({1, 1, 6}, {32, 32, 8, 8, .5f, .8f}), Tensor(DataType::f32, {1, 3, 8, 8, 6}));
  EXPECT_EQ(decode_yolov5(out, kWhole, {}).size(), 1u);
}

/// An input of 64 x 64 has 64 + 16 + 4 cells.
Tensor yolox_output() {
  Tensor out(DataType::f32, {1, 84, 7});
  auto set = [&](int cell, std::vector<float> values) {
    std::copy(values.begin(), values.end(), out.data<float>() + cell * 7);
  };
  set(8 + 2, {.5f, .25f, std::log(2.f), 0, 1, .5f, .4f});   // stride 8: row 1, column 2
  set(64 + 16 + 3, {0, 0, 0, std::log(.5f), .5f, .1f, 1});  // stride 32: row 1, column 1
  return out;
}

TEST(DecodeYolox, places_boxes_by_cell_and_takes_the_best_class) {
  auto found = decode_yolox(outputs(yolox_output()), kWhole, {});
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].label, 0);
  EXPECT_EQ(found[0].score, .5f);
  expect_box(found[0].box, {20 - 8, 10 - 4, 20 + 8, 10 + 4});
  EXPECT_EQ(found[1].label, 1);
  expect_box(found[1].box, {16, 24, 48, 40});
}

TEST(DecodeYolox, reads_decoded_boxes_as_they_are) {
  auto found =
      decode_yolox_decoded(outputs(tensor({1, 1, 7}, {32, 32, 8, 4, .5f, .2f, .8f})), kWhole, {});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].label, 1);
  EXPECT_FLOAT_EQ(found[0].score, .4f);
  expect_box(found[0].box, {28, 30, 36, 34});
}

TEST(DecodeYolox, refuses_positions_that_are_not_the_grids) {
  EXPECT_THAT(failure([] {
                decode_yolox(outputs(Tensor(DataType::f32, {1, 86, 7})), kWhole, {});
              }),
              HasSubstr("unsupported: decode yolox: the output has 86 positions"));
}

TEST(DecodeEnd2end, takes_rows_as_they_are) {
  auto found = decode_end2end(outputs(tensor({1, 3, 6}, {0, 16, 32, 48, .3f, 5,  //
                                                         1, 17, 32, 48, .9f, 5,  //
                                                         0, 0, 9, 9, .0001f, 1})),
                              kHalved, {});
  ASSERT_EQ(found.size(), 2u) << "no suppression";
  EXPECT_EQ(found[0].score, .9f);
  EXPECT_EQ(found[1].label, 5);
  expect_box(found[1].box, {0, 0, 64, 64});
}

TEST(DecodeEnd2end, refuses_classes_that_are_none) {
  auto with_class = [](float label) {
    return failure([=] {
      decode_end2end(outputs(tensor({1, 1, 6}, {0, 0, 1, 1, .5f, label})), kWhole, {});
    });
  };
  EXPECT_THAT(with_class(.5f),
              HasSubstr("backend_failed: decode end2end: row 0 has the class 0.5"));
  EXPECT_THAT(with_class(-1), HasSubstr("row 0 has the class -1"));
  EXPECT_THAT(with_class(std::numeric_limits<float>::quiet_NaN()), HasSubstr("class nan"));
  EXPECT_THAT(failure([] {
                decode_end2end(outputs(tensor({1, 1, 5}, {0, 0, 1, 1, 1})), kWhole, {});
              }),
              HasSubstr("output 0 is f32 [1,1,5], not f32 [1,?,6]"));
}

TEST(DecodeRtdetrTopk, reads_centres_and_fractions) {
  auto found = decode_rtdetr_topk(outputs(tensor({1, 2, 6}, {.5f, .25f, .5f, .5f, .9f, 2,  //
                                                             0, 0, 0, 0, 0, 0})),
                                  kWhole, {});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].label, 2);
  EXPECT_FLOAT_EQ(found[0].score, .9f);
  expect_box(found[0].box, {16, 0, 48, 32});
}

TEST(DecodeDetr, takes_the_best_class_of_the_softmax_but_the_last) {
  // Softmax of (ln 3, ln 1, ln 4) is (.375, .125, .5).
  auto logits = tensor({1, 2, 3}, {std::log(3.f), 0, std::log(4.f), 0, 0, 20});
  auto boxes = tensor({1, 2, 4}, {.5f, .5f, .25f, .5f, .1f, .1f, .1f, .1f});
  auto found = decode_detr(outputs(logits.clone(), boxes.clone()), kWhole, {});
  ASSERT_EQ(found.size(), 1u) << "the second query is no object";
  EXPECT_FLOAT_EQ(found[0].score, .375f);
  EXPECT_EQ(found[0].label, 0);
  expect_box(found[0].box, {24, 16, 40, 48});
  DetectOptions swapped;
  swapped.order = {1, 0};
  EXPECT_EQ(decode_detr(outputs(boxes.clone(), logits.clone()), kWhole, swapped).size(), 1u);
  EXPECT_THAT(failure([&] { decode_detr(outputs(boxes.clone(), logits.clone()), kWhole, {}); }),
              HasSubstr("output 1 is f32 [1,2,3], not f32 [1,2,4]"));
}

TEST(DecodeRtdetr, takes_the_best_of_all_queries_classes) {
  auto logits = tensor({1, 2, 2}, {0, std::log(3.f), -20, std::log(.25f)});
  auto boxes = tensor({1, 2, 4}, {.5f, .5f, .25f, .5f, .5f, .5f, 1, 1});
  DetectOptions two;
  two.max_detections = 2;
  auto found = decode_rtdetr(outputs(std::move(logits), std::move(boxes)), kWhole, two);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_FLOAT_EQ(found[0].score, .75f);
  EXPECT_EQ(found[0].label, 1);
  EXPECT_FLOAT_EQ(found[1].score, .5f);
  EXPECT_EQ(found[1].label, 0);
}

TEST(DecodeDetrScores, takes_the_best_score_of_each_query) {
  auto found = decode_detr_scores(
      outputs(tensor({1, 2, 6}, {.5f, .5f, .5f, .5f, .2f, .7f, 0, 0, 0, 0, 0, .0001f})), kWhole,
      {});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].label, 1);
  expect_box(found[0].box, {16, 16, 48, 48});
}

TEST(DecodeSsd, reads_as_many_as_the_count_says_in_any_order_of_outputs) {
  auto boxes = tensor({1, 3, 4}, {.25f, .5f, .75f, 1, 0, 0, 1, 1, 0, 0, 1, 1});
  auto classes = tensor({1, 3}, {7, 2, 9}), scores = tensor({1, 3}, {.6f, .9f, .8f});
  auto found = decode_ssd(outputs(boxes.clone(), classes.clone(), scores.clone(), tensor({1}, {2})),
                          kWhole, {});
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].label, 2);
  EXPECT_EQ(found[1].label, 7);
  expect_box(found[1].box, {32, 16, 64, 48});
  DetectOptions order;
  order.order = {2, 3, 1, 0};
  Tensor count(DataType::i64, {1}), whole(DataType::i64, {1, 3});
  count.data<std::int64_t>()[0] = 1;
  whole.data<std::int64_t>()[0] = 7;
  found = decode_ssd_from_1(
      outputs(std::move(count), scores.clone(), boxes.clone(), std::move(whole)), kWhole, order);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].label, 6);
}

TEST(DecodeSsd, refuses_counts_and_classes_that_are_none) {
  auto with = [](float count, float label) {
    return failure([=] {
      decode_ssd_from_1(outputs(Tensor(DataType::f32, {1, 1, 4}), tensor({1, 1}, {label}),
                                tensor({1, 1}, {.5f}), tensor({1}, {count})),
                        kWhole, {});
    });
  };
  EXPECT_THAT(with(2, 1), HasSubstr("the count of detections is 2.0"));
  EXPECT_THAT(with(std::numeric_limits<float>::quiet_NaN(), 1), HasSubstr("is nan"));
  EXPECT_THAT(with(1, 0), HasSubstr("has the class -1"));
}

TEST(Decoders, refuse_what_is_not_their_output_and_what_is_not_finite) {
  float nan = std::numeric_limits<float>::quiet_NaN();
  for (const Decoder& d : decoders()) {
    EXPECT_THAT(failure([&] { d.decode({}, kWhole, {}); }), HasSubstr("unsupported: decode "))
        << d.name;
    EXPECT_FALSE(d.outputs.empty()) << d.name;
  }
  auto broken = tensor({1, 1, 6}, {32, 32, 8, 8, nan, .5f});
  EXPECT_THAT(failure([&] { decode_yolov5(outputs(broken.clone()), kWhole, {}); }),
              HasSubstr("backend_failed: decode yolov5: a box or score is not finite"));
  EXPECT_THAT(failure([&] { decode_yolox_decoded(outputs(broken.clone()), kWhole, {}); }),
              HasSubstr("not finite"));
  EXPECT_THAT(failure([&] {
                decode_end2end(outputs(tensor({1, 1, 6}, {nan, 0, 1, 1, .5f, 0})), kWhole, {});
              }),
              HasSubstr("not finite"));
  EXPECT_THAT(failure([&] {
                decode_detr_scores(outputs(tensor({1, 1, 5}, {nan, 0, 1, 1, .5f})), kWhole, {});
              }),
              HasSubstr("not finite"));
  EXPECT_THAT(failure([&] {
                decode_rtdetr(outputs(tensor({1, 1, 1}, {nan}), tensor({1, 1, 4}, {0, 0, 1, 1})),
                              kWhole, {});
              }),
              HasSubstr("not finite"));
  EXPECT_THAT(failure([&] {
                decode_detr(outputs(tensor({1, 1, 2}, {nan, 0}), tensor({1, 1, 4}, {0, 0, 1, 1})),
                            kWhole, {});
              }),
              HasSubstr("not finite"));
}

}  // namespace
}  // namespace tamis
