#include "explain/executed.h"

#include <gtest/gtest.h>

#include "explain/findings.h"
#include "explain/models.h"

namespace tamis::testing {
namespace {

Executed executed(const Graph& graph, const std::string& record) {
  return map_to_graph(graph, parse_profile(recorded(record), 3));
}

std::string layer_name(const Executed& run, const std::string& node) {
  return run.layers[run.layer_of.at(node)].name;
}

TEST(Executed, finds_nodes_by_the_runtimes_own_names) {
  Executed ort = executed(variant_graph(), "ort_variant");
  EXPECT_EQ(layer_name(ort, "c1_f"), "conv1_token_1");
  EXPECT_EQ(layer_name(ort, "c2"), "conv2");
  Executed parent = executed(parent_graph(), "ort_parent");
  EXPECT_EQ(layer_name(parent, "c1"), "c1_nchwc");
  EXPECT_EQ(layer_name(parent, "m1"), "product/QuickGeluFusion/");
}

TEST(Executed, counts_nodes_that_nothing_names_to_the_fusion_around_them) {
  EXPECT_EQ(layer_name(executed(parent_graph(), "ort_parent"), "s1"), "product/QuickGeluFusion/");
  EXPECT_EQ(layer_name(executed(parent_graph(), "openvino_parent"), "s1"), "conv1");
  Executed openvino = executed(variant_graph(), "openvino_variant");
  EXPECT_EQ(layer_name(openvino, "m1_f"), "q_m1");
  EXPECT_EQ(layer_name(openvino, "s1"), "q_m1");
}

TEST(Executed, tells_what_the_runtime_put_in_from_what_the_file_asks_for) {
  Executed ort = executed(variant_graph(), "ort_variant");
  EXPECT_EQ(ort.layers[2].kind, LayerKind::layout);      // Transpose
  EXPECT_EQ(ort.layers[1].kind, LayerKind::conversion);  // q_x
  EXPECT_EQ(ort.layers[3].kind, LayerKind::compute);
  Executed openvino = executed(variant_graph(), "openvino_variant");
  EXPECT_EQ(openvino.layers[0].kind, LayerKind::conversion);  // a Subgraph that is q_x alone
  EXPECT_EQ(openvino.layers[0].to, "int8");
  EXPECT_EQ(openvino.layers[3].kind, LayerKind::compute);  // a Subgraph with the SiLU
}

TEST(Executed, follows_values_through_quantisation) {
  Executed ort = executed(variant_graph(), "ort_variant");
  auto flows = [&](const std::string& from, const std::string& to) {
    return std::count(ort.flow.begin(), ort.flow.end(),
                      std::pair(ort.layer_of.at(from), ort.layer_of.at(to)));
  };
  EXPECT_EQ(flows("c1_f", "s1"), 1);
  EXPECT_EQ(flows("m1_f", "c2"), 1);
  EXPECT_EQ(flows("c2", "m1_f"), 0);
}

TEST(Executed, counts_islands_of_int8) {
  EXPECT_EQ(int8_islands(executed(variant_graph(), "ort_variant")), std::vector<std::size_t>{1});
  EXPECT_EQ(int8_islands(executed(variant_graph(), "openvino_variant")),
            std::vector<std::size_t>{3});
  EXPECT_TRUE(int8_islands(executed(parent_graph(), "ort_parent")).empty());
}

}  // namespace
}  // namespace tamis::testing
