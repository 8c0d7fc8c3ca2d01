#include "passes/half_precision.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/attributes.h"
#include "graph/tensor_data.h"

namespace tamis {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Graph two(double weight) {
  Graph graph = Graph::parse_text(
      R"(<ir_version: 8, opset_import: ["" : 17]> g (float[1,4] x) => (float[1,4] y) {
        m = Mul (x, w)
        y = Relu (m) })");
  *graph.graph().add_initializer() =
      make_tensor("w", onnx::TensorProto::FLOAT, {4}, {1, 2, 3, weight});
  graph.reindex();
  graph.infer_shapes();
  return graph;
}

std::vector<std::string> operators(const Graph& graph) {
  std::vector<std::string> types;
  for (const onnx::NodeProto* node : graph.nodes()) types.push_back(node->op_type());
  return types;
}

TEST(HalfPrecision, converts_weights_and_arithmetic_and_keeps_the_interface) {
  Graph graph = two(4);
  EXPECT_EQ(to_half_precision(graph, {}).converted, 2U);
  graph.verify();
  EXPECT_THAT(operators(graph), ElementsAre("Cast", "Mul", "Relu", "Cast"));
  EXPECT_EQ(graph.constant(graph.nodes_of("Mul")[0]->input(1))->data_type(),
            onnx::TensorProto::FLOAT16);
  EXPECT_EQ(graph.inputs()[0].type, DataType::f32);
  EXPECT_EQ(graph.outputs()[0].type, DataType::f32);
}

TEST(HalfPrecision, keeps_a_node_whose_constant_is_beyond_it) {
  Graph graph = two(1e6);
  const HalfPrecision done = to_half_precision(graph, {});
  EXPECT_EQ(done.converted, 1U);
  ASSERT_EQ(done.kept.size(), 1U);
  EXPECT_THAT(done.kept.begin()->second, HasSubstr("beyond f16"));
  EXPECT_THAT(operators(graph), ElementsAre("Mul", "Cast", "Relu", "Cast"));
}

TEST(HalfPrecision, keeps_nodes_around_a_value_that_was_seen_large) {
  Graph graph = two(4);
  const HalfPrecision done = to_half_precision(graph, {{"m", 30000}});
  EXPECT_EQ(done.converted, 0U);
  EXPECT_EQ(done.kept.size(), 2U);
}

TEST(HalfPrecision, leaves_inputs_that_have_no_half_form) {
  Graph graph = Graph::parse_text(
      R"(<ir_version: 8, opset_import: ["" : 17]> g (float[1,1,2,2] x) => (float[1,1,4,4] y) {
        y = Resize (x, , scales) })");
  *graph.graph().add_initializer() =
      make_tensor("scales", onnx::TensorProto::FLOAT, {4}, {1, 1, 2, 2});
  graph.reindex();
  graph.infer_shapes();
  EXPECT_EQ(to_half_precision(graph, {}).converted, 1U);
  graph.verify();
  EXPECT_EQ(graph.nodes_of("Resize")[0]->input(2), "scales");
}

// ONNX allows f16 data with f32 statistics; OpenVINO does not load that.
TEST(HalfPrecision, takes_all_of_a_batch_normalisation_and_of_a_power) {
  Graph graph = Graph::parse_text(
      R"(<ir_version: 8, opset_import: ["" : 17]> g (float[1,2,2,2] x) => (float[1,2,2,2] y)
      <float[2] scale = {1, 2}, float[2] bias = {0, 1}, float[2] mean = {0, 1}, float[2] var = {1, 1},
       float two = {2}> {
        b = BatchNormalization (x, scale, bias, mean, var)
        y = Pow (b, two) })");
  graph.infer_shapes();
  EXPECT_EQ(to_half_precision(graph, {}).converted, 2U);
  graph.verify();
  for (const char* type : {"BatchNormalization", "Pow"}) {
    const onnx::NodeProto& node = *graph.nodes_of(type)[0];
    for (int i = 1; i < node.input_size(); ++i)
      EXPECT_EQ(graph.constant(node.input(i))->data_type(), onnx::TensorProto::FLOAT16)
          << type << " " << i;
  }
}

TEST(HalfPrecision, leaves_quantised_arithmetic) {
  Graph graph = Graph::parse_text(
      R"(<ir_version: 8, opset_import: ["" : 17]> g (float[1,4] x) => (float[1,4] y)
      <uint8 z = {0}, float s = {0.5}> {
        q = QuantizeLinear (x, s, z)
        d = DequantizeLinear (q, s, z)
        y = Relu (d) })");
  graph.infer_shapes();
  EXPECT_EQ(to_half_precision(graph, {}).converted, 0U);
}

}  // namespace
}  // namespace tamis
