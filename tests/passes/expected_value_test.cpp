#include "passes/expected_value.h"

#include <gtest/gtest.h>

#include "graph/tensor_data.h"
#include "support/real_model.h"

namespace tamis {
namespace {

Graph dfl(const std::string& permutation, const std::string& axis) {
  Graph graph = Graph::parse_text(
      R"(<ir_version: 8, opset_import: ["" : 17]> g (float[1,6,5] x) => (float[1,2,5] y)
    <int64[4] f = {1, 2, 3, 5}, int64[3] k = {1, 2, 5}, float[1,3,1,1] w = {0, 1, 2}> {
      a = Reshape(x, f) t = Transpose <perm = )" +
      permutation + R"(> (a) s = Softmax <axis = )" + axis +
      R"(> (t) c = Conv(s, w) y = Reshape(c, k) })");
  graph.infer_shapes();
  return graph;
}

TEST(ExpectedValue, becomes_a_product_with_weighted_and_plain_sums) {
  Graph graph = dfl("[0,2,1,3]", "1");
  EXPECT_EQ(expected_value_as_product(graph, {}).changes, 1U);
  graph.verify();
  EXPECT_EQ(graph.nodes_of("Softmax").size(), 0U);
  EXPECT_EQ(graph.nodes_of("Conv").size(), 0U);
  const onnx::NodeProto& product = *graph.nodes_of("MatMul").front();
  EXPECT_EQ(
      floats(*graph.constant(product.input(0))),
      (std::vector<float>{0, 1, 2, 0, 0, 0, 0, 0, 0, 0, 1, 2, 1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1}));
  EXPECT_EQ(graph.outputs()[0].name, "y");
}

TEST(ExpectedValue, leaves_a_softmax_over_another_axis_alone) {
  Graph graph = dfl("[0,2,1,3]", "3");
  EXPECT_EQ(expected_value_as_product(graph, {}).changes, 0U);
}

TEST(ExpectedValue, is_idempotent) {
  Graph graph = dfl("[0,2,1,3]", "1");
  expected_value_as_product(graph, {});
  graph.infer_shapes();
  const std::string once = graph.to_bytes();
  EXPECT_EQ(expected_value_as_product(graph, {}).changes, 0U);
  EXPECT_EQ(graph.to_bytes(), once);
}

TEST(ExpectedValue, is_found_in_yolov8n) {
  const auto file = real_model("detect/yolov8n.onnx");
  if (!file) GTEST_SKIP() << "the folder with real models is absent";
  Graph graph = Graph::load(*file);
  graph.infer_shapes();
  EXPECT_EQ(expected_value_as_product(graph, {}).changes, 1U);
}

}  // namespace
}  // namespace tamis
