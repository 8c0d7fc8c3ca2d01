#include "quantize/input_kinds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

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

const Shape kRampInput{1, 4, 8, 8};

std::string head(int opset) {
  return "<ir_version: " + std::to_string(opset < 21 ? 8 : 10) +
         ", opset_import: [\"\" : " + std::to_string(opset) +
         "]> g (float[1,4,8,8] x) => (float[1,4] y) ";
}

Graph with_weights(const std::string& text) {
  Graph graph = Graph::parse_text(text);
  add_random(graph, "w1", {4, 4, 3, 3}, 0.2, 1), add_random(graph, "b1", {4}, 0.1, 2);
  add_random(graph, "w2", {4, 4, 1, 1}, 0.4, 3);
  graph.reindex();
  return graph;
}

/// Quantises with what the noise shows and says how near both runtimes come to the float model, in
/// the worse of the two.
double worst_snr_db(const Graph& before, QuantizeReport* report = nullptr,
                    const FeedCalibration& feed = noise_of(kRampInput, 8)) {
  TemporaryFolder folder("tamis-test");
  before.save(folder.path() / "float.onnx");
  Graph graph = before;
  const QuantizeReport made = quantize_static(graph, {}, runtime_of("ort").open, feed);
  if (report != nullptr) *report = made;
  graph.save(folder.path() / "int8.onnx");
  double worst = 1000;
  for (const RuntimeCheck& check :
       check_quantized(folder.path() / "float.onnx", folder.path() / "int8.onnx", runtime_of("ort"),
                       {runtime_of("ort"), runtime_of("openvino")}, feed)) {
    EXPECT_FALSE(check.refused) << check.runtime << ": " << check.reason;
    EXPECT_EQ(check.outputs.size(), 1U);
    for (const OutputCheck& output : check.outputs) worst = std::min(worst, output.snr_db);
  }
  return worst;
}

#define NEEDS_BOTH()          \
  TAMIS_NEEDS_RUNTIME("ort"); \
  TAMIS_NEEDS_RUNTIME("openvino")

std::string refusal(Graph graph) {
  try {
    quantise_ramp(graph, QuantizeTarget::portable, kRampInput);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported);
    return error.what();
  }
  return "accepted";
}

// ---- quantised already
// ---------------------------------------------------------------------------

TEST(QuantisedInput, is_refused_with_what_was_found_and_the_remedy) {
  Graph graph = with_weights(head(17) + R"({c = Conv (x, w1, b1) r = Relu (c) d = Conv (r, w2)
      m = GlobalAveragePool (d) y = Flatten (m)})");
  quantise_ramp(graph, QuantizeTarget::ort, kRampInput);
  const std::string text = refusal(graph);
  EXPECT_THAT(text, HasSubstr("is quantised already: "));
  EXPECT_THAT(text, HasSubstr("QuantizeLinear; give the float model it was made from"));
}

TEST(QuantisedInput, is_refused_as_qlinear_operators_and_inside_bodies) {
  const char* kQLinear = R"(<ir_version: 8, opset_import: ["" : 13]>
      g (uint8[2,2] a) => (uint8[2,2] y) <float s = {1}, uint8 z = {0}, uint8[2,2] b = {1, 2, 3, 4}>
      {y = QLinearMatMul (a, s, z, b, s, z, s, z)})";
  EXPECT_THAT(refusal(Graph::parse_text(kQLinear)), HasSubstr("1 QLinearMatMul"));
  const char* kInside = R"(<ir_version: 8, opset_import: ["" : 13]>
      g (float[2] x, bool c) => (float[2] y) <float s = {1}, uint8 z = {0}> {
        y = If (c) <then_branch = t () => (float[2] o) {q = QuantizeLinear (x, s, z)
                                                        o = DequantizeLinear (q, s, z)},
                    else_branch = e () => (float[2] p) {p = Relu (x)}>})";
  EXPECT_THAT(refusal(Graph::parse_text(kInside)), HasSubstr("1 DequantizeLinear, 1 Quantize"));
}

TEST(QuantisedInput, is_refused_by_the_forms_without_calibration_too) {
  Graph graph = transformer_block();
  quantize_weights_only(graph, {});
  EXPECT_THROW(quantize_dynamic(graph), Error);
  Graph other = transformer_block();
  quantize_dynamic(other);
  EXPECT_THROW(quantize_weights_only(other, {}), Error);
}

// ---- half precision
// ------------------------------------------------------------------------------

constexpr const char* kPlain =
    "{c = Conv <pads = [1,1,1,1]> (x, w1, b1) r = Relu (c) d = Conv (r, w2) "
    "e = Relu (d) m = GlobalAveragePool (e) y = Flatten (m)}";

