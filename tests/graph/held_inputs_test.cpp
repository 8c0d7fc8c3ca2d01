#include "graph/held_inputs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace tamis {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Graph two_inputs(const std::string& shape = "N,2", const std::string& type = "int64") {
  return Graph::parse_text(R"(<ir_version: 8, opset_import: ["" : 17]>
    g (float[1,3,8,8] images, )" +
                           type + "[" + shape + R"(] sizes) => (float[1,3,8,8] y, )" + type + "[" +
                           shape + R"(] z) {
      y = Relu (images)
      z = Identity (sizes) })");
}

std::string failure(Graph graph, const std::map<std::string, std::vector<double>>& values) {
  try {
    hold_inputs(graph, values);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(HeldInputs, become_constants_of_their_type) {
  Graph graph = two_inputs();
  EXPECT_TRUE(hold_inputs(graph, {{"sizes", {640, 480}}}));
  graph.verify();
  ASSERT_EQ(graph.inputs().size(), 1U);
  EXPECT_THAT(ints(*graph.constant("sizes")), ElementsAre(640, 480));
  EXPECT_EQ(shape_of(*graph.constant("sizes")), (Shape{1, 2}));
  EXPECT_THAT(graph.notes(), ElementsAre("the input \"sizes\" is held at 640,480"));
  Graph real = two_inputs("1,3", "float");
  hold_inputs(real, {{"sizes", {0.5}}});
  EXPECT_THAT(floats(*real.constant("sizes")), ElementsAre(.5f, .5f, .5f));
}

TEST(HeldInputs, are_not_held_twice) {
  Graph graph = two_inputs();
  hold_inputs(graph, {{"sizes", {640, 480}}});
  const std::string once = graph.to_bytes();
  EXPECT_FALSE(hold_inputs(graph, {{"sizes", {640, 480}}}));
  EXPECT_FALSE(hold_inputs(graph, {}));
  EXPECT_EQ(graph.to_bytes(), once);
  graph.set_metadata("tamis.held_inputs", "sizes=640, 480");  // as it was once written
  EXPECT_FALSE(hold_inputs(graph, {{"sizes", {640, 480}}}));
  EXPECT_THAT(failure(graph, {{"sizes", {1, 2}}}), HasSubstr("holds it at 640,480 already"));
}

TEST(HeldInputs, refuse_what_does_not_fit) {
  EXPECT_THAT(failure(two_inputs(), {{"size", {1}}}),
              HasSubstr("--hold-input size: the model has no such input; it has images, sizes"));
  EXPECT_THAT(failure(two_inputs(), {{"sizes", {1, 2, 3}}}),
              HasSubstr("it is [1,2], so that 2 numbers are wanted, not 3"));
  EXPECT_THAT(failure(two_inputs(), {{"sizes", {1.5, 2}}}), HasSubstr("whole numbers"));
  EXPECT_THAT(failure(two_inputs("N,2", "uint8"), {{"sizes", {1, 256}}}),
              HasSubstr("whole numbers"));
  Graph one = two_inputs();
  hold_inputs(one, {{"sizes", {1, 2}}});
  EXPECT_THAT(failure(one, {{"images", {0}}}), HasSubstr("only input"));
}

}  // namespace
}  // namespace tamis
