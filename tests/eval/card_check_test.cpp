#include "eval/card_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace tamis {
namespace {

using ::testing::HasSubstr;

std::vector<double> sure_of(std::size_t label, double share = 0.97, std::size_t classes = 4) {
  std::vector<double> out(classes, (1 - share) / static_cast<double>(classes - 1));
  out[label] = share;
  return out;
}

/// Sixteen pictures of four classes; mirror images are seen as `off` classes further.
std::vector<MirroredPair> classified(double share, std::size_t off, std::size_t classes = 4) {
  std::vector<MirroredPair> pairs;
  for (std::size_t i = 0; i < 16; ++i)
    pairs.push_back(
        {sure_of(i % classes, share), sure_of((i + (i % 2 == 0 ? 0 : off)) % classes, share), {}});
  return pairs;
}

double agreement(const std::vector<MirroredPair>& pairs) {
  return mirrored_agreement(pairs, std::vector<std::uint32_t>(pairs.size(), 1));
}

TEST(MirroredAgreement, of_sure_and_different_classes_is_the_entropy_of_the_classes) {
  EXPECT_NEAR(agreement(classified(1 - 1e-9, 0)), std::log(4.0), 1e-6);
  EXPECT_LT(agreement(classified(0.5, 0)), agreement(classified(0.9, 0)));
}

TEST(MirroredAgreement, is_none_where_every_picture_is_the_same_class) {
  std::vector<MirroredPair> pairs(16, {sure_of(2, 1), sure_of(2, 1), {}});
  EXPECT_NEAR(agreement(pairs), 0, 1e-12);
}

TEST(MirroredAgreement, falls_where_mirror_images_are_seen_as_something_else) {
  EXPECT_LT(agreement(classified(0.97, 1)), 0.8 * agreement(classified(0.97, 0)));
}

Detection box(float x, float score, int label) { return {{x, 10, x + 40, 50}, score, label}; }

TEST(MirroredAgreement, of_boxes_counts_the_lower_score_of_those_in_both) {
  MirroredPair pair{{}, {}, {box(10, 0.9F, 1), box(200, 0.5F, 1)}, {box(12, 0.7F, 1)}};
  EXPECT_NEAR(agreement({pair}), 2 * 0.7 - 0.9 - 0.5, 1e-6);
  pair.mirrored_boxes[0].label = 2;
  EXPECT_NEAR(agreement({pair}), -1.4, 1e-6) << "of another class is another box";
}

TEST(ClearlyBetter, needs_a_quarter_more_over_the_pictures) {
  const auto sure = classified(0.97, 0), torn = classified(0.97, 1);
  EXPECT_TRUE(clearly_better(torn, sure));
  EXPECT_FALSE(clearly_better(sure, torn));
  EXPECT_FALSE(clearly_better(sure, sure));
  EXPECT_FALSE(clearly_better(classified(0.95, 0), sure)) << "a little is no doubt";
}

TEST(ClearlyBetter, is_not_what_one_picture_makes_so) {
  std::vector<MirroredPair> given(8), other(8);
  other[3].plain_boxes = other[3].mirrored_boxes = {box(10, 0.9F, 1), box(200, 0.9F, 1)};
  EXPECT_GT(agreement(other), agreement(given) + 0.1);
  EXPECT_FALSE(clearly_better(given, other));
}

TEST(OtherCards, name_the_options_and_leave_out_the_card_itself) {
  Card card;
  card.mean = {0, 0, 0};
  card.std = {1, 1, 1};
  std::vector<std::string> names;
  for (const auto& [text, other] : other_cards(card)) names.push_back(text);
  EXPECT_THAT(names, ::testing::ElementsAre("--color bgr", "--scale 1", HasSubstr(".485"),
                                            HasSubstr("--scale 127.5")));
  card.input_type = DataType::u8;
  EXPECT_EQ(other_cards(card).size(), 1U) << "bytes are normalised by the graph";
}

}  // namespace
}  // namespace tamis
