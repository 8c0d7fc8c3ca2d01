#include "graph/graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace tamis {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kChain = R"(
<ir_version: 8, opset_import: ["" : 17]>
g (float[1,3,8,8] x) => (float[1,4,8,8] y)
<float[4,3,1,1] w = {1,2,3,4,5,6,7,8,9,10,11,12}>
{
  c = Conv(x, w)
  r = Relu(c)
  i = Identity(r)
  y = Add(i, r)
})";

constexpr const char* kBody = R"(
<ir_version: 8, opset_import: ["" : 17]>
g (bool b, float[2] x) => (float[2] y)
{
  a = Relu(x)
  y = If(b) <then_branch = t () => (float[2] p) { p = Neg(a) }, else_branch = e () => (float[2] q) { q = Exp(a) }>
})";

std::vector<std::string> types_of(const Graph& graph) {
  std::vector<std::string> types;
  for (const auto* node : graph.nodes()) types.push_back(node->op_type());
  return types;
}

std::string error_text(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(Graph, finds_producers_consumers_and_constants) {
  Graph graph = Graph::parse_text(kChain);
  EXPECT_EQ(graph.producer("r")->op_type(), "Relu");
  EXPECT_EQ(graph.producer("x"), nullptr);
  EXPECT_EQ(graph.consumers("r").size(), 2u);
  EXPECT_EQ(graph.only_consumer("r"), nullptr);
  EXPECT_EQ(graph.only_consumer("c")->op_type(), "Relu");
  EXPECT_TRUE(graph.is_constant("w"));
  EXPECT_FALSE(graph.is_constant("x"));
  EXPECT_TRUE(graph.is_input("x"));
  EXPECT_TRUE(graph.is_output("y"));
  EXPECT_THAT(floats(*graph.constant("w")), ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12));
}

TEST(Graph, infers_shapes_without_changing_the_model) {
  Graph graph = Graph::parse_text(kChain);
  std::string before = graph.to_bytes();
  EXPECT_FALSE(graph.shape("c"));
  graph.infer_shapes();
  EXPECT_EQ(graph.static_shape("c"), (Shape{1, 4, 8, 8}));
  EXPECT_EQ(graph.type("c"), onnx::TensorProto::FLOAT);
  EXPECT_EQ(graph.static_shape("w"), (Shape{4, 3, 1, 1}));
  EXPECT_EQ(graph.to_bytes(), before);
}

TEST(Graph, infers_shapes_behind_a_computed_reshape_in_old_opsets_too) {
  for (const int version : {10, 11, 12, 13, 17}) {
    const bool as_input = version >= 13;
    Graph graph =
        Graph::parse_text("<ir_version: 6, opset_import: [\"\" : " + std::to_string(version) + R"(]>
g (float[N,8,1,W] x) => (float[P,Q,R] y)
<int64[1] zero = {0}, int64[1] two = {2}, int64[1] rest = {-1}>
{
  s = Shape(x)
  front = Slice(s, zero, two, zero)
  target = Concat<axis = 0>(front, rest)
  rows = Reshape(x, target)
  turned = Transpose<perm = [0,2,1]>(rows)
  one = )" + (as_input ? "Unsqueeze(turned, zero)" : "Unsqueeze<axes = [0]>(turned)") +
                          R"(
  y = )" + (as_input ? "Squeeze(one, zero)" : "Squeeze<axes = [0]>(one)") +
                          R"(
})");
    graph.infer_shapes();
    EXPECT_EQ(graph.shape("rows"), (PartialShape{{}, 8, {}})) << "opset " << version;
    EXPECT_EQ(graph.shape("turned"), (PartialShape{{}, {}, 8})) << "opset " << version;
    EXPECT_EQ(graph.shape("one"), (PartialShape{1, {}, {}, 8})) << "opset " << version;
  }
}

