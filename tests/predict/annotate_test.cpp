#include "predict/annotate.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace tamis {
namespace {

Picture grey(int height, int width) {
  return {height, width, 3,
          std::vector<std::uint8_t>(
              static_cast<std::size_t>(height) * static_cast<std::size_t>(width) * 3, 128)};
}

Colour at(const Picture& picture, int x, int y) {
  const std::size_t i = (static_cast<std::size_t>(y) * static_cast<std::size_t>(picture.width) +
                         static_cast<std::size_t>(x)) *
                        3;
  return {picture.pixels[i], picture.pixels[i + 1], picture.pixels[i + 2]};
}

bool same(Colour a, Colour b) { return a.r == b.r && a.g == b.g && a.b == b.b; }

TEST(Annotate, draws_boxes_of_sure_objects_in_their_class_colour) {
  Card card;
  card.task = TaskKind::detect;
  Prediction prediction;
  prediction.boxes = {{{100, 100, 200, 180}, 0.9F, 4}, {{300, 300, 400, 400}, 0.2F, 1}};
  const Picture drawn = annotate(grey(480, 640), card, prediction, 0.25);
  EXPECT_EQ(drawn.size(), (Size{480, 640}));
  EXPECT_TRUE(same(at(drawn, 100, 140), class_colour(4)));
  EXPECT_TRUE(same(at(drawn, 300, 350), {128, 128, 128}));
  EXPECT_TRUE(same(at(drawn, 150, 140), {128, 128, 128}));
}

TEST(Annotate, shows_a_class_in_a_strip_above_images_of_any_size) {
  Card card;
  card.task = TaskKind::classify;
  card.labels = {"cat"};
  Prediction prediction;
  prediction.top = {0};
  prediction.probabilities = {0.8F};
  for (const Size size : {Size{28, 28}, Size{1, 1}, Size{480, 640}}) {
    const Picture drawn = annotate(grey(size.height, size.width), card, prediction, 0.25);
    EXPECT_GT(drawn.height, size.height);
    EXPECT_GE(drawn.width, size.width);
  }
}

TEST(Annotate, makes_huge_images_smaller_and_scales_their_boxes) {
  Card card;
  card.task = TaskKind::detect;
  Prediction prediction;
  prediction.boxes = {{{0, 0, 8192, 16}, 0.9F, 0}};
  const Picture drawn = annotate(grey(16, 8192), card, prediction, 0.25);
  EXPECT_EQ(drawn.size(), (Size{8, 4096}));
  EXPECT_TRUE(same(at(drawn, 4095, 4), class_colour(0)));
}

TEST(Annotate, has_a_colour_for_every_class) {
  for (const int label : {-1, 0, 8, 9, 100000}) class_colour(label);
  EXPECT_FALSE(same(class_colour(0), class_colour(1)));
  EXPECT_TRUE(same(class_colour(0), class_colour(9)));
}

}  // namespace
}  // namespace tamis
