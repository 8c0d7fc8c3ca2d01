#include "fit/feature_layers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace tamis {
namespace {

using ::testing::HasSubstr;

Graph graph_of(const std::string& body, const std::string& input = "float[1,3,32,32]") {
  Graph graph = Graph::parse_text("<ir_version: 8, opset_import: [\"\" : 13]>\ng (" + input +
                                  " x) => (float[1,3,1,1] y) {" + body + "}");
  graph.infer_shapes();
  return graph;
}

/// Halves.
std::string half(const std::string& to, const std::string& from) {
  return to + " = MaxPool<kernel_shape = [2,2], strides = [2,2]>(" + from + ")\n";
}

std::vector<std::string> values(const std::vector<FeatureLayer>& layers) {
  std::vector<std::string> out;
  for (const FeatureLayer& l : layers) out.push_back(l.value);
  return out;
}

TEST(FeatureLayers, are_the_last_values_of_three_strides_from_4_on) {
  Graph graph = graph_of(half("s2", "x") + half("s4", "s2") + "t4 = Relu(s4)\n" + half("s8", "t4") +
                         "t8 = Relu(s8)\n" + half("s16", "t8") + "t16 = Relu(s16)\n" +
                         "y = GlobalAveragePool(t16)");
  const auto layers = choose_layers(graph, {});
  EXPECT_THAT(values(layers), ::testing::ElementsAre("t4", "t8", "t16"));
  EXPECT_EQ(layers[0].stride, 4);
  EXPECT_EQ(layers[0].channels, 3u);
  EXPECT_EQ(layers[2].size, (Size{2, 2}));
}

TEST(FeatureLayers, prefer_a_residual_sum_to_the_expansion_behind_it) {
  Graph graph = graph_of(half("s2", "x") + half("s4", "s2") + "b4 = Sigmoid(s4)\n" +
                         "sum = Add(s4, b4)\nwide = Abs(sum)\nt4 = Relu(wide)\n" +
                         half("s8", "t4") + "b8 = Sigmoid(s8)\nadd8 = Add(b8, s8)\n" +
                         "t8 = Relu(add8)\n" + half("s16", "t8") + "y = GlobalAveragePool(s16)");
  EXPECT_THAT(values(choose_layers(graph, {})), ::testing::ElementsAre("sum", "t8", "s16"));
}

TEST(FeatureLayers, pass_over_a_sum_beside_the_trunk) {
  Graph graph =
      graph_of(half("s2", "x") + half("s4", "s2") + "b = Sigmoid(s4)\ninner = Add(b, s4)\n" +
               "c = Abs(s4)\njoined = Mul(inner, c)\n" + half("s8", "joined") + half("s16", "s8") +
               "y = GlobalAveragePool(s16)");
  EXPECT_EQ(values(choose_layers(graph, {}))[0], "joined");
}

TEST(FeatureLayers, are_fewer_where_the_backbone_has_fewer_strides) {
  Graph graph = graph_of("t1 = Relu(x)\n" + half("s2", "t1") + "y = GlobalAveragePool(s2)");
  EXPECT_THAT(values(choose_layers(graph, {})), ::testing::ElementsAre("t1", "s2"));
}

TEST(FeatureLayers, are_those_named_finest_first) {
  Graph graph = graph_of(half("s2", "x") + half("s4", "s2") + "y = GlobalAveragePool(s4)");
  EXPECT_THAT(values(choose_layers(graph, {"s4", "s2"})), ::testing::ElementsAre("s2", "s4"));
  try {
    choose_layers(graph, {"s3"});
    FAIL();
  } catch (const Error& e) {
    EXPECT_THAT(e.what(), HasSubstr("no layer 's3'"));
    EXPECT_THAT(e.what(), HasSubstr("s2"));
  }
  EXPECT_THROW(choose_layers(graph, {"y"}), Error);
}

TEST(FeatureLayers, are_missed_by_name_where_there_are_none) {
  try {
    choose_layers(graph_of("y = GlobalAveragePool(x)"), {});
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::unsupported);
    EXPECT_THAT(e.what(), HasSubstr("no spatial feature maps"));
  }
}

}  // namespace
}  // namespace tamis