TEST(Graph, a_copy_is_independent) {
  Graph graph = Graph::parse_text(kChain);
  Graph copy = graph;
  copy.erase_node(*copy.producer("y"));
  EXPECT_EQ(copy.producer("y"), nullptr);
  EXPECT_EQ(graph.producer("y")->op_type(), "Add");
}

TEST(Graph, makes_names_unique) {
  Graph graph = Graph::parse_text(kChain);
  EXPECT_EQ(graph.unique_value_name("r"), "r_1");
  EXPECT_EQ(graph.unique_value_name("r"), "r_2");
  EXPECT_EQ(graph.unique_value_name("new"), "new");
  EXPECT_EQ(graph.add_initializer("w", {2}, std::vector<float>{1, 2}), "w_1");
}

TEST(Graph, inserts_a_node_and_sorts_it_into_place) {
  Graph graph = Graph::parse_text(kChain);
  onnx::NodeProto& neg = graph.add_node({.op_type = "Neg", .inputs = {"c"}});
  graph.set_input(*graph.producer("r"), 0, neg.output(0));
  graph.sort();
  EXPECT_THAT(types_of(graph), ElementsAre("Conv", "Neg", "Relu", "Identity", "Add"));
  EXPECT_EQ(graph.only_consumer("c"), graph.producer(neg.output(0)));
  graph.verify();
}

TEST(Graph, refuses_to_sort_a_cycle) {
  Graph graph = Graph::parse_text(kChain);
  graph.set_input(*graph.producer("c"), 0, "i");
  EXPECT_THAT(error_text([&] { graph.sort(); }), HasSubstr("a cycle"));
}

TEST(Graph, bypasses_a_node) {
  Graph graph = Graph::parse_text(kChain);
  graph.bypass(*graph.producer("i"));
  EXPECT_THAT(types_of(graph), ElementsAre("Conv", "Relu", "Add"));
  EXPECT_EQ(graph.consumers("r").size(), 1u);
  graph.verify();
}

TEST(Graph, keeps_the_name_of_a_graph_output_when_bypassing) {
  Graph graph = Graph::parse_text(
      "<ir_version: 8, opset_import: [\"\" : 17]> g (float[2] x) => (float[2] y) {a = Relu(x) y = "
      "Identity(a)}");
  graph.bypass(*graph.producer("y"));
  EXPECT_EQ(graph.producer("y")->op_type(), "Relu");
  graph.verify();
}

TEST(Graph, cannot_bypass_between_a_graph_input_and_output) {
  Graph graph = Graph::parse_text(
      "<ir_version: 8, opset_import: [\"\" : 17]> g (float[2] x) => (float[2] y) {y = "
      "Identity(x)}");
  EXPECT_FALSE(graph.can_bypass(*graph.producer("y")));
}

TEST(Graph, removes_what_no_output_needs) {
  Graph graph = Graph::parse_text(kChain);
  graph.add_node({.op_type = "Exp", .inputs = {"c"}});
  graph.add_initializer("unused", {1}, std::vector<std::int64_t>{7});
  EXPECT_EQ(graph.remove_dead(), 2u);
  EXPECT_EQ(graph.remove_dead(), 0u);
  EXPECT_EQ(graph.initializer("unused"), nullptr);
  EXPECT_EQ(graph.only_consumer("c")->op_type(), "Relu");
}

TEST(Graph, counts_values_used_in_bodies_and_renames_them_there) {
  Graph graph = Graph::parse_text(kBody);
  EXPECT_EQ(graph.only_consumer("a")->op_type(), "If");
  EXPECT_EQ(graph.replace_uses("a", "x"), 2u);
  EXPECT_EQ(graph.remove_dead(), 1u);
  graph.verify();
}

TEST(Graph, reads_constant_nodes_of_every_form_as_tensors) {
  Graph graph =
      Graph::parse_text(R"(<ir_version: 8, opset_import: ["" : 17]> g (float[2] x) => (float[2] y) {
    a = Constant <value_float = 2.5> ()
    b = Constant <value_ints = [3, 4]> ()
    c = Cast <to = 1> (b)
    d = Mul(x, a)
    y = Add(d, c)
  })");
  EXPECT_EQ(scalar(*graph.constant("a")), 2.5);
  EXPECT_THAT(ints(*graph.constant("b")), ElementsAre(3, 4));
  graph.verify();
}

