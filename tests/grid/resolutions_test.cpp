#include "grid/resolutions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "vision/shape_set.h"

namespace tamis {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Size kOwn{640, 640};

TEST(Resolution, is_written_in_one_way) {
  EXPECT_EQ(resolution_text(parse_resolution("512")), "512x512");
  EXPECT_EQ(resolution_text(parse_resolution("480x640+640x480")), "480x640+640x480");
  for (const char* bad : {"", "x", "480x", "0x3", "480x640+", "4.5"})
    EXPECT_THROW(parse_resolution(bad), Error) << bad;
}

TEST(Resolution, refuses_more_shapes_than_fit_memory) {
  try {
    parse_resolution("32+64+96+128+160");
    FAIL();
  } catch (const Error& e) {
    EXPECT_THAT(e.what(), HasSubstr("give at most 4"));
  }
}

TEST(ShapeFor, takes_the_smallest_that_costs_no_detail) {
  const std::vector<Size> shapes{{480, 640}, {640, 480}, {640, 640}};
  EXPECT_EQ(shape_for({427, 640}, shapes), 0U);
  EXPECT_EQ(shape_for({1280, 960}, shapes), 1U);
  EXPECT_EQ(shape_for({600, 640}, shapes), 2U);
  EXPECT_EQ(shape_for({10, 4000}, shapes), 0U);
}

TEST(FittedShapes, is_one_rectangle_for_a_camera) {
  const std::vector<PictureCount> camera{{{1080, 1920}, 50}};
  EXPECT_THAT(fitted_shapes(camera, kOwn, 32, 3), ElementsAre(Size{384, 640}));
  EXPECT_NEAR(pixel_share(camera, {{384, 640}}, kOwn), 0.6, 1e-9);
  EXPECT_NEAR(padding_share(camera, {{384, 640}}), 1 - 360.0 / 384, 1e-9);
}

TEST(FittedShapes, are_as_many_as_pay) {
  const std::vector<PictureCount> mixed{{{480, 640}, 50}, {{640, 480}, 30}, {{640, 640}, 20}};
  EXPECT_THAT(fitted_shapes(mixed, kOwn, 32, 3),
              ElementsAre(Size{480, 640}, Size{640, 480}, Size{640, 640}));
  EXPECT_EQ(fitted_shapes(mixed, kOwn, 32, 1), std::vector<Size>{kOwn});
}

TEST(FittedShapes, hold_pictures_of_extreme_aspect_ratios) {
  const std::vector<PictureCount> extreme{{{10, 4000}, 1}, {{4000, 10}, 1}};
  for (const Size& shape : fitted_shapes(extreme, kOwn, 32, 3)) {
    EXPECT_GE(shape.height, 32);
    EXPECT_GE(shape.width, 32);
  }
}

TEST(ResolutionsWorthTrying, are_smaller_squares_where_the_aspect_ratio_is_not_kept) {
  EXPECT_THAT(resolutions_worth_trying({}, {224, 224}, 1, false),
              ElementsAre("213x213", "202x202"));
}

TEST(ResolutionsWorthTrying, leaves_out_what_saves_nothing) {
  EXPECT_THAT(resolutions_worth_trying({{{64, 64}, 3}}, {64, 64}, 32, true), IsEmpty());
}

}  // namespace
}  // namespace tamis
