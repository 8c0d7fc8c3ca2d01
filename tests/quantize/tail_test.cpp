#include "quantize/tail.h"

#include <gtest/gtest.h>

#include <set>

#include "support.h"

namespace tamis {
namespace {

std::set<std::string> tail_of(const Graph& graph) {
  std::set<std::string> outputs;
  for (const onnx::NodeProto* node : output_tail(graph)) outputs.insert(node->output(0));
  return outputs;
}

Graph parse(const std::string& body) {
  Graph graph = Graph::parse_text(
      R"(<ir_version: 8, opset_import: ["" : 17]> g (float[1,2,4,4] x) => (float[1,N,4,4] y)
         <float[2,2,1,1] w = {1, 2, 3, 4}, float[1,2,1,1] dfl = {0, 1}> {)" +
      body + "}");
  graph.infer_shapes();
  return graph;
}

TEST(OutputTail, is_what_follows_the_last_convolution) {
  EXPECT_EQ(tail_of(parse("t = Conv(x, w) s = Sigmoid(t) y = Mul(s, s)")),
            (std::set<std::string>{"s", "y"}));
}

TEST(OutputTail, is_empty_where_a_convolution_makes_the_output) {
  EXPECT_TRUE(tail_of(parse("t = Conv(x, w) s = Sigmoid(t) y = Conv(s, w)")).empty());
}

TEST(OutputTail, holds_a_one_channel_convolution_over_a_softmax) {
  EXPECT_EQ(tail_of(parse("t = Conv(x, w) s = Softmax <axis = 1> (t) y = Conv(s, dfl)")),
            (std::set<std::string>{"s", "y"}));
}

TEST(OutputTail, leaves_a_one_channel_convolution_over_features_alone) {
  EXPECT_TRUE(tail_of(parse("t = Conv(x, w) s = Relu(t) y = Conv(s, dfl)")).empty());
}

TEST(OutputTail, of_yolov8n_starts_after_its_six_last_convolutions) {
  const auto file = real_model("detect/yolov8n.onnx");
  if (!file) GTEST_SKIP() << "the folder with real models is absent";
  Graph graph = Graph::load(*file);
  graph.infer_shapes();
  const std::set<std::string> tail = tail_of(graph);
  EXPECT_TRUE(tail.count("/model.22/dfl/conv/Conv_output_0"));
  EXPECT_TRUE(tail.count("/model.22/dfl/Softmax_output_0"));
  EXPECT_TRUE(tail.count("/model.22/Concat_output_0"));
  EXPECT_TRUE(tail.count("output0"));
  EXPECT_FALSE(tail.count("/model.22/cv2.0/cv2.0.2/Conv_output_0"));
  EXPECT_FALSE(tail.count("/model.22/cv3.2/cv3.2.1/act/Mul_output_0"));
}

}  // namespace
}  // namespace tamis
