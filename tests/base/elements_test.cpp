#include "base/elements.h"

#include <gtest/gtest.h>

namespace tamis {
namespace {

TEST(Element, comes_back_from_every_type) {
  for (const DataType type : {DataType::f32, DataType::f64, DataType::f16, DataType::bf16,
                              DataType::u8, DataType::i8, DataType::i32, DataType::i64}) {
    Tensor tensor(type, {2, 2});
    set_element(tensor, 3, 96);
    EXPECT_EQ(element(tensor, 3), 96) << to_text(type);
    EXPECT_EQ(element(tensor, 2), 0) << to_text(type);
  }
  Tensor truth(DataType::boolean, {2});
  set_element(truth, 1, 1);
  EXPECT_EQ(element(truth, 1), 1);
}

TEST(Element, is_rounded_or_cut_off_as_its_type_asks) {
  Tensor half(DataType::f16, {1}), whole(DataType::i32, {1});
  set_element(half, 0, 0.1);
  set_element(whole, 0, -2.7);
  EXPECT_NEAR(element(half, 0), 0.1, 1e-4);
  EXPECT_NE(element(half, 0), 0.1);
  EXPECT_EQ(element(whole, 0), -2);
}

}  // namespace
}  // namespace tamis
