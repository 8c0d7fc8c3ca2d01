#include "explain/findings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "explain/models.h"

namespace tamis::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Found {
  Graph graph;
  Executed run;
  std::vector<Finding> findings;

  const Finding* find(const std::string& id) const {
    for (const Finding& f : findings)
      if (f.id == id) return &f;
    return nullptr;
  }
};

Found found(Graph graph, const Json& profile, const std::string& backend,
            std::vector<std::string> isa = {"avx512_vnni"}) {
  Executed run = map_to_graph(graph, parse_profile(profile, 3));
  Graph parent = parent_graph();
  Executed parent_run = map_to_graph(parent, parse_profile(recorded(backend + "_parent"), 3));
  std::vector<LayerGroup> groups = match_layers(parent, parent_run, graph, run);
  Evidence evidence{graph, run, groups, &parent_run, backend, std::move(isa), "x86_64"};
  std::vector<Finding> findings = find_obstacles(evidence);
  return {graph, run, findings};
}

TEST(Findings, name_a_convolution_left_in_float_and_why) {
  Found f = found(variant_graph(), recorded("ort_variant"), "ort");
  const Finding* finding = f.find("float_where_int8");
  ASSERT_NE(finding, nullptr);
  EXPECT_THAT(finding->layers, ElementsAre("conv2"));
  EXPECT_EQ(finding->us, 78);
  EXPECT_THAT(finding->text, HasSubstr("output is not quantised before GlobalAveragePool"));
}

TEST(Findings, count_the_conversions_that_were_not_fused) {
  Found f = found(variant_graph(), recorded("ort_variant"), "ort");
  EXPECT_THAT(f.find("unfused_qdq")->layers,
              ::testing::UnorderedElementsAre("dq_c1/duplicated", "dq_c1", "q_m1", "dq_m1"));
  EXPECT_EQ(f.find("unfused_qdq")->gain_us, f.find("unfused_qdq")->us);
  EXPECT_THAT(f.find("constants_dequantised")->layers, ElementsAre("dq_w2"));
  EXPECT_THAT(f.find("input_quantised")->layers, ElementsAre("q_x"));
  EXPECT_EQ(f.find("layout")->us, 8);
}

TEST(Findings, see_int8_that_is_slower_than_its_parent) {
  Found f = found(variant_graph(), recorded("ort_variant"), "ort");
  ASSERT_NE(f.find("slower_in_int8"), nullptr);
  EXPECT_EQ(f.find("slower_in_int8")->layers.front(), "conv1_token_1");
}

TEST(Findings, do_not_find_in_openvino_what_only_onnx_runtime_left) {
  Found f = found(variant_graph(), recorded("openvino_variant"), "openvino");
  for (const char* id : {"unfused_qdq", "float_where_int8", "constants_dequantised", "dynamic"})
    EXPECT_EQ(f.find(id), nullptr) << id;
}

TEST(Findings, blame_the_cpu_only_where_it_lacks_the_instruction) {
  EXPECT_EQ(found(variant_graph(), recorded("ort_variant"), "ort").find("no_dot_product"), nullptr);
  Found old = found(variant_graph(), recorded("ort_variant"), "ort", {"avx2"});
  ASSERT_NE(old.find("no_dot_product"), nullptr);
  EXPECT_THAT(old.find("no_dot_product")->layers, ElementsAre("conv1_token_1"));
}

TEST(Findings, name_signed_activations) {
  Graph graph = variant_graph();
  std::int8_t zero = 0;
  std::string name = graph.add_initializer("zs", {}, std::span<const std::int8_t>(&zero, 1));
  for (onnx::NodeProto* node : graph.nodes())
    if (node->name() == "q_m1" || node->name() == "dq_m1") graph.set_input(*node, 2, name);
  EXPECT_EQ(found(graph, recorded("ort_variant"), "ort").find("signed_activations"), nullptr);
  graph.set_output(*graph.producer("c2"), 0, "c2_f");  // now nothing else stands in the way
  graph.add_node({"QuantizeLinear", {"c2_f", "sc", "zc"}, {"c2_q"}, "q_c2"});
  graph.add_node({"DequantizeLinear", {"c2_q", "sc", "zc"}, {"c2"}, "dq_c2"});
  graph.sort();
  Found f = found(graph, recorded("ort_variant"), "ort");
  EXPECT_THAT(f.find("signed_activations")->layers, ElementsAre("conv2"));
}

TEST(Findings, name_the_one_scale_of_an_old_opset) {
  Graph graph = variant_graph();
  EXPECT_EQ(found(graph, recorded("ort_variant"), "ort").find("per_tensor_weights"), nullptr);
  graph.set_opset("", 12);
  Found f = found(graph, recorded("ort_variant"), "ort");
  ASSERT_NE(f.find("per_tensor_weights"), nullptr);
  EXPECT_EQ(f.find("per_tensor_weights")->layers.size(), 2U);
}

TEST(Findings, name_dynamic_quantisation) {
  Json rows = recorded("ort_variant");
  rows[3]["type"] = "ConvInteger";
  EXPECT_THAT(found(variant_graph(), rows, "ort").find("dynamic")->layers,
              ElementsAre("conv1_token_1"));
}

TEST(Findings, name_a_quantised_head) {
  EXPECT_EQ(found(variant_graph(), recorded("ort_variant"), "ort").find("head_quantised"), nullptr);
  Graph graph = variant_graph();
  graph.set_output(*graph.nodes().back(), 0, "p");
  graph.add_node({"Concat", {"p", "p"}, {"cat"}, "cat"});
  graph.add_node({"QuantizeLinear", {"cat", "sc", "zc"}, {"cat_q"}, "q_cat"});
  graph.add_node({"DequantizeLinear", {"cat_q", "sc", "zc"}, {"y"}, "dq_cat"});
  Json rows = recorded("ort_variant");
  rows.push_back({{"name", "cat"},
                  {"type", "QLinearConcat"},
                  {"precision", "u8"},
                  {"us", 1.0},
                  {"inputs", {"u8"}},
                  {"outputs", {"u8"}},
                  {"runs_us", {1.0, 1.0, 1.0}}});
  Found f = found(graph, rows, "ort");
  ASSERT_NE(f.find("head_quantised"), nullptr);
  EXPECT_THAT(f.find("head_quantised")->layers, ElementsAre("cat"));
}

}  // namespace
}  // namespace tamis::testing
