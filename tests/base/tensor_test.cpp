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

TEST(Tensor, names_its_memory_and_is_copied_in_the_hosts_only) {
  Tensor own(DataType::f32, {2, 3});
  EXPECT_EQ(own.memory(), MemoryKind::host);
  own.data<float>()[4] = 5;
  Tensor second = own.view_of_image(1);
  EXPECT_EQ(second.shape(), (Shape{1, 3}));
  EXPECT_EQ(second.data<float>()[1], 5);
  EXPECT_EQ(second.clone().data<float>()[1], 5);
  int there = 0;  // stands for an address that cannot be followed here
  const Tensor far = Tensor::view(MemoryKind::device, DataType::f16, {1, 4}, &there);
  EXPECT_EQ(far.memory(), MemoryKind::device);
  EXPECT_EQ(far.bytes(), 8U);
  EXPECT_EQ(far.raw(), &there);
  try {
    far.clone();
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported);
    EXPECT_THAT(error.what(), HasSubstr("copy tensor [1,4]: it is in device memory"));
  }
}

}  // namespace
}  // namespace tamis