/// The float model with all its tensors in f16; inputs and outputs too unless `f32_ends`.
Graph in_half(const Graph& source, bool f32_ends) {
  Graph graph = source;
  for (onnx::TensorProto& tensor : *graph.graph().mutable_initializer())
    tensor =
        make_tensor(tensor.name(), onnx::TensorProto::FLOAT16, shape_of(tensor), doubles(tensor));
  const auto half = [](onnx::ValueInfoProto& value) {
    value.mutable_type()->mutable_tensor_type()->set_elem_type(onnx::TensorProto::FLOAT16);
  };
  if (f32_ends) {
    graph.replace_uses("x", "x16");
    graph.set_output(*graph.producer("y"), 0, "y16");
    set_attribute(graph.add_node({"Cast", {"x"}, {"x16"}}), "to",
                  std::int64_t{onnx::TensorProto::FLOAT16});
    set_attribute(graph.add_node({"Cast", {"y16"}, {"y"}}), "to",
                  std::int64_t{onnx::TensorProto::FLOAT});
  } else {
    half(*graph.graph().mutable_input(0));
    half(*graph.graph().mutable_output(0));
  }
  graph.sort();
  graph.verify();
  return graph;
}

FeedCalibration halved(const FeedCalibration& feed) {
  return [feed](const std::function<void(std::span<const Tensor>)>& use) {
    feed([&](std::span<const Tensor> inputs) {
      Tensor half(DataType::f16, inputs[0].shape());
      for (std::int64_t i = 0; i < half.elements(); ++i)
        half.data<std::uint16_t>()[i] = float_to_half(inputs[0].data<float>()[i]);
      use(std::span<const Tensor>(&half, 1));
    });
  };
}

TEST(HalfInput, is_converted_first_and_said_with_f32_ends) {
  NEEDS_BOTH();
  const Graph before = in_half(with_weights(head(17) + kPlain), true);
  QuantizeReport report;
  EXPECT_GT(worst_snr_db(before, &report), 20);
  EXPECT_EQ(report.quantised_nodes, 2U);
  ASSERT_EQ(report.notes.size(), 1U);
  EXPECT_THAT(report.notes[0], HasSubstr("half precision"));
}

TEST(HalfInput, keeps_the_types_of_inputs_and_outputs) {
  NEEDS_BOTH();
  const Graph before = in_half(with_weights(head(17) + kPlain), false);
  EXPECT_GT(worst_snr_db(before, nullptr, halved(noise_of(kRampInput, 8))), 20);
  Graph graph = before;
  EXPECT_GT(convert_to_f32(graph), 0U);
  graph.verify();
  EXPECT_EQ(graph.inputs()[0].type, DataType::f16);
  EXPECT_EQ(graph.outputs()[0].type, DataType::f16);
  EXPECT_EQ(graph.constant("w1")->data_type(), onnx::TensorProto::FLOAT);
}

TEST(HalfInput, a_float_model_is_left_as_it_is) {
  Graph graph = with_weights(head(17) + kPlain);
  const std::string before = graph.to_bytes();
  EXPECT_EQ(convert_to_f32(graph), 0U);
  EXPECT_EQ(graph.to_bytes(), before);
}

// ---- operator sets
// -------------------------------------------------------------------------------

/// Clip, Split, ReduceMean, Pad and Squeeze took their parameters as attributes first and as inputs
/// later; each text is valid in its version.
std::string body_of(int opset) {
  const bool clip_inputs = opset >= 11, split_inputs = opset >= 13, mean_inputs = opset >= 18;
  std::string body = "{c = Conv <pads = [1,1,1,1]> (x, w1, b1) ";
  body += clip_inputs ? "k = Clip (c, lo, hi) " : "k = Clip <min = 0.0, max = 6.0> (c) ";
  body += split_inputs ? "l, r = Split <axis = 1> (k, halves) "
                       : "l, r = Split <axis = 1, split = [2,2]> (k) ";
  body += "j = Concat <axis = 1> (r, l) d = Conv (j, w2) e = Relu (d) ";
  body += mean_inputs ? "y = ReduceMean <keepdims = 0> (e, axes)}"
                      : "y = ReduceMean <axes = [2, 3], keepdims = 0> (e)}";
  return body;
}

class Opsets : public ::testing::TestWithParam<int> {};

TEST_P(Opsets, are_quantised_rightly) {
  NEEDS_BOTH();
  const int opset = GetParam();
  const Graph before = with_weights(
      head(opset) +
      "<float lo = {0}, float hi = {6}, int64[2] halves = {2, 2}, int64[2] axes = {2, 3}> " +
      body_of(opset));
  before.verify();
  QuantizeReport report;
  EXPECT_GT(worst_snr_db(before, &report), 20);
  EXPECT_EQ(report.quantised_nodes, 2U);
  EXPECT_EQ(report.notes.empty(), opset >= 13);
}

