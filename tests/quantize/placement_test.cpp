#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "graph/tensor_data.h"
#include "quantize/quantize.h"
#include "support.h"

namespace tamis {
namespace {

constexpr const char* kHead = R"(<ir_version: 8, opset_import: ["" : 17]>)";
constexpr const char* kWeights = R"(
  float[2,2,1,1] w = {1, -0.5, 0.25, 2}, float[2] b = {0.5, -1}, float[2,2,1,1] w2 = {1, 1, -1, 0.5}
)";

Graph model(const std::string& body, const std::string& more_weights = "") {
  return Graph::parse_text(std::string(kHead) + "g (float[1,2,4,4] x) => (float[1,2,4,4] y) <" +
                           kWeights + more_weights + "> {" + body + "}");
}

const Shape kInput{1, 2, 4, 4};

std::string quantised(const std::string& body, QuantizeTarget target,
                      const std::string& more = "") {
  Graph graph = model(body, more);
  quantise_ramp(graph, target, kInput);
  graph.verify();
  return way_back(graph, "y");
}

constexpr const char* kConvConv = "t = Conv(x, w, b) y = Conv(t, w2)";

TEST(Placement, wraps_the_outputs_of_convolutions_for_onnxruntime) {
  EXPECT_EQ(quantised(kConvConv, QuantizeTarget::ort), "DQ Q Conv DQ Q Conv DQ Q");
}

TEST(Placement, leaves_what_the_tail_reads_in_float_where_sides_are_open) {
  const std::string tail = std::string(kConvConv) + " z = Sigmoid(y)";
  const auto placed = [&](const char* sides, QuantizeTarget target) {
    Graph graph = Graph::parse_text(std::string(kHead) + "g (float[1,2," + sides +
                                    "] x) => (float[1,2,h,w] z) <" + kWeights + "> {" + tail + "}");
    quantise_ramp(graph, target, kInput);
    return way_back(graph, "z");
  };
  EXPECT_EQ(placed("4,4", QuantizeTarget::portable), "Sigmoid DQ Q Conv DQ Q Conv DQ Q");
  EXPECT_EQ(placed("h,w", QuantizeTarget::portable), "Sigmoid Conv DQ Q Conv DQ Q");
  EXPECT_EQ(placed("h,w", QuantizeTarget::ort), "Sigmoid DQ Q Conv DQ Q Conv DQ Q");
}

TEST(Placement, quantises_only_what_convolutions_read_for_openvino) {
  EXPECT_EQ(quantised(kConvConv, QuantizeTarget::openvino), "Conv DQ Q Conv DQ Q");
}

TEST(Placement, lets_a_relu_be_absorbed_by_the_quantisation_after_it) {
  EXPECT_EQ(quantised("t = Conv(x, w, b) r = Relu(t) y = Conv(r, w2)", QuantizeTarget::portable),
            "DQ Q Conv DQ Q Relu Conv DQ Q");
}

TEST(Placement, absorbs_a_clip_from_zero_on_too) {
  EXPECT_EQ(quantised("t = Conv(x, w, b) r = Clip(t, lo, hi) y = Conv(r, w2)", QuantizeTarget::ort,
                      ", float lo = {0}, float hi = {6}"),
            "DQ Q Conv DQ Q Clip Conv DQ Q");
}

TEST(Placement, does_not_absorb_a_clip_from_another_value) {
  EXPECT_EQ(quantised("t = Conv(x, w, b) r = Clip(t, lo, hi) y = Conv(r, w2)", QuantizeTarget::ort,
                      ", float lo = {-1}, float hi = {6}"),
            "DQ Q Conv DQ Q Clip DQ Q Conv DQ Q");
}

constexpr const char* kSilu = "t = Conv(x, w, b) s = Sigmoid(t) m = Mul(t, s) y = Conv(m, w2)";

TEST(Placement, writes_silu_as_quick_gelu_for_onnxruntime) {
  EXPECT_EQ(quantised(kSilu, QuantizeTarget::ort), "DQ Q Conv DQ Q QuickGelu DQ Q Conv DQ Q");
}

TEST(Placement, writes_silu_as_quick_gelu_in_the_portable_form) {
  EXPECT_EQ(quantised(kSilu, QuantizeTarget::portable), "DQ Q Conv DQ Q QuickGelu DQ Q Conv DQ Q");
}

TEST(Placement, shares_one_zero_point_among_equal_ones_before_silu_in_the_portable_form) {
  Graph graph = model(
      "t = Conv(x, w, b) s = Sigmoid(t) m = Mul(t, s) u = Conv(m, w2) v = Sigmoid(u) n = Mul(u, v) "
      "y = Conv(n, w2)");
  quantise_ramp(graph, QuantizeTarget::portable, kInput);
  const onnx::NodeProto& first = *graph.producer("t");
  const onnx::NodeProto& second = *graph.producer("u");
  EXPECT_NE(first.input(1), second.input(1));
  for (const onnx::NodeProto* pair : {&first, &second}) {
    const onnx::TensorProto& zero_point = *graph.constant(pair->input(2));
    EXPECT_THAT(scalar(zero_point), ::testing::AnyOf(32.0, 96.0));
    EXPECT_EQ(
        pair->input(2),
        "before_silu_" + std::to_string(static_cast<int>(*scalar(zero_point))) + "_zero_point");
  }
}

TEST(Placement, quantises_sigmoid_and_product_with_standard_operators) {
  Graph graph = model(kSilu);
  QuantizeOptions options;
  options.standard_ops = true;
  quantise_ramp(graph, options, kInput);
  EXPECT_EQ(way_back(graph, "y"), "DQ Q Conv DQ Q Mul DQ Q Conv DQ Q");
  EXPECT_EQ(way_back(graph, "s"), "DQ Q Sigmoid DQ Q Conv DQ Q");
  EXPECT_FALSE(graph.opset("com.microsoft"));
}

TEST(Placement, leaves_silu_free_for_openvino) {
  EXPECT_EQ(quantised(kSilu, QuantizeTarget::openvino), "Conv DQ Q Mul Conv DQ Q");
}

TEST(Placement, wraps_a_residual_add_for_onnxruntime_and_leaves_it_free_for_openvino) {
  const char* body = "t = Conv(x, w, b) a = Add(t, x) r = Relu(a) y = Conv(r, w2)";
  EXPECT_EQ(quantised(body, QuantizeTarget::ort), "DQ Q Conv DQ Q Relu Add DQ Q Conv DQ Q");
  EXPECT_EQ(quantised(body, QuantizeTarget::openvino), "Conv DQ Q Relu Add Conv DQ Q");
}

TEST(Placement, shares_the_scale_of_what_only_moves_data) {
  Graph graph = model("t = Conv(x, w, b) p = MaxPool <kernel_shape = [1, 1]> (t) y = Conv(p, w2)");
  quantise_ramp(graph, QuantizeTarget::ort, kInput);
  EXPECT_EQ(way_back(graph, "y"), "DQ Q Conv DQ Q MaxPool DQ Q Conv DQ Q");
  EXPECT_EQ(graph.producer("t")->input(1), graph.producer("p")->input(1));
}

TEST(Placement, moves_u8_for_openvino) {
  EXPECT_EQ(quantised("t = Conv(x, w, b) p = MaxPool <kernel_shape = [1, 1]> (t) y = Conv(p, w2)",
                      QuantizeTarget::openvino),
            "Conv DQ MaxPool Q Conv DQ Q");
}

TEST(Placement, splits_the_u8_tensor) {
  Graph graph = model(
      "t = Conv(x, w, b) l, r = Split <axis = 1> (t, n) c = Concat <axis = 1> (r, l) y = Conv(c, "
      "w2)",
      ", int64[2] n = {1, 1}");
  QuantizeOptions options;
  options.target = QuantizeTarget::ort;
  options.share_concat_scale = false;
  quantise_ramp(graph, options, kInput);
  EXPECT_EQ(way_back(graph, "c"), "DQ Q Concat DQ Split Q Conv DQ Q");
  EXPECT_NE(graph.producer("c")->input(1), graph.producer("r")->input(1));
}

TEST(Placement, gives_the_inputs_of_a_concat_one_scale) {
  Graph graph =
      model("t = Conv(x, w, b) u = Conv(x, w2) c = Concat <axis = 1> (t, u) y = Conv(c, w4)",
            ", float[2,4,1,1] w4 = {1, 1, -1, 0.5, 1, 1, -1, 0.5}");
  quantise_ramp(graph, QuantizeTarget::ort, kInput);
  EXPECT_EQ(graph.producer("t")->input(1), graph.producer("c")->input(1));
  EXPECT_EQ(graph.producer("u")->input(1), graph.producer("c")->input(1));
}

TEST(Placement, anchors_pooled_zero_points_in_the_bounds_of_a_clip) {
  Graph graph =
      model("t = Conv(x, w, b) s = Sigmoid(t) m = Mul(t, s) u = Conv(m, w2) y = Clip(u, lo, hi)",
            ", float lo = {-60}, float hi = {60}");
  quantise_ramp(graph, QuantizeTarget::portable, kInput);
  const onnx::NodeProto& clip = *graph.nodes_of("Clip").front();
  const std::string& pool = graph.producer("t")->input(2);
  const onnx::NodeProto& anchor = *graph.producer(clip.input(1));
  EXPECT_EQ(anchor.op_type(), "DequantizeLinear");
  EXPECT_EQ(anchor.input(2), pool);
  const double scale = *scalar(*graph.constant(anchor.input(1)));
  const double q = *scalar(*graph.constant(anchor.input(0)));
  EXPECT_EQ((q - *scalar(*graph.constant(pool))) * scale, -60);
}

TEST(Placement, joins_a_concat_on_u8_with_one_scale_for_openvino) {
  Graph graph = model(
      "t = Conv(x, w, b) l, r = Split <axis = 1> (t, n) c = Concat <axis = 1> (r, l) y = Conv(c, "
      "w2)",
      ", int64[2] n = {1, 1}");
  quantise_ramp(graph, QuantizeTarget::openvino, kInput);
  EXPECT_EQ(way_back(graph, "y"), "Conv DQ Concat Split Q Conv DQ Q");
}

TEST(Placement, keeps_the_tail_in_float_and_says_so) {
  Graph graph = model("t = Conv(x, w, b) s = Sigmoid(t) y = Mul(s, k)", ", float k = {8}");
  const QuantizeReport report = quantise_ramp(graph, QuantizeTarget::ort, kInput);
  EXPECT_EQ(way_back(graph, "y"), "Mul Sigmoid DQ Q Conv DQ Q");
  ASSERT_EQ(report.kept_in_float.size(), 2U);
  EXPECT_NE(report.kept_in_float[0].reason.find("output tail"), std::string::npos);
  EXPECT_EQ(report.quantised_nodes, 1U);
}

TEST(Placement, writes_weights_in_s8_and_bias_in_s32) {
  Graph graph = model("y = Conv(x, w, b)");
  QuantizeOptions options;
  options.target = QuantizeTarget::ort;
  options.corrections = CorrectionLevel::none;  // to the nearest
  quantise_ramp(graph, options, kInput);
  const onnx::NodeProto& conv = *graph.nodes_of("Conv").front();
  const onnx::NodeProto& weights = *graph.producer(conv.input(1));
  const onnx::NodeProto& bias = *graph.producer(conv.input(2));
  // 16 and 127 in a row could overflow 16 bits (pair_sums.h): that channel has a larger scale.
  EXPECT_EQ(ints(*graph.constant(weights.input(0))),
            (std::vector<std::int64_t>{127, -64, 14, 113}));
  EXPECT_EQ(graph.constant(weights.input(0))->data_type(), onnx::TensorProto::INT8);
  EXPECT_EQ(graph.constant(bias.input(0))->data_type(), onnx::TensorProto::INT32);
  const double scale = floats(*graph.constant(bias.input(1)))[0];
  EXPECT_NEAR(scale, 1.0 / 255 / 127, 1e-9);
  EXPECT_NEAR(scale * static_cast<double>(ints(*graph.constant(bias.input(0)))[0]), 0.5, 1e-4);
}

TEST(QuantizeStatic, keeps_inputs_and_outputs) {
  Graph graph = model(kConvConv);
  quantise_ramp(graph, QuantizeTarget::ort, kInput);
  ASSERT_EQ(graph.inputs().size(), 1U);
  EXPECT_EQ(graph.inputs()[0].name, "x");
  EXPECT_EQ(graph.inputs()[0].type, DataType::f32);
  EXPECT_EQ(graph.outputs()[0].name, "y");
}

TEST(QuantizeStatic, keeps_a_named_node_in_float) {
  Graph graph = model("t = Conv(x, w, b) y = Conv(t, w2)");
  QuantizeOptions options;
  options.target = QuantizeTarget::openvino;
  options.keep_float = {"y"};
  const QuantizeReport report = quantize_static(graph, options, open_ramp, feed_ramp({kInput}));
  EXPECT_EQ(way_back(graph, "y"), "Conv Conv DQ Q");
  ASSERT_EQ(report.kept_in_float.size(), 1U);
  EXPECT_EQ(report.kept_in_float[0].reason, "asked for");
}

void expect_error(const std::string& part, ErrorCode code, const std::function<void()>& act) {
  try {
    act();
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code);
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
  }
}

