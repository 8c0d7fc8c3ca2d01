#include "passes/input_u8.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/attributes.h"
#include "graph/tensor_data.h"

namespace tamis {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const PixelForm kUnit{false, 255, {0, 0, 0}, {1, 1, 1}};
const PixelForm kCentred{false, 255, {0.5, 0.25, 0}, {0.5, 0.25, 1}};

Graph conv(const std::string& attributes, bool with_bias = true) {
  Graph graph = Graph::parse_text(
      R"(<ir_version: 8, opset_import: ["" : 17]> g (float[1,3,4,4] x) => (float[1,1,h,w] y) {
        y = Conv <)" +
      attributes + "> (x, w" + (with_bias ? ", b" : "") + ") }");
  *graph.graph().add_initializer() =
      make_tensor("w", onnx::TensorProto::FLOAT, {1, 3, 1, 1}, {255, 510, 765});
  if (with_bias)
    *graph.graph().add_initializer() = make_tensor("b", onnx::TensorProto::FLOAT, {1}, {10});
  graph.reindex();
  graph.infer_shapes();
  return graph;
}

std::vector<std::string> operators_in(const Graph& graph) {
  std::vector<std::string> types;
  for (const onnx::NodeProto* node : graph.nodes()) types.push_back(node->op_type());
  return types;
}

TEST(InputU8, is_a_picture_as_it_lies_in_memory) {
  Graph graph = conv("pads = [0,0,0,0]");
  take_u8_pictures(graph, kUnit);
  graph.verify();
  const TensorInfo x = graph.inputs().front();
  EXPECT_EQ(x.type, DataType::u8);
  EXPECT_THAT(x.shape, ElementsAre(1, 4, 4, 3));
}

TEST(InputU8, folds_the_scale_into_the_convolution) {
  Graph graph = conv("pads = [1,1,1,1]");
  EXPECT_THAT(take_u8_pictures(graph, kUnit), HasSubstr("folded into Conv"));
  EXPECT_THAT(operators_in(graph), ElementsAre("Transpose", "Cast", "Conv"));
  EXPECT_THAT(floats(*graph.constant(graph.nodes_of("Conv")[0]->input(1))), ElementsAre(1, 2, 3));
}

TEST(InputU8, folds_the_mean_into_the_bias_without_padding) {
  for (bool with_bias : {true, false}) {
    Graph graph = conv("pads = [0,0,0,0]", with_bias);
    take_u8_pictures(graph, kCentred);
    graph.verify();
    EXPECT_THAT(operators_in(graph), ElementsAre("Transpose", "Cast", "Conv"));
    const onnx::NodeProto* node = graph.nodes_of("Conv")[0];
    EXPECT_THAT(floats(*graph.constant(node->input(1))), ElementsAre(2, 8, 3));
    // b − 255·0.5/0.5 − 510·0.25/0.25
    EXPECT_THAT(floats(*graph.constant(node->input(2))),
                ElementsAre((with_bias ? 10.0F : 0.0F) - 255 - 510));
  }
}

TEST(InputU8, subtracts_the_mean_apart_where_zeros_are_padded) {
  Graph graph = conv("pads = [1,1,1,1]");
  EXPECT_THAT(take_u8_pictures(graph, kCentred), HasSubstr("scale and std folded"));
  EXPECT_THAT(operators_in(graph), ElementsAre("Transpose", "Cast", "Sub", "Conv"));
  EXPECT_THAT(floats(*graph.constant(graph.nodes_of("Sub")[0]->input(1))),
              ElementsAre(127.5F, 63.75F, 0));
}

TEST(InputU8, reverses_the_channels_of_a_bgr_model) {
  Graph graph = conv("pads = [0,0,0,0]");
  PixelForm bgr = kUnit;
  bgr.bgr = true;
  take_u8_pictures(graph, bgr);
  EXPECT_THAT(operators_in(graph), ElementsAre("Gather", "Transpose", "Cast", "Conv"));
}

TEST(InputU8, writes_the_formula_where_no_convolution_takes_it) {
  Graph graph = Graph::parse_text(
      R"(<ir_version: 8, opset_import: ["" : 17]> g (float[1,3,4,4] x) => (float[1,3,4,4] y) {
        y = Relu (x) })");
  graph.infer_shapes();
  EXPECT_EQ(take_u8_pictures(graph, kCentred), "scale, mean and std as nodes");
  EXPECT_THAT(operators_in(graph), ElementsAre("Transpose", "Cast", "Div", "Sub", "Div", "Relu"));
}

Graph quantised(double scale) {
  Graph graph = Graph::parse_text(
      R"(<ir_version: 8, opset_import: ["" : 17]> g (float[1,3,4,4] x) => (float[1,3,4,4] y) {
        q = QuantizeLinear (x, s, z)
        y = DequantizeLinear (q, s, z) })");
  *graph.graph().add_initializer() = make_tensor("s", onnx::TensorProto::FLOAT, {}, {scale});
  onnx::TensorProto zero;
  zero.set_name("z");
  zero.set_data_type(onnx::TensorProto::UINT8);
  zero.set_raw_data(std::string(1, '\0'));
  *graph.graph().add_initializer() = zero;
  graph.reindex();
  graph.infer_shapes();
  return graph;
}

TEST(InputU8, is_the_quantised_input_where_the_scale_is_the_pixels) {
  Graph graph = quantised(1.0 / 255);
  EXPECT_EQ(take_u8_pictures(graph, kUnit), "the pixels are the quantised input");
  graph.verify();
  EXPECT_THAT(operators_in(graph), ElementsAre("Transpose", "DequantizeLinear"));
}

TEST(InputU8, is_quantised_after_the_formula_where_it_is_not) {
  Graph graph = quantised(0.9 / 255);
  EXPECT_EQ(take_u8_pictures(graph, kUnit), "scale, mean and std as nodes");
  EXPECT_THAT(operators_in(graph),
              ElementsAre("Transpose", "Cast", "Div", "QuantizeLinear", "DequantizeLinear"));
}

TEST(InputU8, needs_one_float_picture) {
  Graph graph = Graph::parse_text(
      R"(<ir_version: 8, opset_import: ["" : 17]> g (float[1,7] x) => (float[1,7] y) {
        y = Relu (x) })");
  EXPECT_THAT(input_u8_reason(graph), HasSubstr("not an image"));
  EXPECT_EQ(input_u8_reason(conv("pads = [0,0,0,0]")), "");
}

}  // namespace
}  // namespace tamis