INSTANTIATE_TEST_SUITE_P(From9To22, Opsets, ::testing::Range(9, 23),
                         [](const auto& one) { return "opset" + std::to_string(one.param); });

// ---- batch, external and shared weights, bodies
// --------------------------------------------------

TEST(DynamicBatch, stays_dynamic_and_right_for_one_and_three) {
  NEEDS_BOTH();
  std::string text = head(17) + kPlain;
  for (const char* fixed : {"float[1,4,8,8]", "float[1,4]"}) {
    const auto at = text.find(fixed);
    text.replace(at + 6, 1, "N");
  }
  const Graph before = with_weights(text);
  const auto open = [](std::int64_t batch) {
    return [batch](const std::string& name) {
      return NamedRuntime{name, [name, batch](const std::filesystem::path& model) {
                            OpenRequest request;
                            request.model = model;
                            request.settings.backend = name;
                            request.settings.threads = 1;
                            request.settings.inference_precision = "f32";
                            if (Graph::load(model).inputs()[0].name == "x")
                              request.input_shapes = {{batch, 4, 8, 8}};
                            return find_backend(name)->open(request);
                          }};
    };
  };
  Graph graph = before;
  quantize_static(graph, {}, open(1)("ort").open, noise_of(kRampInput, 8));
  EXPECT_FALSE(graph.inputs()[0].shape[0].has_value());
  TemporaryFolder folder("tamis-test");
  before.save(folder.path() / "float.onnx");
  graph.save(folder.path() / "int8.onnx");
  for (const std::int64_t batch : {1, 3}) {
    for (const RuntimeCheck& check : check_quantized(
             folder.path() / "float.onnx", folder.path() / "int8.onnx", open(batch)("ort"),
             {open(batch)("ort"), open(batch)("openvino")}, noise_of({batch, 4, 8, 8}, 2)))
      EXPECT_FALSE(check.refused) << check.runtime << " at batch " << batch << ": " << check.reason;
  }
}

TEST(DynamicBatch, a_real_detector_with_dynamic_axes_is_quantised_for_each_target) {
  const auto file = real_model("detect/yolov8n_dyn.onnx");
  if (!file) GTEST_SKIP() << "the folder with real models is not here";
  const Graph before = Graph::load(*file);
  for (const QuantizeTarget target : {QuantizeTarget::portable, QuantizeTarget::tensorrt}) {
    Graph graph = before;
    QuantizeOptions options;
    options.target = target;
    const QuantizeReport report =
        quantize_static(graph, options, open_ramp, feed_ramp({{1, 3, 64, 64}}));
    EXPECT_EQ(report.quantised_nodes, 63U);
    EXPECT_FALSE(graph.inputs()[0].shape[0].has_value());
    EXPECT_NO_THROW(graph.verify());
  }
}

TEST(ExternalWeights, become_part_of_the_quantised_file) {
  TemporaryFolder folder("tamis-test");
  const Graph whole = with_weights(head(17) + kPlain);
  onnx::ModelProto model = whole.proto();
  std::ofstream data(folder.path() / "weights.bin", std::ios::binary);
  std::size_t offset = 0;
  for (onnx::TensorProto& tensor : *model.mutable_graph()->mutable_initializer()) {
    const std::string bytes = tensor.raw_data();
    data << bytes;
    tensor.clear_raw_data();
    tensor.set_data_location(onnx::TensorProto::EXTERNAL);
    const auto add = [&](const char* key, const std::string& value) {
      auto& entry = *tensor.add_external_data();
      entry.set_key(key), entry.set_value(value);
    };
    add("location", "weights.bin");
    add("offset", std::to_string(offset)), add("length", std::to_string(bytes.size()));
    offset += bytes.size();
  }
  data.close();
  ASSERT_GT(offset, 500U);
  std::ofstream(folder.path() / "model.onnx", std::ios::binary) << model.SerializeAsString();
  Graph outside = Graph::load(folder.path() / "model.onnx");
  Graph inside = whole;
  quantise_ramp(outside, QuantizeTarget::portable, kRampInput);
  quantise_ramp(inside, QuantizeTarget::portable, kRampInput);
  EXPECT_EQ(outside.to_bytes(), inside.to_bytes());
}

