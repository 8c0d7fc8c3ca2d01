#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "base/files.h"
#include "graph/tensor_data.h"
#include "quantize/dynamic.h"
#include "quantize/weight_only.h"
#include "support.h"
#include "support/needs.h"
#include "transformer.h"

namespace tamis {
namespace {

using ::testing::HasSubstr;

std::size_t count(const Graph& graph, std::string_view op) {
  std::size_t found = 0;
  for (const onnx::NodeProto* node : graph.nodes()) found += node->op_type() == op ? 1U : 0U;
  return found;
}

/// Runs it beside the float model in both runtimes and compares.
void expect_right_in_both(const Graph& before, const Graph& after, const FeedCalibration& feed,
                          double least_db) {
  TAMIS_NEEDS_RUNTIME("ort");
  TAMIS_NEEDS_RUNTIME("openvino");
  TemporaryFolder folder("tamis-test");
  before.save(folder.path() / "float.onnx");
  after.save(folder.path() / "after.onnx");
  const auto open = [](const std::string& name) {
    return NamedRuntime{name, [name](const std::filesystem::path& model) {
                          OpenRequest request;
                          request.model = model;
                          request.settings.backend = name;
                          request.settings.threads = 1;
                          request.settings.inference_precision = "f32";
                          request.input_shapes = {{2, 9, 64}};
                          return find_backend(name)->open(request);
                        }};
  };
  const auto checks = check_quantized(folder.path() / "float.onnx", folder.path() / "after.onnx",
                                      open("ort"), {open("ort"), open("openvino")}, feed);
  for (const RuntimeCheck& check : checks) {
    EXPECT_FALSE(check.refused) << check.runtime << ": " << check.reason;
    if (check.outputs.empty()) continue;
    EXPECT_GT(check.outputs[0].snr_db, least_db) << check.runtime;
    EXPECT_LT(check.outputs[0].snr_db, 199) << check.runtime << ": nothing was quantised";
  }
}

TEST(Dynamic, quantises_each_product_with_constant_weights_and_shared_inputs_once) {
  Graph graph = transformer_block();
  const QuantizeReport report = quantize_dynamic(graph);
  EXPECT_EQ(report.quantised_nodes, 7U);
  EXPECT_EQ(count(graph, "MatMulInteger"), 7U);
  EXPECT_EQ(count(graph, "DynamicQuantizeLinear"), 5U);  // q, k and v read the same value
  EXPECT_EQ(count(graph, "MatMul"), 2U);
  ASSERT_EQ(report.kept_in_float.size(), 2U);
  EXPECT_EQ(report.kept_in_float[0].reason, "both operands are computed");
}

TEST(Dynamic, is_right_in_both_runtimes) {
  const Graph before = transformer_block();
  Graph graph = before;
  quantize_dynamic(graph);
  expect_right_in_both(before, graph, noise_of({2, 9, 64}, 3), 30);
}

TEST(Dynamic, computes_what_the_formula_says) {
  TAMIS_NEEDS_RUNTIME("ort");
  Graph graph = Graph::parse_text(R"(<ir_version: 8, opset_import: ["" : 13]>
      g (float[1,2] x) => (float[1,2] y) <float[2,2] w = {1.27, 0, 0, -2.54}, float[2] b = {1, 2}>
      {m = MatMul (x, w) y = Add (m, b)})");
  quantize_dynamic(graph);
  TemporaryFolder folder("tamis-test");
  graph.save(folder.path() / "m.onnx");
  const auto session = runtime_of("ort").open(folder.path() / "m.onnx");
  std::vector<Tensor> inputs;
  inputs.emplace_back(DataType::f32, Shape{1, 2});
  inputs[0].data<float>()[0] = 2.55F;  // scale .01, zero point 0
  inputs[0].data<float>()[1] = 1.0F;
  std::vector<Tensor> outputs = make_tensors(session->outputs());
  session->run(inputs, outputs);
  EXPECT_NEAR(outputs[0].data<float>()[0], 2.55 * 1.27 + 1, 1e-5);
  EXPECT_NEAR(outputs[0].data<float>()[1], -2.54 + 2, 1e-5);
}

TEST(Dynamic, says_why_the_only_product_cannot_be_quantised) {
  Graph graph = Graph::parse_text(R"(<ir_version: 8, opset_import: ["" : 17]>
      g (float[4] x) => (float[2] y) <float[4,2] w = {1,2,3,4,5,6,7,8}> {y = MatMul (x, w)})");
  try {
    quantize_dynamic(graph);
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "int8-dynamic: no matrix product can be quantised ('y': its input is a vector); "
                 "use int8-static, which quantises convolutions");
  }
}

TEST(Dynamic, reads_products_behind_a_computed_reshape_of_an_old_opset) {
  Graph graph = Graph::parse_text(R"(<ir_version: 7, opset_import: ["" : 12]>
      g (float[T,N,4] x) => (float[R,2] y)
      <float[4,2] w = {1,2,3,4,5,6,7,8}, int64[1] from = {0}, int64[1] rest = {-1},
       int64[1] last = {2}, int64[1] end = {3}>
      {s = Shape (x) width = Slice (s, last, end, from) t = Concat<axis = 0> (rest, width)
       rows = Reshape (x, t) y = MatMul (rows, w)})");
  EXPECT_EQ(quantize_dynamic(graph).quantised_nodes, 1U);
}

TEST(Dynamic, refuses_a_model_of_convolutions_with_the_remedy) {
  Graph graph = Graph::parse_text(R"(<ir_version: 8, opset_import: ["" : 17]>
      g (float[1,1,4,4] x) => (float[1,1,4,4] y) <float[1,1,1,1] w = {2}> {y = Conv (x, w)})");
  const std::string before = graph.to_bytes();
  try {
    quantize_dynamic(graph);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported);
    EXPECT_THAT(error.what(),
                HasSubstr("no matrix product with constant weights; use int8-static"));
  }
  EXPECT_EQ(graph.to_bytes(), before);
}

