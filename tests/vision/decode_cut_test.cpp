#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <random>

#include "base/error.h"
#include "vision/decoder_yolov8.h"
#include "vision/decoder_yolov8_cut.h"
#include "vision/decoder_yolov8_seg.h"
#include "vision/decoder_yolov8_seg_cut.h"
#include "vision/fast_exp.h"

namespace tamis {
namespace {

using ::testing::HasSubstr;

Tensor random_map(std::int64_t channels, std::int64_t height, std::int64_t width, float centre,
                  unsigned seed) {
  std::mt19937 random(seed);
  Tensor map(DataType::f32, {1, channels, height, width});
  for (std::int64_t i = 0; i < map.elements(); ++i)
    map.data<float>()[i] = centre + static_cast<float>(random() % 8001) / 1000 - 4;
  return map;
}

/// Three levels of an input of 128x192, 16 bins, 5 classes.
std::vector<Tensor> random_maps(unsigned seed) {
  std::vector<Tensor> maps;
  for (int stride : {8, 16, 32}) {
    maps.push_back(random_map(64, 128 / stride, 192 / stride, 0, seed + stride));
    maps.push_back(random_map(5, 128 / stride, 192 / stride, -5, seed + stride + 1));
  }
  return maps;
}

const Placement kPicture{{256, 400}, {128, 192}, 0.48, 0.48, 0, 2};

TEST(FastExp, is_exact_to_rounding) {
  for (float x = -87; x < 88; x += 0.0137F) {
    const double exact = std::exp(static_cast<double>(x));
    EXPECT_NEAR(fast_exp(x) / exact, 1, 2.5e-7) << x;
  }
}

// NumPy 2.4.6: softmax over 4 bins, expected bin, corners around the cell's centre, times 8.
TEST(Yolov8Uncut, gives_numpys_figures) {
  std::vector<Tensor> maps;
  maps.emplace_back(DataType::f32, Shape{1, 16, 2, 2});
  for (int i = 0; i < 64; ++i) maps[0].data<float>()[i] = static_cast<float>(i * 7 % 11 - 5) / 4;
  maps.emplace_back(DataType::f32, Shape{1, 2, 2, 2});
  const std::array<float, 8> logits{-3, 2, -9, 0.5F, 1, -8, -7, -6.5F};
  std::copy(logits.begin(), logits.end(), maps[1].data<float>());
  const Tensor all = yolov8_uncut(maps, {16, 16});
  const std::array<float, 24> expected{
      0.80411F,  14.3795F,  1.6205F,   16.18731F, 1.6205F,   6.3795F,   12.0F,     9.6205F,
      24.67906F, 26.31184F, 26.31184F, 22.69622F, 26.31184F, 26.31184F, 21.55285F, 26.31184F,
      0.047426F, 0.880797F, 0.000123F, 0.622459F, 0.731059F, 0.000335F, 0.000911F, 0.001501F};
  ASSERT_EQ(all.shape(), (Shape{1, 6, 4}));
  for (std::size_t i = 0; i < expected.size(); ++i)
    EXPECT_NEAR(all.data<float>()[i], expected[i], 1e-5) << i;
}

TEST(DecodeYolov8Cut, finds_what_the_uncut_decoder_finds) {
  for (unsigned seed : {1U, 2U, 3U}) {
    const std::vector<Tensor> maps = random_maps(seed);
    std::vector<Tensor> whole;
    whole.push_back(yolov8_uncut(maps, kPicture.input));
    const auto expected = decode_yolov8(whole, kPicture, {});
    const auto found = decode_yolov8_cut(maps, kPicture, {});
    ASSERT_EQ(found.size(), expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      EXPECT_EQ(found[i].label, expected[i].label) << i;
      EXPECT_NEAR(found[i].score, expected[i].score, 1e-6) << i;
      EXPECT_NEAR(found[i].box.x0, expected[i].box.x0, 1e-3) << i;
      EXPECT_NEAR(found[i].box.y1, expected[i].box.y1, 1e-3) << i;
    }
  }
}

// YOLO26 has no bins: a map's four channels are the distances.
TEST(DecodeYolov8Cut, reads_distances_without_bins) {
  std::vector<Tensor> maps;
  maps.emplace_back(DataType::f32, Shape{1, 4, 2, 2});
  for (int i = 0; i < 16; ++i) maps[0].data<float>()[i] = static_cast<float>(i + 1) / 10;
  maps.emplace_back(DataType::f32, Shape{1, 1, 2, 2});
  const std::array<float, 4> logits{-20, -20, 3, -20};  // the cell at (0, 1)
  std::copy(logits.begin(), logits.end(), maps[1].data<float>());
  const Placement whole{{16, 16}, {16, 16}};
  const auto found = decode_yolov8_cut(maps, whole, {});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_NEAR(found[0].box.x0, (.5 - .3) * 8, 1e-5);
  EXPECT_NEAR(found[0].box.y0, (1.5 - .7) * 8, 1e-5);
  EXPECT_NEAR(found[0].box.x1, (.5 + 1.1) * 8, 1e-5);
  EXPECT_NEAR(found[0].box.y1, 16, 1e-5);  // clipped: (1.5 + 1.5) * 8
  const Tensor uncut = yolov8_uncut(maps, {16, 16});
  const float* columns = uncut.data<float>();  // centre x, centre y, width, height, score
  EXPECT_NEAR(columns[2], (.5 + (1.1 - .3) / 2) * 8, 1e-5);
  EXPECT_NEAR(columns[8 + 2], (.3 + 1.1) * 8, 1e-5);
}

TEST(DecodeYolov8Cut, computes_nothing_where_no_class_is_above_the_threshold) {
  std::vector<Tensor> maps = random_maps(4);
  for (std::size_t i = 0; i < maps.size(); ++i)  // boxes that would fail if they were looked at
    for (std::int64_t k = 0; k < maps[i].elements(); ++k)
      maps[i].data<float>()[k] = i % 2 == 0 ? std::numeric_limits<float>::quiet_NaN() : -20.0F;
  EXPECT_TRUE(decode_yolov8_cut(maps, kPicture, {}).empty());
}

/// The same with three mask coefficients per position and their prototypes.
std::vector<Tensor> random_segmenter(unsigned seed) {
  std::vector<Tensor> maps = random_maps(seed);
  for (int stride : {8, 16, 32})
    maps.push_back(random_map(3, 128 / stride, 192 / stride, 0, seed + stride + 2));
  maps.push_back(random_map(3, 32, 48, 0, seed));
  return maps;
}

TEST(DecodeYolov8SegCut, finds_what_the_uncut_decoder_finds) {
  for (unsigned seed : {1U, 2U}) {
    const std::vector<Tensor> maps = random_segmenter(seed);
    std::vector<Tensor> whole;
    whole.push_back(yolov8_seg_uncut(maps, kPicture.input));
    whole.push_back(maps.back().clone());
    ASSERT_EQ(whole[0].shape(), (Shape{1, 4 + 5 + 3, 504}));
    const Segments expected = decode_yolov8_seg(whole, kPicture, {});
    const Segments found = decode_yolov8_seg_cut(maps, kPicture, {});
    ASSERT_EQ(found.boxes.size(), expected.boxes.size());
    ASSERT_FALSE(found.boxes.empty());
    std::size_t same = 0;
    for (std::size_t i = 0; i < found.boxes.size(); ++i) {
      EXPECT_EQ(found.boxes[i].label, expected.boxes[i].label) << i;
      EXPECT_NEAR(found.boxes[i].score, expected.boxes[i].score, 1e-6) << i;
      EXPECT_NEAR(found.boxes[i].box.x0, expected.boxes[i].box.x0, 1e-3) << i;
      same += found.masks[i] == expected.masks[i] ? 1 : 0;
    }
    EXPECT_GE(same + 3, found.boxes.size()) << "a pixel at a box's rounded edge may fall elsewhere";
  }
}

TEST(DecodeYolov8SegCut, refuses_what_are_not_its_outputs) {
  const auto failure = [](const std::vector<Tensor>& maps) {
    try {
      decode_yolov8_seg_cut(maps, kPicture, {});
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::unsupported);
      return std::string(e.what());
    }
    return std::string("accepted");
  };
  std::vector<Tensor> maps = random_segmenter(1);
  maps.pop_back();
  EXPECT_THAT(failure(maps), HasSubstr("gave 9 outputs"));
  maps = random_segmenter(1);
  maps[7] = random_map(2, 8, 12, 0, 1);
  EXPECT_THAT(failure(maps), HasSubstr("the coefficients [1,2,8,12] fit neither"));
  maps = random_segmenter(1);
  maps[7] = random_map(3, 4, 12, 0, 1);
  EXPECT_THAT(failure(maps), HasSubstr("the coefficients [1,3,4,12] fit neither"));
}

std::string failure(const std::vector<Tensor>& maps, ErrorCode code) {
  try {
    decode_yolov8_cut(maps, kPicture, {});
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), code);
    return e.what();
  }
  return "accepted";
}

