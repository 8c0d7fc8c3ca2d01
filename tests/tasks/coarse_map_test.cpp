#include "tasks/coarse_map.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace tamis {
namespace {

TEST(CoarseMap, keeps_the_pictures_proportions_and_the_values_to_a_level) {
  const std::vector<float> map{0, 1, 2, 3};
  const CoarseMap coarse = coarse_map(map, {2, 2}, {{300, 600}, {32, 64}, 64.0 / 600, 32.0 / 300});
  EXPECT_EQ(coarse.size, (Size{24, 48}));
  EXPECT_EQ(coarse.low, 0);
  EXPECT_EQ(coarse.high, 3);
  EXPECT_NEAR(coarse.at(47), 1, 3 / 255.0);
  EXPECT_NEAR(coarse.at(23U * 48), 2, 3 / 255.0);
}

TEST(CoarseMap, leaves_the_models_padding_out) {
  // The picture is the middle half of the input; above and below it is padding.
  const std::vector<float> map{9, 9, 1, 1, 2, 2, 9, 9};
  const CoarseMap coarse = coarse_map(map, {4, 2}, {{2, 4}, {4, 4}, 1, 1, 0, 1});
  EXPECT_EQ(coarse.size, (Size{2, 4}));
  EXPECT_EQ(coarse.low, 1);
  EXPECT_EQ(coarse.high, 2);
}

TEST(CoarseMap, survives_its_text) {
  const CoarseMap map{{1, 3}, -1.5f, 2, {0, 128, 255}};
  const CoarseMap back = parse_coarse_map(parse_json(to_json(map).dump(), "map"));
  EXPECT_EQ(back.size, map.size);
  EXPECT_EQ(back.low, map.low);
  EXPECT_EQ(back.levels, map.levels);
}

TEST(CoarseMap, refuses_what_does_not_fill_its_size) {
  Json json = to_json(CoarseMap{{1, 3}, 0, 2, {0, 128, 255}});
  json["size"] = {1, 4};
  EXPECT_THROW(parse_coarse_map(json), Error);
  json["size"] = {-1, -3};
  EXPECT_THROW(parse_coarse_map(json), Error);
}

}  // namespace
}  // namespace tamis
