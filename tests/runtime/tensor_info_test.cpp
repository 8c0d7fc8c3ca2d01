#include "runtime/tensor_info.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "runtime/backend.h"

namespace tamis {
namespace {

TensorInfo dynamic_image() { return {"images", DataType::f32, {std::nullopt, 3, 8, std::nullopt}}; }

TEST(TensorInfo, comes_back_from_json_unchanged) {
  Json json = to_json(dynamic_image());
  EXPECT_EQ(json.dump(), R"({"name":"images","type":"f32","shape":[null,3,8,null]})");
  EXPECT_EQ(to_json(parse_tensor_info(json)), json);
}

TEST(ResolveShape, takes_the_asked_shape_where_it_fits) {
  Shape asked{2, 3, 8, 5};
  EXPECT_EQ(resolve_shape(dynamic_image(), &asked), asked);
}

TEST(ResolveShape, refuses_what_stays_open_or_contradicts) {
  Shape wrong{2, 4, 8, 5}, short_one{3, 8, 5}, zero{0, 3, 8, 5};
  for (const Shape* asked :
       {static_cast<const Shape*>(nullptr), static_cast<const Shape*>(&wrong),
        static_cast<const Shape*>(&short_one), static_cast<const Shape*>(&zero)})
    EXPECT_THROW(resolve_shape(dynamic_image(), asked), Error);
  try {
    resolve_shape(dynamic_image(), nullptr);
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("images has the dynamic shape [?,3,8,?]"));
  }
}

TEST(ResolveShapes, gives_a_shape_alone_to_the_only_input_with_so_many_dimensions) {
  const TensorInfo sizes{"sizes", DataType::i64, {1, 2}};
  const auto shapes = resolve_shapes({sizes, dynamic_image()}, {{4, 3, 8, 8}});
  EXPECT_EQ(shapes, (std::vector<Shape>{{1, 2}, {4, 3, 8, 8}}));
  EXPECT_EQ(input_for({dynamic_image()}, {1}), 0U);
  for (const auto& inputs : {std::vector<TensorInfo>{dynamic_image(), dynamic_image()},
                             std::vector<TensorInfo>{sizes, sizes}, std::vector<TensorInfo>{}}) {
    try {
      resolve_shapes(inputs, {{4, 3, 8, 8}});
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
      EXPECT_THAT(error.what(), ::testing::HasSubstr("1 input shapes given, the model has"));
    }
  }
}

TEST(MakeTensors, gives_zeros_of_the_right_shape) {
  auto tensors = make_tensors({concrete_info("x", DataType::i64, {2, 3})});
  ASSERT_EQ(tensors.size(), 1u);
  EXPECT_EQ(tensors[0].bytes(), 48u);
  EXPECT_EQ(tensors[0].data<std::int64_t>()[5], 0);
}

}  // namespace
}  // namespace tamis
