#include "quantize/affine.h"

#include <gtest/gtest.h>

namespace tamis {
namespace {

struct Golden {
  ValueRange range;
  float scale;
  int zero_point;
};

// python3 -c "from onnxruntime.quantization.quant_utils import compute_scale_zp as f; import numpy
// as np for a, b in ((-1, 3), (0, 6), (-.27846, 11.5), (2, 5), (-3, -1)):
//     print(f(np.float32(a), np.float32(b), 0, 255))"   onnxruntime 1.31.1; a range is first
//     widened to hold 0, as there
TEST(AffineFromRange, gives_the_figures_of_onnxruntime) {
  const Golden goldens[] = {{{-1, 3}, 0.015686275F, 64},
                            {{0, 6}, 0.023529412F, 0},
                            {{-0.27846, 11.5}, 0.04619004F, 6},
                            {{2, 5}, 0.019607844F, 0},
                            {{-3, -1}, 0.011764706F, 255}};
  for (const Golden& golden : goldens) {
    const Affine affine = affine_from_range(golden.range);
    EXPECT_NEAR(affine.scale, golden.scale, 1e-8) << golden.range.low;
    EXPECT_EQ(affine.zero_point, golden.zero_point) << golden.range.low;
  }
}

TEST(AffineFromRange, gives_scale_one_for_an_empty_range) {
  const Affine affine = affine_from_range({0, 0});
  EXPECT_EQ(affine.scale, 1.0F);
  EXPECT_EQ(affine.zero_point, 0);
}

TEST(Affine, represents_zero_exactly_and_saturates) {
  const Affine affine = affine_from_range({-1, 3});
  EXPECT_EQ(affine.round_trip(0), 0);
  EXPECT_EQ(affine.quantise(100), 255);
  EXPECT_EQ(affine.quantise(-100), 0);
}

TEST(Affine, rounds_half_to_even) {
  const Affine affine{1.0F, 10};
  EXPECT_EQ(affine.quantise(0.5), 10);
  EXPECT_EQ(affine.quantise(1.5), 12);
  EXPECT_EQ(affine.quantise(-0.5), 10);
}

TEST(QuantiseWeights, uses_one_symmetric_scale_per_channel) {
  const float weights[] = {1.27F, -0.5F, 0.01F, 0.0F, 25.4F, -12.8F};
  const QuantisedWeights q = quantise_weights(weights, {1, 2, 3});
  EXPECT_NEAR(q.scales[0], 0.01F, 1e-8);
  EXPECT_NEAR(q.scales[1], 0.2F, 1e-7);
  EXPECT_EQ(q.values, (std::vector<std::int8_t>{127, -50, 1, 0, 127, -64}));
}

TEST(QuantiseWeights, goes_along_the_last_axis_of_a_matrix) {
  const float weights[] = {1.27F, 25.4F, -1.27F, 0.0F};
  const QuantisedWeights q = quantise_weights(weights, {2, 2, 1});
  EXPECT_EQ(q.values, (std::vector<std::int8_t>{127, 127, -127, 0}));
}

TEST(QuantiseWeights, gives_a_channel_of_zeros_scale_one) {
  const float weights[] = {0, 0};
  const QuantisedWeights q = quantise_weights(weights, {1, 1, 2});
  EXPECT_EQ(q.scales[0], 1.0F);
  EXPECT_EQ(q.values, (std::vector<std::int8_t>{0, 0}));
}

TEST(QuantiseBias, counts_in_products_of_the_scales) {
  const float bias[] = {0.5F, -2.0F};
  const float scales[] = {0.01F, 0.1F};
  EXPECT_EQ(quantise_bias(bias, 0.1F, scales), (std::vector<std::int32_t>{500, -200}));
}

TEST(LeastWeightScales, keep_a_large_bias_beside_tiny_weights_within_32_bits) {
  const float bias[] = {1000.0F};
  const float weights[] = {1e-9F};
  const std::vector<double> least = least_weight_scales(bias, 1e-3F);
  const QuantisedWeights q = quantise_weights(weights, {1, 1, 1}, {.least_scales = least});
  const std::vector<std::int32_t> stored = quantise_bias(bias, 1e-3F, q.scales);
  EXPECT_NEAR(stored[0] * double{1e-3F} * q.scales[0], 1000.0, 1e-3);
}

}  // namespace
}  // namespace tamis