TEST(Placement, leaves_a_silu_alone_behind_a_convolution_in_float) {
  for (const QuantizeTarget target : {QuantizeTarget::ort, QuantizeTarget::portable}) {
    Graph graph = model(kSilu);
    QuantizeOptions options;
    options.target = target;
    options.keep_float = {"t"};
    quantise_ramp(graph, options, kInput);
    EXPECT_EQ(way_back(graph, "y"), "DQ Q Conv DQ Q Mul Conv");
  }
}

TEST(QuantizeStatic, refuses_an_unknown_node_to_keep) {
  Graph graph = model(kConvConv);
  QuantizeOptions options;
  options.keep_float = {"nowhere"};
  expect_error("no node is called 'nowhere'", ErrorCode::invalid_argument,
               [&] { quantize_static(graph, options, open_ramp, feed_ramp({kInput})); });
}

TEST(QuantizeStatic, refuses_to_calibrate_on_nothing) {
  Graph graph = model(kConvConv);
  const FeedCalibration nothing = [](const std::function<void(std::span<const Tensor>)>&) {};
  expect_error("no calibration image", ErrorCode::invalid_argument,
               [&] { quantize_static(graph, {}, open_ramp, nothing); });
}

TEST(QuantizeStatic, refuses_a_model_without_anything_to_quantise) {
  Graph graph = model("y = Relu(x)");
  expect_error("no convolution or matrix product", ErrorCode::unsupported,
               [&] { quantize_static(graph, {}, open_ramp, feed_ramp({kInput})); });
}

TEST(QuantizeStatic, upgrades_an_old_opset) {
  Graph graph = Graph::parse_text(std::string(R"(<ir_version: 6, opset_import: ["" : 11]>)") +
                                  "g (float[1,2,4,4] x) => (float[1,2,4,4] y) <" + kWeights +
                                  "> {" + kConvConv + "}");
  quantise_ramp(graph, QuantizeTarget::portable, kInput);
  EXPECT_GE(graph.opset().value(), 13);
  graph.verify();
}

}  // namespace
}  // namespace tamis