TEST(WeightOnly, packs_codes_lower_half_first_and_fills_up_with_zero) {
  std::vector<float> column(20);
  for (std::size_t i = 0; i < column.size(); ++i) column[i] = static_cast<float>(i % 8) - 7.0F;
  const BlockWeights w = pack_blocks(column, 20, {4, 16});
  ASSERT_EQ(w.scales.size(), 2U);
  ASSERT_EQ(w.packed.size(), 16U);
  EXPECT_EQ(w.scales[0], 1.0F);  // largest magnitude 7 over 7: exact
  EXPECT_EQ(w.packed[0], 0x21);  // -7 → 1, -6 → 2
  EXPECT_EQ(w.packed[10], 0x88);
}

TEST(WeightOnly, eight_bits_are_one_byte_each) {
  const BlockWeights w = pack_blocks(std::vector<float>{-127, 0, 127, 1}, 4, {8, 16});
  EXPECT_EQ(w.scales[0], 1.0F);
  EXPECT_EQ(w.packed[0], 1);
  EXPECT_EQ(w.packed[1], 128);
  EXPECT_EQ(w.packed[2], 255);
  EXPECT_EQ(w.packed[15], 128);
}

TEST(WeightOnly, a_block_of_zeros_stays_zero) {
  const BlockWeights w = pack_blocks(std::vector<float>(16, 0.0F), 16, {4, 16});
  EXPECT_EQ(w.scales[0], 1.0F);
  for (std::uint8_t byte : w.packed) EXPECT_EQ(byte, 0x88);
}

struct Blocks {
  WeightOnlyOptions options;
  double least_db;
};

class WeightOnlyRuns : public ::testing::TestWithParam<Blocks> {};

TEST_P(WeightOnlyRuns, right_in_both_runtimes) {
  const Graph before = transformer_block();
  Graph graph = before;
  const QuantizeReport report = quantize_weights_only(graph, GetParam().options);
  EXPECT_EQ(report.quantised_nodes, 7U);
  EXPECT_EQ(count(graph, "MatMulNBits"), 7U);
  EXPECT_LT(graph.to_bytes().size(), before.to_bytes().size() / 2);
  expect_right_in_both(before, graph, noise_of({2, 9, 64}, 3), GetParam().least_db);
}

INSTANTIATE_TEST_SUITE_P(Blocks, WeightOnlyRuns,
                         ::testing::Values(Blocks{{4, 32}, 14}, Blocks{{4, 128}, 12},
                                           Blocks{{8, 32}, 35}, Blocks{{8, 128}, 35}),
                         [](const auto& one) {
                           return "bits" + std::to_string(one.param.options.bits) + "_block" +
                                  std::to_string(one.param.options.block);
                         });

TEST(WeightOnly, refuses_other_widths_and_blocks) {
  Graph graph = transformer_block();
  EXPECT_THROW(quantize_weights_only(graph, {3, 32}), Error);
  EXPECT_THROW(quantize_weights_only(graph, {4, 24}), Error);
}

TEST(Static, leaves_out_the_zero_point_of_a_products_weights) {
  const char* text = R"(<ir_version: 8, opset_import: ["" : 17]>
      g (float[2,4] x) => (float[2,3] y) {m = MatMul (x, w) r = Relu (m) y = MatMul (r, v)})";
  for (const QuantizeTarget target : {QuantizeTarget::ort, QuantizeTarget::openvino}) {
    Graph graph = Graph::parse_text(text);
    add_random(graph, "w", {4, 5}, 1, 1), add_random(graph, "v", {5, 3}, 1, 2);
    graph.reindex();
    quantise_ramp(graph, target, {2, 4});
    for (const onnx::NodeProto* product : graph.nodes_of("MatMul")) {
      const onnx::NodeProto& weights = *graph.producer(product->input(1));
      EXPECT_EQ(weights.input_size(), target == QuantizeTarget::ort ? 2 : 3) << to_text(target);
      EXPECT_EQ(int_attribute(weights, "axis"), 1);
    }
  }
}