TEST(SharedWeights, of_two_convolutions_are_stored_once) {
  NEEDS_BOTH();
  Graph graph = Graph::parse_text(head(17) + R"({
      c = Conv <pads = [1,1,1,1]> (x, w) r = Relu (c) d = Conv <pads = [1,1,1,1]> (r, w)
      e = Relu (d) p = Conv (e, out) m = GlobalAveragePool (p) y = Flatten (m)})");
  add_random(graph, "w", {4, 4, 9, 9}, 0.05, 1), add_random(graph, "out", {4, 4, 1, 1}, 0.4, 2);
  graph.reindex();
  for (onnx::NodeProto* node : graph.nodes_of("Conv"))
    if (node->input(1) == "w") set_attribute(*node, "pads", std::vector<std::int64_t>{4, 4, 4, 4});
  EXPECT_GT(worst_snr_db(graph), 20);
  quantise_ramp(graph, QuantizeTarget::portable, kRampInput);
  std::size_t large = 0;
  for (const onnx::TensorProto& tensor : graph.graph().initializer())
    large += shape_of(tensor) == Shape{4, 4, 9, 9} ? 1U : 0U;
  EXPECT_EQ(large, 1U);
}

TEST(SharedWeights, that_another_operator_uses_too_stay_for_it_in_float) {
  NEEDS_BOTH();
  const Graph before = with_weights(head(17) + R"({
      c = Conv <pads = [1,1,1,1]> (x, w1, b1) s = ReduceSum <keepdims = 0> (w1)
      k = Mul (c, s) r = Relu (k) d = Conv (r, w2) m = GlobalAveragePool (d) y = Flatten (m)})");
  EXPECT_GT(worst_snr_db(before), 20);
  Graph graph = before;
  quantise_ramp(graph, QuantizeTarget::portable, kRampInput);
  EXPECT_NE(graph.constant("w1"), nullptr);
}

TEST(Bodies, of_if_are_left_alone_and_said) {
  NEEDS_BOTH();
  const Graph before = with_weights(head(17) + R"(<float large = {1000000}> {
      c = Conv <pads = [1,1,1,1]> (x, w1, b1) r = Relu (c)
      s = ReduceSum <keepdims = 0> (x) n = Less (s, large)
      i = If (n) <then_branch = t () => (float[1,4,8,8] o) {o = Conv (r, w2)},
                  else_branch = e () => (float[1,4,8,8] p) {p = Relu (r)}>
      d = Conv (i, w2) m = GlobalAveragePool (d) y = Flatten (m)})");
  QuantizeReport report;
  EXPECT_GT(worst_snr_db(before, &report), 20);
  EXPECT_EQ(report.quantised_nodes, 2U);
  bool said = false;
  for (const KeptInFloat& kept : report.kept_in_float)
    said |= kept.reason == "the body of If is left in float";
  EXPECT_TRUE(said);
}

// ---- bytes
// ---------------------------------------------------------------------------------------

TEST(Bodies, of_loop_are_left_alone_and_said) {
  NEEDS_BOTH();
  const Graph before = with_weights(head(17) + R"(<int64 times = {2}, bool go = {1}> {
      c = Conv <pads = [1,1,1,1]> (x, w1, b1) r = Relu (c)
      l = Loop (times, go, r) <body = b (int64 i, bool more, float[1,4,8,8] v)
                                    => (bool on, float[1,4,8,8] o) {
                                 on = Identity (more) k = Conv (v, w2) o = Relu (k)}>
      d = Conv (l, w2) m = GlobalAveragePool (d) y = Flatten (m)})");
  QuantizeReport report;
  EXPECT_GT(worst_snr_db(before, &report), 20);
  EXPECT_EQ(report.quantised_nodes, 2U);
  bool said = false;
  for (const KeptInFloat& kept : report.kept_in_float)
    said |= kept.reason == "the body of Loop is left in float";
  EXPECT_TRUE(said);
}

TEST(Bytes, are_the_same_for_the_same_inputs_whatever_the_threads) {
  TAMIS_NEEDS_RUNTIME("ort");
  const Graph before = with_weights(head(17) + kPlain);
  for (const QuantizeTarget target : {QuantizeTarget::portable, QuantizeTarget::ort,
                                      QuantizeTarget::openvino, QuantizeTarget::tensorrt}) {
    QuantizeOptions options;
    options.target = target;
    std::vector<std::string> results;
    for (const int threads : {1, 2, 1}) {
      Graph graph = before;
      quantize_static(graph, options, runtime_of("ort", threads).open, noise_of(kRampInput, 8));
      results.push_back(graph.to_bytes());
    }
    EXPECT_EQ(results[0], results[1]) << to_text(target);
    EXPECT_EQ(results[0], results[2]) << to_text(target);
  }
}

TEST(Bytes, of_the_forms_without_calibration_are_the_same_again) {
  std::vector<std::string> results;
  for (int i = 0; i < 2; ++i) {
    Graph dynamic = transformer_block();
    Graph blocks = transformer_block();
    quantize_dynamic(dynamic);
    quantize_weights_only(blocks, {});
    results.push_back(dynamic.to_bytes() + blocks.to_bytes());
  }
  EXPECT_EQ(results[0], results[1]);
}

}  // namespace
}  // namespace tamis
