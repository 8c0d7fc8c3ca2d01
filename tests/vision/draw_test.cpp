#include "vision/draw.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "base/error.h"

namespace tamis {
namespace {

Picture plain(int height, int width, int channels, std::uint8_t value) {
  return {
      height, width, channels,
      std::vector<std::uint8_t>(static_cast<std::size_t>(height) * static_cast<std::size_t>(width) *
                                    static_cast<std::size_t>(channels),
                                value)};
}

std::array<int, 3> pixel(const Picture& p, int y, int x) {
  const std::uint8_t* at =
      &p.pixels[(static_cast<std::size_t>(y) * static_cast<std::size_t>(p.width) +
                 static_cast<std::size_t>(x)) *
                3];
  return {at[0], at[1], at[2]};
}

TEST(Draw, fits_large_pictures_and_enlarges_small_ones_by_whole_pixels) {
  EXPECT_EQ(fit_into(plain(200, 400, 3, 9), {100, 100}).size(), (Size{50, 100}));
  EXPECT_EQ(fit_into(plain(30, 32, 3, 9), {100, 100}).size(), (Size{90, 96}));
  EXPECT_EQ(fit_into(plain(2, 2, 3, 9), {100, 100}).size(), (Size{16, 16})) << "eightfold at most";
  const Picture grey = fit_into(plain(4, 4, 1, 77), {4, 4});
  EXPECT_EQ(grey.channels, 3);
  EXPECT_EQ(pixel(grey, 2, 2), (std::array<int, 3>{77, 77, 77}));
  EXPECT_THROW(fit_into({}, {4, 4}), Error);
}

TEST(Draw, keeps_boxes_and_tags_on_the_canvas) {
  Picture canvas = plain(40, 60, 3, 0);
  draw_box(canvas, {-1e6f, 10, 1e6f, 1e6f}, {255, 0, 0}, 1, Line::solid);
  EXPECT_EQ(pixel(canvas, 10, 0), (std::array<int, 3>{255, 0, 0}));
  EXPECT_EQ(pixel(canvas, 39, 59), (std::array<int, 3>{255, 0, 0}));
  EXPECT_EQ(pixel(canvas, 9, 30), (std::array<int, 3>{0, 0, 0}));
  for (int at : {-500, 0, 500}) draw_tag(canvas, at, at, "Äpfel 0.99 and a long text", {1, 2, 3});
  Picture tiny = plain(1, 1, 3, 0);
  draw_tag(tiny, 0, 0, "wider than the picture", {1, 2, 3});
  draw_box(tiny, {0, 0, 1, 1}, {9, 9, 9}, 3, Line::dashed);
}

TEST(Draw, tints_what_a_mask_covers_and_nothing_else) {
  Picture canvas = plain(4, 8, 3, 100);
  const Mask left = mask_of_rows(std::vector<std::uint8_t>{1, 0, 1, 0}, {2, 2});
  tint_mask(canvas, left, {200, 0, 100}, 0.5);
  EXPECT_EQ(pixel(canvas, 3, 3), (std::array<int, 3>{150, 50, 100}));
  EXPECT_EQ(pixel(canvas, 3, 4), (std::array<int, 3>{100, 100, 100}));
}

TEST(Draw, leaves_what_is_cold_as_it_is) {
  Picture canvas = plain(8, 8, 3, 100);
  const std::vector<float> map{0, 0, 0, 1};
  blend_heat(canvas, map, {2, 2});
  EXPECT_EQ(pixel(canvas, 0, 0), (std::array<int, 3>{100, 100, 100}));
  EXPECT_GT(pixel(canvas, 7, 7)[0], pixel(canvas, 7, 7)[2]) << "red";
  EXPECT_LT(pixel(canvas, 7, 7)[2], 60);
  EXPECT_THROW(blend_heat(canvas, map, {3, 2}), Error);
}

TEST(Draw, puts_pictures_beside_each_other_under_titles) {
  const Picture both =
      side_by_side(with_title(plain(10, 20, 3, 0), "a"), with_title(plain(6, 5, 3, 0), "b"), 4);
  EXPECT_EQ(both.width, 29);
  EXPECT_EQ(pixel(both, both.height - 1, 0), (std::array<int, 3>{0, 0, 0}));
  EXPECT_EQ(pixel(both, both.height - 1, 28), (std::array<int, 3>{255, 255, 255}));
}

}  // namespace
}  // namespace tamis
