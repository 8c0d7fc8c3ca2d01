#include "predict/mask_outline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace tamis {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

/// Rows of '#' and '.'.
Mask mask(const std::vector<std::string>& rows) {
  std::vector<std::uint8_t> pixels;
  for (const std::string& row : rows)
    for (const char c : row) pixels.push_back(c == '#');
  return mask_of_rows(pixels, {static_cast<int>(rows.size()), static_cast<int>(rows[0].size())});
}

TEST(MaskOutline, of_nothing_is_empty) {
  EXPECT_THAT(mask_outline(mask({"...", "..."})), IsEmpty());
}

TEST(MaskOutline, of_a_pixel_is_its_square) {
  EXPECT_THAT(mask_outline(mask({"...", "..#"})),
              ElementsAre(Pair(2, 1), Pair(3, 1), Pair(3, 2), Pair(2, 2)));
}

TEST(MaskOutline, leaves_out_points_on_straight_lines) {
  EXPECT_THAT(mask_outline(mask({"####", "####"})),
              ElementsAre(Pair(0, 0), Pair(4, 0), Pair(4, 2), Pair(0, 2)));
}

TEST(MaskOutline, follows_corners_clockwise) {
  EXPECT_THAT(mask_outline(mask({"##.", "###"})),
              ElementsAre(Pair(0, 0), Pair(2, 0), Pair(2, 1), Pair(3, 1), Pair(3, 2), Pair(0, 2)));
}

TEST(MaskOutline, is_of_the_largest_region_and_of_its_outside) {
  // Two that touch at a corner, and a ring.
  EXPECT_THAT(mask_outline(mask({"#....", ".##..", ".##.."})),
              ElementsAre(Pair(1, 1), Pair(3, 1), Pair(3, 3), Pair(1, 3)));
  EXPECT_THAT(mask_outline(mask({"###", "#.#", "###"})),
              ElementsAre(Pair(0, 0), Pair(3, 0), Pair(3, 3), Pair(0, 3)));
}

}  // namespace
}  // namespace tamis
