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

constexpr std::array<int, 3> kBlack{0, 0, 0}, kWhite{255, 255, 255};

/// How many pixels of the rows from..to (exclusive) are of the colour.
int count(const Picture& p, const std::array<int, 3>& colour, int from = 0, int to = -1) {
  int found = 0;
  for (int y = from; y < (to < 0 ? p.height : to); ++y)
    for (int x = 0; x < p.width; ++x) found += pixel(p, y, x) == colour ? 1 : 0;
  return found;
}

/// How many pixels are nearer to white than to black, whatever smooths the letters' edges.
int bright(const Picture& p) {
  int found = 0;
  for (int y = 0; y < p.height; ++y)
    for (int x = 0; x < p.width; ++x) {
      const auto [r, g, b] = pixel(p, y, x);
      found += r + g + b > 3 * 128 ? 1 : 0;
    }
  return found;
}

TEST(Draw, keeps_boxes_on_the_canvas) {
  Picture canvas = plain(40, 60, 3, 0);
  draw_box(canvas, {-1e6f, 10, 1e6f, 1e6f}, {255, 0, 0}, 1, Line::solid);
  EXPECT_EQ(pixel(canvas, 10, 0), (std::array<int, 3>{255, 0, 0}));
  EXPECT_EQ(pixel(canvas, 39, 59), (std::array<int, 3>{255, 0, 0}));
  EXPECT_EQ(pixel(canvas, 9, 30), kBlack);
  EXPECT_EQ(count(canvas, {255, 0, 0}), 2 * 60 + 2 * 28);
  Picture dashed = plain(40, 60, 3, 0);
  draw_box(dashed, {0, 10, 59, 39}, {255, 0, 0}, 1, Line::dashed);
  EXPECT_GT(count(dashed, {255, 0, 0}), 60);
  EXPECT_LT(count(dashed, {255, 0, 0}), 2 * 60 + 2 * 28 - 40);
}

TEST(Draw, moves_tags_onto_the_canvas) {
  constexpr std::array<int, 3> kGround{1, 2, 3};
  Picture inside = plain(40, 80, 3, 0);
  draw_tag(inside, 10, 30, "cat", {1, 2, 3});
  const int ground = count(inside, kGround);
  EXPECT_GT(ground, 200);
  EXPECT_GT(bright(inside), 20) << "the letters";
  EXPECT_EQ(count(inside, kGround, 31), 0) << "its lower left corner is at (10, 30)";
  EXPECT_EQ(pixel(inside, 29, 9), kBlack);
  EXPECT_EQ(pixel(inside, 29, 10), kGround);
  for (int at : {-500, 500}) {
    Picture moved = plain(40, 80, 3, 0);
    draw_tag(moved, at, at, "cat", {1, 2, 3});
    EXPECT_EQ(count(moved, kGround), ground);
    EXPECT_EQ(pixel(moved, at < 0 ? 0 : 39, at < 0 ? 0 : 79), kGround);
  }
  Picture tiny = plain(1, 1, 3, 0);
  draw_tag(tiny, 0, 0, "wider than the picture", {1, 2, 3});
  EXPECT_EQ(pixel(tiny, 0, 0), kGround);
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

TEST(Draw, outlines_a_mask_where_it_ends) {
  Picture canvas = plain(40, 40, 3, 100);
  const Mask left = mask_of_rows(std::vector<std::uint8_t>{1, 0, 1, 0}, {2, 2});
  outline_mask(canvas, left, {200, 0, 100}, 1);
  EXPECT_GT(pixel(canvas, 20, 19)[0], 180) << "smoothed: nearly the colour";
  EXPECT_LT(pixel(canvas, 20, 19)[1], 20);
  EXPECT_EQ(pixel(canvas, 20, 10), (std::array<int, 3>{100, 100, 100})) << "inside";
  EXPECT_EQ(pixel(canvas, 20, 30), (std::array<int, 3>{100, 100, 100})) << "outside";
}

TEST(Draw, writes_a_title_into_a_strip_above_the_picture) {
  const Picture titled = with_title(plain(10, 60, 3, 7), "a title"),
                untitled = with_title(plain(10, 60, 3, 7), "");
  const int strip = titled.height - 10;
  ASSERT_GT(strip, 0);
  EXPECT_EQ(count(untitled, kWhite), strip * 60);
  EXPECT_LT(count(titled, kWhite, 0, strip), strip * 60) << "the letters";
  EXPECT_EQ(count(titled, {7, 7, 7}, strip), 10 * 60);
}

TEST(Draw, puts_pictures_beside_each_other) {
  const Picture both = side_by_side(plain(10, 20, 3, 0), plain(6, 5, 3, 9), 4);
  EXPECT_EQ(both.size(), (Size{10, 29}));
  EXPECT_EQ(count(both, kBlack), 10 * 20);
  EXPECT_EQ(count(both, {9, 9, 9}), 6 * 5);
  EXPECT_EQ(pixel(both, 0, 22), kWhite) << "the gap";
  EXPECT_EQ(pixel(both, 9, 28), kWhite) << "below the shorter";
  EXPECT_EQ(pixel(both, 5, 24), (std::array<int, 3>{9, 9, 9}));
}

}  // namespace
}  // namespace tamis
