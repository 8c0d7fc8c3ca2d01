#include "search/mixed_precision.h"

#include <gtest/gtest.h>

namespace tamis {
namespace {

const Recipe kPlain{{"simplify", Json::object()}, {"int8-static", {{"for", "ort"}}}};

Sensitivity ranking() {
  Sensitivity sensitivity;
  for (const char* node : {"c", "a", "b"}) sensitivity.order.push_back({node, 1.0, 1, false});
  return sensitivity;
}

TEST(GiveBack, names_the_first_of_the_ranking) {
  Recipe mixed = with_layers_in_fp32(kPlain, ranking(), 2);
  EXPECT_EQ(mixed.back().params.at("keep_float"), Json({"c", "a"}));
  EXPECT_EQ(mixed.back().params.at("for"), "ort");
  EXPECT_EQ(step_texts(mixed).back(), "int8-static(ort, 2 layers in FP32)");
}

TEST(GiveBack, applies_to_int8_without_any_layer_in_float) {
  EXPECT_TRUE(is_plain_int8(kPlain));
  EXPECT_FALSE(is_plain_int8({}));
  EXPECT_FALSE(is_plain_int8({{"simplify", Json::object()}}));
  EXPECT_FALSE(is_plain_int8(with_layers_in_fp32(kPlain, ranking(), 1)));
  Recipe asked = kPlain;
  asked.back().params["float_layers"] = 3;
  EXPECT_FALSE(is_plain_int8(asked));
}

TEST(GiveBack, tries_most_layers_first_and_at_most_half) {
  EXPECT_EQ(fp32_layer_counts(12), (std::vector<std::size_t>{6, 4, 3, 2, 1}));
  EXPECT_EQ(fp32_layer_counts(63).front(), 24U);
  EXPECT_EQ(fp32_layer_counts(500).front(), 32U);
  EXPECT_TRUE(fp32_layer_counts(1).empty());
}

}  // namespace
}  // namespace tamis
