#include "graph/tensor_data.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/error.h"

namespace tamis {
namespace {

using ::testing::ElementsAre;

TEST(TensorData, reads_raw_and_typed_fields_alike) {
  onnx::TensorProto typed;
  typed.set_data_type(onnx::TensorProto::FLOAT16);
  typed.add_dims(2);
  typed.add_int32_data(0x3c00);
  typed.add_int32_data(0xc100);
  EXPECT_THAT(floats(typed), ElementsAre(1.0f, -2.5f));

  onnx::TensorProto bytes;
  bytes.set_data_type(onnx::TensorProto::INT8);
  bytes.add_dims(2);
  bytes.set_raw_data("\xff\x02", 2);
  EXPECT_THAT(ints(bytes), ElementsAre(-1, 2));
  EXPECT_THAT(doubles(bytes), ElementsAre(-1.0, 2.0));
}

TEST(TensorData, keeps_int64_beyond_what_doubles_can_hold) {
  onnx::TensorProto tensor;
  tensor.set_data_type(onnx::TensorProto::INT64);
  tensor.add_dims(1);
  tensor.add_int64_data((std::int64_t{1} << 53) + 1);
  EXPECT_THAT(ints(tensor), ElementsAre((std::int64_t{1} << 53) + 1));
}

TEST(TensorData, refuses_a_wrong_number_of_elements) {
  onnx::TensorProto tensor;
  tensor.set_name("w");
  tensor.set_data_type(onnx::TensorProto::FLOAT);
  tensor.add_dims(3);
  tensor.add_float_data(1);
  EXPECT_THROW(floats(tensor), Error);
  tensor.set_dims(0, -1);
  EXPECT_THROW(floats(tensor), Error);
  tensor.set_dims(0, std::numeric_limits<std::int64_t>::max());
  EXPECT_THROW(floats(tensor), Error);
}

// Every half value, as numpy 2.2: np.arange(65536, dtype=np.uint16).view(np.float16) round-trips
// through float32.
TEST(TensorData, every_half_round_trips) {
  for (unsigned bits = 0; bits < 65536; ++bits) {
    auto half = static_cast<std::uint16_t>(bits);
    float value = half_to_float(half);
    if (std::isnan(value)) continue;
    ASSERT_EQ(float_to_half(value), half) << bits;
  }
}

// np.float32(v).astype(np.float16).view(np.uint16)
TEST(TensorData, halves_round_to_nearest_even) {
  EXPECT_EQ(float_to_half(0.1f), 0x2e66);
  EXPECT_EQ(float_to_half(1.0f + std::ldexp(1.0f, -11)), 0x3c00);
  EXPECT_EQ(float_to_half(1.0f + 3 * std::ldexp(1.0f, -11)), 0x3c02);
  EXPECT_EQ(float_to_half(65519.0f), 0x7bff);
  EXPECT_EQ(float_to_half(65520.0f), 0x7c00);
  EXPECT_EQ(float_to_half(std::ldexp(1.0f, -25)), 0x0000);
  EXPECT_EQ(float_to_half(1.5f * std::ldexp(1.0f, -24)), 0x0002);
  EXPECT_EQ(float_to_half(1e-5f), 0x00a8);
}

TEST(TensorData, bfloats_round_to_nearest_even) {
  EXPECT_EQ(float_to_bfloat16(1.0f), 0x3f80);
  EXPECT_EQ(float_to_bfloat16(1.0f + std::ldexp(1.0f, -8)), 0x3f80);
  EXPECT_EQ(float_to_bfloat16(1.0f + 3 * std::ldexp(1.0f, -8)), 0x3f82);
  EXPECT_EQ(bfloat16_to_float(0x4049), 3.140625f);
}

}  // namespace
}  // namespace tamis
