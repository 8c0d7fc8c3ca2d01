#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "base/error.h"
#include "vision/decoder_yolov8_seg.h"
#include "vision/prototype_mask.h"

namespace tamis {
namespace {

using ::testing::HasSubstr;

std::vector<float> random_values(std::size_t count, std::mt19937& random) {
  std::normal_distribution<float> value(0, 1);
  std::vector<float> out(count);
  for (float& v : out) v = value(random);
  return out;
}

/// Pixel by pixel, the whole map for each: never to be used in production.
Mask slow_mask(const Prototypes& p, const std::vector<float>& coefficients, const Box& box,
               const Placement& place) {
  auto w = static_cast<std::size_t>(p.width), h = static_cast<std::size_t>(p.height);
  std::vector<float> sum(w * h);
  for (std::size_t k = 0; k < coefficients.size(); ++k)
    for (std::size_t i = 0; i < sum.size(); ++i)
      sum[i] += coefficients[k] * p.values[k * w * h + i];
  auto at = [](int pixel, double scale, double pad, int input, int cells) {
    return std::clamp(((pixel + .5) * scale + pad) * cells / input - .5, 0.0, cells - 1.0);
  };
  std::vector<std::uint8_t> rows;
  for (int y = 0; y < place.picture.height; ++y)
    for (int x = 0; x < place.picture.width; ++x) {
      double sx = at(x, place.scale_x, place.pad_x, place.input.width, p.width);
      double sy = at(y, place.scale_y, place.pad_y, place.input.height, p.height);
      auto x0 = static_cast<std::size_t>(sx), y0 = static_cast<std::size_t>(sy);
      std::size_t x1 = std::min(x0 + 1, w - 1), y1 = std::min(y0 + 1, h - 1);
      auto lx = static_cast<float>(sx - static_cast<double>(x0));
      auto ly = static_cast<float>(sy - static_cast<double>(y0));
      float low = (1 - lx) * sum[y0 * w + x0] + lx * sum[y0 * w + x1];
      float high = (1 - lx) * sum[y1 * w + x0] + lx * sum[y1 * w + x1];
      auto fx = static_cast<float>(x), fy = static_cast<float>(y);
      bool in_box = fx >= box.x0 && fx < box.x1 && fy >= box.y0 && fy < box.y1;
      rows.push_back(in_box && (1 - ly) * low + ly * high > 0);
    }
  return mask_of_rows(rows, place.picture);
}

TEST(PrototypeMask, is_that_of_each_pixel_by_itself) {
  std::mt19937 random(7);
  const Placement places[] = {{{48, 90}, {64, 64}, .7, .7, .5, 15},
                              {{200, 130}, {64, 64}, .32, .32, 11, 0},
                              {{20, 24}, {64, 96}, 4, 3.2, 0, 0}};
  for (const Placement& place : places) {
    std::vector<float> values = random_values(5 * 16 * 16, random);
    Prototypes p{values.data(), 5, 16, 16};
    auto w = static_cast<float>(place.picture.width), h = static_cast<float>(place.picture.height);
    for (const Box& box : {Box{0, 0, w, h}, Box{3.5f, 2, w - 4.25f, h / 2}, Box{5, 5, 5.5f, 9},
                           Box{w, 0, w, h}, Box{5.25f, 5, 5.75f, 9}}) {
      std::vector<float> coefficients = random_values(5, random);
      EXPECT_EQ(to_text(prototype_mask(p, coefficients, box, place)),
                to_text(slow_mask(p, coefficients, box, place)));
    }
  }
}

/// One class, two anchors that do not overlap, two prototypes: the left and the right half.
std::vector<Tensor> two_objects() {
  std::vector<Tensor> out;
  out.emplace_back(DataType::f32, Shape{1, 7, 2});
  const float anchors[] = {16, 48, 32, 32, 24, 24, 40, 40, .9f, .8f, 1, 1, -1, 1};
  std::copy(std::begin(anchors), std::end(anchors), out[0].data<float>());
  out.emplace_back(DataType::f32, Shape{1, 2, 4, 4});
  for (int i = 0; i < 16; ++i) {
    out[1].data<float>()[i] = i % 4 < 2 ? 1.f : 0.f;
    out[1].data<float>()[16 + i] = i % 4 < 2 ? 0.f : 1.f;
  }
  return out;
}

const Placement kWholeImage{{64, 64}, {64, 64}, 1, 1, 0, 0};

TEST(DecodeYolov8Seg, gives_each_box_its_own_mask) {
  Segments found = decode_yolov8_seg(two_objects(), kWholeImage, {});
  ASSERT_EQ(found.boxes.size(), 2u);
  ASSERT_EQ(found.masks.size(), 2u);
  EXPECT_EQ(found.boxes[0].box, (Box{4, 12, 28, 52}));
  Mask first = parse_mask(found.masks[0], {64, 64});
  EXPECT_EQ(area(first), 24u * 40u) << "left half minus right half: all of the box on the left";
  Mask second = parse_mask(found.masks[1], {64, 64});
  EXPECT_EQ(bounds(second), (Box{36, 12, 60, 52}));
}

TEST(DecodeYolov8Seg, finds_the_outputs_in_either_order) {
  std::vector<Tensor> outputs = two_objects();
  std::swap(outputs[0], outputs[1]);
  EXPECT_EQ(decode_yolov8_seg(outputs, kWholeImage, {}).masks,
            decode_yolov8_seg(two_objects(), kWholeImage, {}).masks);
  EXPECT_EQ(yolov8_seg_class_count(
                {{"a", DataType::f32, {1, 116, 8400}}, {"b", DataType::f32, {1, 32, 160, 160}}}),
            80u);
  EXPECT_EQ(yolov8_seg_class_count({{"a", DataType::f32, {1, 36, 8400}}}), std::nullopt);
}

template <typename F>
std::string failure(F f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

TEST(DecodeYolov8Seg, refuses_other_outputs_and_values_that_are_not_finite) {
  std::vector<Tensor> one;
  one.emplace_back(DataType::f32, Shape{1, 116, 8400});
  EXPECT_THAT(failure([&] { decode_yolov8_seg(one, kWholeImage, {}); }),
              HasSubstr("gave 1 outputs"));
  one.emplace_back(DataType::f32, Shape{1, 120, 4, 4});
  EXPECT_THAT(failure([&] { decode_yolov8_seg(one, kWholeImage, {}); }),
              HasSubstr("not [1,4+classes+M,anchors] and [1,M,h,w]"));
  std::vector<Tensor> broken = two_objects();
  broken[0].data<float>()[10] = std::numeric_limits<float>::infinity();
  EXPECT_THAT(failure([&] { decode_yolov8_seg(broken, kWholeImage, {}); }),
              HasSubstr("prototype or coefficient is not finite"));
}

}  // namespace
}  // namespace tamis