// ---- TensorRT -----------------------------------------------------------------------------------

Graph residual_network() {
  Graph graph = Graph::parse_text(R"(
    <ir_version: 8, opset_import: ["" : 17]>
    g (float[1,8,8,8] x) => (float[1,8,8,8] y) {
      c1 = Conv <pads = [1,1,1,1]> (x, w1, b1)
      r1 = Relu (c1)
      c2 = Conv <pads = [1,1,1,1]> (r1, w2)
      d = Conv (x, w3)
      a = Add (c2, d)
      r = Relu (a)
      p = MaxPool <kernel_shape = [3,3], pads = [1,1,1,1]> (r)
      j = Concat <axis = 1> (p, r1)
      y = Conv (j, w4)
    })");
  add_random(graph, "w1", {8, 8, 3, 3}, 0.15, 1), add_random(graph, "b1", {8}, 0.1, 2);
  add_random(graph, "w2", {8, 8, 3, 3}, 0.15, 3), add_random(graph, "w3", {8, 8, 1, 1}, 0.3, 4);
  add_random(graph, "w4", {8, 16, 1, 1}, 0.3, 5);
  graph.reindex();
  return graph;
}

Graph for_tensorrt() {
  Graph graph = residual_network();
  quantise_ramp(graph, QuantizeTarget::tensorrt, {1, 8, 8, 8});
  return graph;
}

TEST(TensorRt, puts_pairs_before_convolutions_and_none_before_their_activation) {
  const Graph graph = for_tensorrt();
  EXPECT_EQ(way_back(graph, "r1"), "DQ Q Relu Conv DQ Q");
  EXPECT_EQ(graph.producer("y")->op_type(), "Conv");  // its output stays in float
}

TEST(TensorRt, quantises_the_residual_branch_of_an_add_and_not_the_other) {
  const Graph graph = for_tensorrt();
  for (const onnx::NodeProto* node : graph.nodes_of("Add")) {
    EXPECT_EQ(graph.producer(node->input(0))->op_type(), "Conv");  // fused with it
    EXPECT_EQ(graph.producer(node->input(1))->op_type(), "DequantizeLinear");
  }
}

TEST(TensorRt, is_symmetric_s8_per_tensor_and_the_bias_float) {
  const Graph graph = for_tensorrt();
  std::size_t pairs = 0;
  for (const onnx::NodeProto* node : graph.nodes()) {
    if (!is_op(*node, "QuantizeLinear") && !is_op(*node, "DequantizeLinear")) continue;
    const onnx::TensorProto& zero = *graph.constant(node->input(2));
    EXPECT_EQ(zero.data_type(), onnx::TensorProto::INT8);
    for (std::int64_t value : ints(zero)) EXPECT_EQ(value, 0);
    const bool weights = graph.is_constant(node->input(0));
    EXPECT_EQ(shape_of(*graph.constant(node->input(1))).size(), weights ? 1U : 0U);
    ++pairs;
  }
  EXPECT_GT(pairs, 8U);
  EXPECT_EQ(graph.constant("b1")->data_type(), onnx::TensorProto::FLOAT);
  EXPECT_EQ(graph.nodes_of("Conv").front()->input(2), "b1");
}

TEST(TensorRt, gives_the_inputs_of_a_concat_one_scale) {
  const Graph graph = for_tensorrt();
  const onnx::NodeProto& concat = *graph.nodes_of("Concat").front();
  const auto scale_of = [&](const std::string& value) {
    const onnx::NodeProto& pair = *graph.producer(value);
    EXPECT_EQ(pair.op_type(), "DequantizeLinear");
    return pair.input(1);
  };
  EXPECT_EQ(scale_of(concat.input(0)), scale_of(concat.input(1)));
}

TEST(TensorRt, has_standard_operators_only_and_is_right_in_onnx_runtime) {
  TAMIS_NEEDS_RUNTIME("ort");
  const Graph before = residual_network();
  Graph graph = before;
  QuantizeOptions options;
  options.target = QuantizeTarget::tensorrt;
  const FeedCalibration feed = noise_of({1, 8, 8, 8}, 10);
  quantize_static(graph, options, runtime_of("ort").open, feed);
  graph.verify();
  EXPECT_EQ(graph.proto().opset_import_size(), 1);
  TemporaryFolder folder("tamis-test");
  before.save(folder.path() / "float.onnx");
  graph.save(folder.path() / "int8.onnx");
  const auto checks = check_quantized(folder.path() / "float.onnx", folder.path() / "int8.onnx",
                                      runtime_of("ort"), {runtime_of("ort")}, feed);
  EXPECT_FALSE(checks[0].refused) << checks[0].reason;
  EXPECT_GT(checks[0].outputs[0].snr_db, 25);
}

}  // namespace
}  // namespace tamis