TEST(DecodeYolov8Cut, fails_on_values_that_are_not_finite) {
  std::vector<Tensor> maps = random_maps(5);
  maps[1].data<float>()[7] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(failure(maps, ErrorCode::backend_failed), HasSubstr("not finite"));
}

TEST(DecodeYolov8Cut, refuses_what_are_not_its_maps) {
  EXPECT_THAT(failure({}, ErrorCode::unsupported), HasSubstr("gave 0 outputs"));
  std::vector<Tensor> maps = random_maps(6);
  maps.pop_back();
  EXPECT_THAT(failure(maps, ErrorCode::unsupported), HasSubstr("gave 5 outputs"));
  maps = random_maps(6);
  maps[0] = random_map(62, 16, 24, 0, 1);
  EXPECT_THAT(failure(maps, ErrorCode::unsupported), HasSubstr("[1,62,16,24]"));
  maps = random_maps(6);
  maps[2] = random_map(64, 7, 12, 0, 1);
  EXPECT_THAT(failure(maps, ErrorCode::unsupported), HasSubstr("[1,64,7,12]"));
  maps[2] = random_map(64, 7, 12, 0, 1), maps[3] = random_map(5, 7, 12, 0, 1);
  EXPECT_THAT(failure(maps, ErrorCode::unsupported), HasSubstr("no whole stride"));
}

}  // namespace
}  // namespace tamis
