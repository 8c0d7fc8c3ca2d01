#include "base/tensor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace tamis {
namespace {

using ::testing::HasSubstr;

constexpr std::int64_t kTwo31 = std::int64_t{1} << 31;

std::string failure(const Shape& shape) {
  try {
    Tensor(DataType::f32, shape);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(ElementCount, is_a_product_or_absent_where_it_cannot_be_counted) {
  EXPECT_EQ(find_element_count({}), 1);
  EXPECT_EQ(find_element_count({2, 3, 4}), 24);
  EXPECT_EQ(find_element_count({kTwo31, 0, kTwo31, kTwo31}), 0);
  EXPECT_EQ(find_element_count({kTwo31, kTwo31}), std::nullopt);  // 2^62 floats wrap to 0 bytes
  EXPECT_EQ(find_element_count({kTwo31, kTwo31, kTwo31}), std::nullopt);
  EXPECT_EQ(find_element_count({0, -1}), std::nullopt);
  EXPECT_THROW(element_count({-1, 3}), Error);
  EXPECT_EQ(byte_count(DataType::f64, {1 << 20, 1 << 20}), std::uint64_t{1} << 43);
}

TEST(Tensor, is_refused_with_its_size_before_memory_is_taken) {
  EXPECT_THAT(failure({1, 1, kTwo31, kTwo31}), HasSubstr("[1,1,2147483648,2147483648]"));
  EXPECT_THAT(
      failure({1, 1, 65536, 65536}),
      HasSubstr("tensor [1,1,65536,65536] of f32: needs 17.2 GB, more than the 4.29 GB that "
                "one tensor may have"));
}

}  // namespace
}  // namespace tamis
