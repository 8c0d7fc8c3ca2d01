#include "graph/value_shapes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tamis {
namespace {

using ::testing::HasSubstr;

Graph graph_of(const std::string& outputs, const std::string& body) {
  return Graph::parse_text(R"(<ir_version: 8, opset_import: ["" : 17]>
    g (float[N,1,H,W] x) => ()" +
                           outputs + R"() <int64[2] some = {0, 0}, int64[2] ten = {4, 10}> {)" +
                           body + "}");
}

TEST(ValueDependentOutput, names_the_output_and_the_operator) {
  const Graph graph = graph_of("int64[4,found] y", "r = Relu (x) [find] y = NonZero (r)");
  const auto reason = value_dependent_output(graph, std::nullopt);
  ASSERT_TRUE(reason);
  EXPECT_THAT(
      *reason,
      HasSubstr("the output \"y\" depends on what the image holds (NonZero \"find\" finds"));
}

TEST(ValueDependentOutput, is_none_where_only_shapes_are_asked) {
  const Graph graph = graph_of("int64[1,many] y", R"(
    s = Shape (x)
    ones = ConstantOfShape (s)
    n = NonZero (ones)
    row = Flatten <axis = 0> (n)
    y = Identity (row))");
  EXPECT_FALSE(value_dependent_output(graph, Size{8, 8}));
}

TEST(ValueDependentOutput, is_none_where_the_rows_are_made_a_fixed_number) {
  const Graph padded = graph_of("int64[4,10] y", R"(
    n = NonZero (x)
    y = Slice (n, some, ten))");
  EXPECT_FALSE(value_dependent_output(padded, Size{8, 8})) << "as the file declares";
  EXPECT_FALSE(value_dependent_output(graph_of("float[N,1,H,W] y", "y = Relu (x)"), std::nullopt));
}

}  // namespace
}  // namespace tamis
