#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/error.h"
#include "vision/decoder_yolov8.h"

namespace tamis {
namespace {

using ::testing::HasSubstr;

struct Anchor {
  float x, y, w, h;
  std::vector<float> scores;
};

std::vector<Tensor> output_of(const std::vector<Anchor>& anchors) {
  std::size_t classes = anchors[0].scores.size(), count = anchors.size();
  std::vector<Tensor> out;
  out.emplace_back(DataType::f32, Shape{1, static_cast<std::int64_t>(4 + classes),
                                        static_cast<std::int64_t>(count)});
  auto* v = out[0].data<float>();
  for (std::size_t a = 0; a < count; ++a) {
    const Anchor& n = anchors[a];
    v[a] = n.x, v[count + a] = n.y, v[2 * count + a] = n.w, v[3 * count + a] = n.h;
    for (std::size_t c = 0; c < classes; ++c) v[(4 + c) * count + a] = n.scores[c];
  }
  return out;
}

const Placement kHalvedImage{{200, 400}, {200, 200}, 0.5, 0.5, 0, 50};

TEST(DecodeYolov8, maps_boxes_back_to_the_picture_and_clips_them) {
  auto found = decode_yolov8(output_of({{100, 100, 40, 20, {0.9f}}, {0, 50, 20, 20, {0.8f}}}),
                             kHalvedImage, {});
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].box, (Box{160, 80, 240, 120}));
  EXPECT_EQ(found[1].box, (Box{0, 0, 20, 20}));
}

TEST(DecodeYolov8, takes_every_class_over_the_threshold_and_suppresses_within_a_class) {
  auto found = decode_yolov8(
      output_of({{100, 100, 40, 40, {0.9f, 0.5f}}, {101, 100, 40, 40, {0.8f, 0.001f}}}),
      kHalvedImage, {});
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].label, 0);
  EXPECT_EQ(found[0].score, 0.9f);
  EXPECT_EQ(found[1].label, 1);
  EXPECT_EQ(found[1].score, 0.5f);
}

TEST(DecodeYolov8, refuses_what_is_not_its_output) {
  std::vector<Tensor> wrong;
  EXPECT_THROW(decode_yolov8(wrong, kHalvedImage, {}), Error);
  wrong.emplace_back(DataType::f32, Shape{1, 1000});
  try {
    decode_yolov8(wrong, kHalvedImage, {});
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::unsupported);
    EXPECT_THAT(e.what(), HasSubstr("f32 [1,1000], not f32 [1,4+classes,anchors]"));
  }
}

TEST(DecodeYolov8, fails_on_a_candidate_that_is_not_finite) {
  float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THROW(decode_yolov8(output_of({{nan, 1, 1, 1, {0.9f}}}), kHalvedImage, {}), Error);
  EXPECT_THROW(decode_yolov8(output_of({{1, 1, 1, 1, {INFINITY}}}), kHalvedImage, {}), Error);
  EXPECT_NO_THROW(decode_yolov8(output_of({{nan, 1, 1, 1, {0.0f}}}), kHalvedImage, {}));
}

TEST(DecodeYolov8, fails_on_a_score_that_is_not_a_number) {
  float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THROW(decode_yolov8(output_of({{1, 1, 1, 1, {nan}}}), kHalvedImage, {}), Error);
}

TEST(Suppress, breaks_ties_by_index_and_stops_at_the_most_wanted) {
  std::vector<Detection> same{
      {{0, 0, 1, 1}, 0.5f, 0}, {{5, 5, 6, 6}, 0.5f, 0}, {{9, 9, 10, 10}, 0.5f, 0}};
  DetectOptions two;
  two.max_detections = 2;
  auto kept = suppress(same, two);
  ASSERT_EQ(kept.size(), 2u);
  EXPECT_EQ(kept[0].box.x0, 0);
  EXPECT_EQ(kept[1].box.x0, 5);
}

TEST(Suppress, looks_only_at_the_best_candidates) {
  std::vector<Detection> many;
  for (int i = 0; i < 10; ++i)
    many.push_back({{10.f * i, 0, 10.f * i + 5, 5}, 0.1f * static_cast<float>(i), 0});
  DetectOptions few;
  few.max_candidates = 3;
  auto kept = suppress(many, few);
  ASSERT_EQ(kept.size(), 3u);
  EXPECT_EQ(kept[2].box.x0, 70);
}

TEST(FindDecoder, suggests_names) {
  EXPECT_EQ(find_decoder("yolov8").name, "yolov8");
  try {
    find_decoder("yolo8");
    FAIL();
  } catch (const Error& e) {
    EXPECT_THAT(e.what(), HasSubstr("yolov8"));
  }
}

TEST(FindDecoder, counts_classes_from_the_outputs) {
  EXPECT_EQ(find_decoder("yolov8").class_count({{"o", DataType::f32, {1, 84, 8400}}}), 80u);
  EXPECT_EQ(find_decoder("yolov8").class_count({{"o", DataType::f32, {1, std::nullopt, 8400}}}),
            std::nullopt);
}

}  // namespace
}  // namespace tamis
