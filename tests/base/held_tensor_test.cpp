#include "base/held_tensor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace tamis {
namespace {

using ::testing::HasSubstr;

std::string failure(const TensorInfo& input, const std::vector<double>& numbers) {
  try {
    held_tensor(input, numbers);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(HeldTensor, takes_its_open_dimensions_from_the_numbers) {
  const TensorInfo sizes{"sizes", DataType::i64, {std::nullopt, 2}};
  const Tensor pair = held_tensor(sizes, {640, 480});
  EXPECT_EQ(pair.shape(), (Shape{1, 2}));
  EXPECT_EQ(pair.data<std::int64_t>()[1], 480);
  const TensorInfo list{"list", DataType::f32, {1, std::nullopt}};
  EXPECT_EQ(held_tensor(list, {1, 2, 3}).shape(), (Shape{1, 3}));
  EXPECT_EQ(held_tensor(list, {1}).shape(), (Shape{1, 1}));
}

TEST(HeldTensor, has_only_values_of_its_type) {
  for (const DataType type : {DataType::u8, DataType::i8, DataType::i32, DataType::i64})
    EXPECT_THAT(failure({"n", type, {1}}, {1.5}), HasSubstr("1.5 is not a value of its type"));
  EXPECT_THAT(failure({"n", DataType::u8, {1}}, {256}), HasSubstr("whole numbers"));
  EXPECT_THAT(failure({"n", DataType::boolean, {1}}, {2}), HasSubstr("whole numbers"));
  EXPECT_THAT(failure({"n", DataType::i64, {1}}, {0x1p63}), HasSubstr("whole numbers"));
  EXPECT_FLOAT_EQ(held_tensor({"n", DataType::f32, {1}}, {1.5}).data<float>()[0], 1.5F);
  EXPECT_EQ(held_tensor({"n", DataType::boolean, {2}}, {1}).data<std::uint8_t>()[1], 1);
}

TEST(HeldTensor, refuses_what_does_not_fit) {
  EXPECT_THAT(failure({"n", DataType::f32, {std::nullopt, std::nullopt, std::nullopt}}, {1, 2}),
              HasSubstr("two of its dimensions are open"));
  EXPECT_THAT(failure({"n", DataType::f32, {1, 2}}, {1, 2, 3}),
              HasSubstr("--hold-input n: it is [1,2], so that 2 numbers are wanted, not 3"));
}

}  // namespace
}  // namespace tamis
