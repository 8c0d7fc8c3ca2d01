#include "vision/preprocess.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/half.h"

namespace tamis {
namespace {

using ::testing::HasSubstr;

Picture filled(int height, int width, int channels, std::uint8_t level) {
  Picture p{height, width, channels, {}};
  p.pixels.assign(static_cast<std::size_t>(height) * width * channels, level);
  return p;
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

TEST(Letterbox, keeps_the_ratio_and_puts_the_odd_border_pixel_at_the_far_side) {
  Placement p;
  // Ultralytics' LetterBox((640, 640)) of 427x640: new size 640x427, top = round(106.5 - .1) = 106.
  Picture out = letterbox(filled(427, 640, 3, 7), {640, 640}, 114, p);
  EXPECT_EQ(out.size(), (Size{640, 640}));
  EXPECT_EQ(p.pad_x, 0);
  EXPECT_EQ(p.pad_y, 106);
  EXPECT_EQ(p.scale_x, 1);
  EXPECT_EQ(out.pixels[106 * 640 * 3 - 1], 114);
  EXPECT_EQ(out.pixels[106 * 640 * 3], 7);
  EXPECT_EQ(out.pixels[533 * 640 * 3 - 1], 7);
  EXPECT_EQ(out.pixels[533 * 640 * 3], 114);
}

TEST(Letterbox, survives_a_picture_of_one_row) {
  Placement p;
  Picture out = letterbox(filled(1, 3000, 1, 9), {32, 32}, 0, p);
  EXPECT_EQ(std::count(out.pixels.begin(), out.pixels.end(), 9), 32);
}

TEST(Letterbox, refuses_a_picture_without_pixels) {
  Placement p;
  EXPECT_THAT(error_of([&] {
                letterbox({0, 4, 3, {}}, {8, 8}, 114, p);
              }),
              HasSubstr("letterbox: the image is empty"));
}

TEST(CenterCrop, cuts_the_middle_and_says_where_it_lies) {
  Placement p;
  Picture out = center_crop(filled(375, 500, 3, 50), 256, {224, 224}, p);
  EXPECT_EQ(out.size(), (Size{224, 224}));
  // torchvision: 256 x int(256 * 500 / 375) = 341; left = round((341 - 224) / 2) = round(58.5)
  // = 58.
  EXPECT_EQ(p.pad_x, -58);
  EXPECT_EQ(p.pad_y, -16);
  EXPECT_DOUBLE_EQ(p.scale_x, 341 / 500.0);
}

TEST(CenterCrop, pads_with_black_where_the_picture_is_smaller) {
  Placement p;
  Picture out = center_crop(filled(10, 10, 1, 9), 10, {13, 12}, p);
  EXPECT_EQ(p.pad_y, 1);
  EXPECT_EQ(p.pad_x, 1);
  EXPECT_EQ(out.pixels[12 + 0], 0);
  EXPECT_EQ(out.pixels[12 + 1], 9);
  EXPECT_EQ(std::count(out.pixels.begin(), out.pixels.end(), 9), 100);
}

TEST(Normalise, computes_in_float_as_frameworks_do_and_swaps_for_bgr) {
  Picture p{1, 2, 3, {10, 20, 30, 40, 50, 60}};
  Tensor out(DataType::f32, {2, 3, 1, 2});
  normalise(p, {true, 255, {0.1, 0.2, 0.3}, {0.5, 0.25, 2}}, out, 1);
  const float* x = out.data<float>() + 6;
  EXPECT_EQ(x[0], (30 / 255.f - 0.1f) / 0.5f);
  EXPECT_EQ(x[1], (60 / 255.f - 0.1f) / 0.5f);
  EXPECT_EQ(x[2], (20 / 255.f - 0.2f) / 0.25f);
  EXPECT_EQ(x[4], (10 / 255.f - 0.3f) / 2.f);
  EXPECT_EQ(out.data<float>()[0], 0);
}

TEST(Normalise, copies_levels_into_a_u8_input) {
  Picture p{1, 2, 3, {1, 2, 3, 4, 5, 6}};
  Tensor out(DataType::u8, {1, 3, 1, 2});
  normalise(p, {false, 255, {}, {}}, out);
  const auto* x = out.data<std::uint8_t>();
  EXPECT_EQ(std::vector<int>(x, x + 6), (std::vector<int>{1, 4, 2, 5, 3, 6}));
}

TEST(Normalise, makes_grey_of_colour_where_the_input_has_one_channel) {
  Picture p{1, 1, 3, {255, 0, 0}};
  Tensor out(DataType::f32, {1, 1, 1, 1});
  normalise(p, {false, 1, {0}, {1}}, out);
  EXPECT_EQ(out.data<float>()[0],
            76);  // Pillow 11.3: Image.new("RGB", (1, 1), (255, 0, 0)).convert("L")
}

TEST(Normalise, rounds_once_to_half_where_the_input_is_in_half_precision) {
  Picture p{1, 2, 3, {0, 1, 100, 254, 255, 17}};
  const Normalisation how{false, 255, {.485, .456, .406}, {.229, .224, .225}};
  Tensor whole(DataType::f32, {1, 3, 1, 2}), half(DataType::f16, {1, 3, 1, 2});
  normalise(p, how, whole);
  normalise(p, how, half);
  for (std::size_t i = 0; i < 6; ++i)
    EXPECT_EQ(half.data<std::uint16_t>()[i], float_to_half(whole.data<float>()[i])) << i;
}

TEST(Normalise, names_what_does_not_fit) {
  Tensor out(DataType::f32, {1, 3, 4, 4});
  Normalisation plain{false, 255, {0, 0, 0}, {1, 1, 1}};
  EXPECT_THAT(error_of([&] { normalise(filled(5, 4, 3, 0), plain, out); }),
              HasSubstr("the image is 5x4, the input [1,3,4,4]; give --input-size"));
  EXPECT_THAT(error_of([&] { normalise(filled(4, 4, 3, 0), plain, out, 1); }),
              HasSubstr("image 1 does not exist"));
  EXPECT_THAT(error_of([&] { normalise(filled(4, 4, 3, 0), {}, out); }),
              HasSubstr("mean and std need 3 values each"));
  Tensor whole(DataType::i32, {1, 3, 4, 4});
  EXPECT_THAT(error_of([&] { normalise(filled(4, 4, 3, 0), plain, whole); }), HasSubstr("i32"));
}

}  // namespace
}  // namespace tamis