TEST(Graph, takes_weights_that_are_listed_as_inputs_for_constants) {
  const char* text =
      "opset_import: [\"\" : 17]> g (float[2] x, float[2] w) => (float[2] y) <float[2] w = {1, 2}> "
      "{y = Add(x, w)}";
  Graph modern = Graph::parse_text(std::string("<ir_version: 8, ") + text);
  EXPECT_TRUE(modern.is_constant("w"));
  EXPECT_EQ(modern.notes().size(), 1u);
  Graph old = Graph::parse_text(std::string("<ir_version: 3, ") + text);
  EXPECT_TRUE(old.is_constant("w"));
  EXPECT_EQ(old.inputs().size(), 1u);
  EXPECT_TRUE(old.notes().empty());
  old.add_initializer("more", {1}, std::vector<float>{1});
  old.erase_initializer("more");
  old.verify();
  EXPECT_EQ(old.inputs().size(), 1u);
  EXPECT_TRUE(old.notes().empty());
}

TEST(Graph, of_ir_version_3_stays_valid_with_a_weight_more_and_one_less) {
  Graph graph = Graph::parse_text(
      "<ir_version: 3, opset_import: [\"\" : 8]> g (float[2] x, float[2] w) => (float[2] y) "
      "<float[2] w = {1, 2}> {y = Add(x, w)}");
  const std::string fresh = graph.add_initializer("w", {2}, std::vector<float>{3, 4});
  graph.replace_uses("w", fresh);
  graph.remove_dead();
  graph.verify();
  EXPECT_EQ(graph.inputs().size(), 1u) << "the weight that went is no input now";
}

TEST(Graph, with_an_operator_that_onnx_defines_by_a_constant_is_valid) {
  Graph graph = Graph::parse_text(
      "<ir_version: 8, opset_import: [\"\" : 13]> g (float[1,3,4,4] x) => (float[1,3,4,4] y) "
      "{y = MeanVarianceNormalization(x)}");
  EXPECT_NO_THROW(graph.verify());
}

TEST(Graph, upgrades_the_opset_and_keeps_the_metadata) {
  Graph graph = Graph::parse_text(
      "<ir_version: 5, opset_import: [\"\" : 10]> g (float[2] x) => (float[2] y) {y = Clip <min = "
      "0.0, max = 6.0> (x)}");
  graph.set_metadata("task", "detect");
  graph.upgrade_opset(13);
  EXPECT_EQ(graph.opset(), 13);
  EXPECT_EQ(graph.metadata().at("task"), "detect");
  EXPECT_EQ(graph.inputs()[0].name, "x");
  EXPECT_EQ(graph.producer("y")->input_size(), 3);
  graph.verify();
  graph.upgrade_opset(11);
  EXPECT_EQ(graph.opset(), 13);
}

TEST(Graph, names_node_and_operator_of_a_contradiction) {
  Graph graph = Graph::parse_text(
      "<ir_version: 8, opset_import: [\"\" : 17]> g (float[2,3] x, float[4,5] z) => (float[2,5] y) "
      "{[mm] y = MatMul(x, z)}");
  std::string text = error_text([&] { graph.verify(); });
  EXPECT_THAT(text, HasSubstr("MatMul"));
  EXPECT_THAT(text, HasSubstr("mm"));
  EXPECT_EQ(text.find('\n'), std::string::npos);
}

TEST(Graph, allows_operators_of_other_domains) {
  Graph graph = Graph::parse_text(
      "<ir_version: 8, opset_import: [\"\" : 17, \"com.microsoft\" : 1]> g (float[2] x) => "
      "(float[2] y) "
      "{y = com.microsoft.QuickGelu(x)}");
  graph.verify();
}

}  // namespace
}  // namespace tamis
