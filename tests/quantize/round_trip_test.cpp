#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "base/error.h"
#include "base/files.h"
#include "graph/tensor_data.h"
#include "quantize/quantize.h"
#include "support.h"
#include "support/needs.h"

namespace tamis {
namespace {

/// A small residual network with SiLU, Split, Concat, MaxPool and a fully connected end; weights
/// from a fixed seed.
Graph small_network() {
  Graph graph = Graph::parse_text(R"(
    <ir_version: 8, opset_import: ["" : 17]>
    g (float[1,8,16,16] x) => (float[1,5] y) {
      c1 = Conv <pads = [1,1,1,1]> (x, w1, b1)
      s1 = Sigmoid(c1)
      a1 = Mul(c1, s1)
      l, r = Split <axis = 1> (a1, halves)
      c2 = Conv <pads = [1,1,1,1]> (r, w2, b2)
      r2 = Relu(c2)
      a2 = Add(r, r2)
      p = MaxPool <kernel_shape = [3,3], pads = [1,1,1,1]> (a2)
      j = Concat <axis = 1> (l, a2, p)
      c3 = Conv <strides = [2,2]> (j, w3, b3)
      r3 = Relu(c3)
      m = GlobalAveragePool(r3)
      f = Flatten(m)
      y = Gemm <transB = 1> (f, w4, b4)
    })");
  std::mt19937 random(7);
  const auto add = [&](const std::string& name, const Shape& shape, double deviation) {
    std::normal_distribution<double> law(0, deviation);
    std::vector<double> values(static_cast<std::size_t>(element_count(shape)));
    for (double& v : values) v = law(random);
    *graph.graph().add_initializer() = make_tensor(name, onnx::TensorProto::FLOAT, shape, values);
  };
  add("w1", {16, 8, 3, 3}, 0.12), add("b1", {16}, 0.1);
  add("w2", {8, 8, 3, 3}, 0.12), add("b2", {8}, 0.1);
  add("w3", {12, 24, 1, 1}, 0.2), add("b3", {12}, 0.1);
  add("w4", {5, 12}, 0.3), add("b4", {5}, 0.1);
  Tensor halves(DataType::i64, {2});
  halves.data<std::int64_t>()[0] = halves.data<std::int64_t>()[1] = 8;
  *graph.graph().add_initializer() = to_proto(halves, "halves");
  graph.reindex();
  return graph;
}

FeedCalibration noise(std::size_t count) {
  return [count](const std::function<void(std::span<const Tensor>)>& use) {
    std::mt19937 random(11);
    std::normal_distribution<float> law;
    std::vector<Tensor> inputs;
    inputs.emplace_back(DataType::f32, Shape{1, 8, 16, 16});
    for (std::size_t i = 0; i < count; ++i) {
      for (std::int64_t e = 0; e < inputs[0].elements(); ++e)
        inputs[0].data<float>()[e] = law(random);
      use(inputs);
    }
  };
}

NamedRuntime runtime(const std::string& name) {
  return {name, [name](const std::filesystem::path& model) {
            OpenRequest request;
            request.model = model;
            request.settings.backend = name;
            request.settings.threads = 1;
            request.settings.inference_precision = "f32";
            return find_backend(name)->open(request);
          }};
}

class RoundTrip : public ::testing::TestWithParam<QuantizeTarget> {};

TEST_P(RoundTrip, is_right_in_both_runtimes) {
  TAMIS_NEEDS_RUNTIME("ort");
  TAMIS_NEEDS_RUNTIME("openvino");
  TemporaryFolder folder("tamis-test");
  Graph graph = small_network();
  graph.save(folder.path() / "float.onnx");
  QuantizeOptions options;
  options.target = GetParam();
  const QuantizeReport report = quantize_static(graph, options, runtime("ort").open, noise(20));
  EXPECT_EQ(report.quantised_nodes, 4U);
  EXPECT_EQ(report.calibrated_on, 16U) << "four are held aside";
  EXPECT_TRUE(report.kept_in_float.empty());
  graph.save(folder.path() / "int8.onnx");
  const auto checks =
      check_quantized(folder.path() / "float.onnx", folder.path() / "int8.onnx", runtime("ort"),
                      {runtime("ort"), runtime("openvino")}, noise(3));
  ASSERT_EQ(checks.size(), 2U);
  for (const RuntimeCheck& check : checks) {
    EXPECT_FALSE(check.refused) << check.runtime << ": " << check.reason;
    ASSERT_EQ(check.outputs.size(), 1U);
    EXPECT_GT(check.outputs[0].snr_db, 20) << check.runtime;
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, RoundTrip,
                         ::testing::Values(QuantizeTarget::portable, QuantizeTarget::ort,
                                           QuantizeTarget::openvino),
                         [](const auto& one) { return std::string(to_text(one.param)); });

/// Convolutions with SiLU, one after the other, that halve nothing: 16 channels of 8x8.
Graph silu_chain(int length) {
  std::mt19937 random(7);
  std::normal_distribution<double> normal(0, 0.25);
  std::vector<double> weights(std::size_t{16} * 16 * 9);
  for (double& w : weights) w = normal(random);
  std::string body;
  for (int i = 0; i < length; ++i) {
    const std::string from = i == 0 ? "x" : "m" + std::to_string(i - 1), n = std::to_string(i);
    body += "t" + n + " = Conv <pads = [1, 1, 1, 1]> (" + from + ", w) s" + n + " = Sigmoid(t" + n +
            ") m" + n + " = Mul(t" + n + ", s" + n + ") ";
  }
  Graph graph = Graph::parse_text(R"(<ir_version: 8, opset_import: ["" : 17]>
      g (float[1,16,8,8] x) => (float[1,16,8,8] y) {)" +
                                  body + "y = Conv <pads = [1, 1, 1, 1]> (m" +
                                  std::to_string(length - 1) + ", w) }");
  *graph.graph().add_initializer() =
      make_tensor("w", onnx::TensorProto::FLOAT, {16, 16, 3, 3}, weights);
  graph.reindex();
  return graph;
}

/// Layers that OpenVINO executes beside the convolutions.
std::size_t layers_beside_convolutions(Graph graph, const QuantizeOptions& options) {
  TemporaryFolder folder("tamis-test");
  graph.save(folder.path() / "float.onnx");
  const FeedCalibration feed = [](const std::function<void(std::span<const Tensor>)>& use) {
    Tensor x(DataType::f32, {1, 16, 8, 8});
    std::mt19937 random(1);
    std::normal_distribution<float> normal;
    for (std::int64_t i = 0; i < x.elements(); ++i) x.data<float>()[i] = normal(random);
    use(std::span<const Tensor>(&x, 1));
  };
  quantize_static(graph, options, runtime("ort").open, feed);
  graph.save(folder.path() / "int8.onnx");
  OpenRequest request;
  request.model = folder.path() / "int8.onnx";
  request.settings.backend = "openvino";
  request.settings.inference_precision = "f32";
  request.profile = true;
  auto session = find_backend("openvino")->open(request);
  std::vector<Tensor> inputs = make_tensors(session->inputs());
  std::vector<Tensor> outputs = make_tensors(session->outputs());
  session->run(inputs, outputs);
  std::size_t beside = 0;
  for (const Json& layer : profile_of(*session))
    beside += layer.at("type") != "Convolution" && layer.at("us") > 0 ? 1U : 0U;
  return beside;
}

/// The portable form rests on how OpenVINO folds a zero point that several pairs share: where a
/// version of it changes that, this fails, and the form is to be measured anew.
TEST(PortableForm, lets_openvino_fuse_convolution_and_silu_except_in_the_first_of_each_zero_point) {
  TAMIS_NEEDS_RUNTIME("ort");
  TAMIS_NEEDS_RUNTIME("openvino");
  const Graph graph = silu_chain(12);
  QuantizeOptions standard;
  standard.standard_ops = true;
  const std::size_t separate = layers_beside_convolutions(graph, standard);
  const std::size_t pooled = layers_beside_convolutions(graph, {});
  EXPECT_GE(separate, 12U);
  EXPECT_LE(pooled, 6U);  // input, output, the first of each zero point
}

/// Answers with what it was given plus an error on some channels.
class WrongSession : public PlainSession {
 public:
  explicit WrongSession(float error) : error_(error) {}
  const std::vector<TensorInfo>& inputs() const override { return infos_; }
  const std::vector<TensorInfo>& outputs() const override { return infos_; }
  void run(std::span<const Tensor>, std::span<Tensor> outputs) override {
    float* y = outputs[0].data<float>();
    for (int i = 0; i < 100; ++i) {
      y[i] = 300.0F + static_cast<float>(i);
      y[100 + i] = static_cast<float>(i % 7) / 10.0F + (i % 2 == 0 ? error_ : -error_);
    }
  }

 private:
  std::vector<TensorInfo> infos_{{"y", DataType::f32, {1, 2, 100}}};
  float error_;
};

NamedRuntime wrong(const std::string& name, float error) {
  return {name,
          [error](const std::filesystem::path&) { return std::make_unique<WrongSession>(error); }};
}

TEST(CheckQuantized, refuses_wrong_scores_beside_right_boxes) {
  const auto checks = check_quantized("a", "b", wrong("reference", 0),
                                      {wrong("good", 0.01F), wrong("bad", 0.5F)}, noise(1));
  EXPECT_FALSE(checks[0].refused);
  EXPECT_TRUE(checks[1].refused);
  EXPECT_NE(checks[1].reason.find("output 'y', 1 of 2 channels, up to 0.6"), std::string::npos)
      << checks[1].reason;
}

TEST(CheckQuantized, refuses_a_runtime_that_cannot_load_the_file_with_its_reason) {
  const NamedRuntime broken{"broken", [](const std::filesystem::path&) -> std::unique_ptr<Session> {
                              throw Error(ErrorCode::unsupported,
                                          "open: operator QuickGelu is unknown");
                            }};
  const auto checks = check_quantized("a", "b", wrong("reference", 0), {broken}, noise(1));
  EXPECT_TRUE(checks[0].refused);
  EXPECT_EQ(checks[0].reason, "open: operator QuickGelu is unknown");
}

TEST(CheckQuantized, says_what_open_sides_make_worse_and_refuses_nothing_for_it) {
  NamedRuntime same = wrong("same", 0.01F), worse = same;
  same.open_sides = wrong("", 0.01F).open;
  worse.open_sides = wrong("", 0.02F).open;
  const auto checks = check_quantized("a", "b", wrong("reference", 0), {same, worse}, noise(1));
  EXPECT_EQ(checks[0].with_open_sides, "");
  EXPECT_NE(checks[1].with_open_sides.find("with fixed ones"), std::string::npos)
      << checks[1].with_open_sides;
  EXPECT_FALSE(checks[1].refused);
}

TEST(CheckQuantized, refuses_what_is_not_a_number) {
  const auto checks =
      check_quantized("a", "b", wrong("reference", 0), {wrong("nan", std::nanf(""))}, noise(1));
  EXPECT_TRUE(checks[0].refused);
}

}  // namespace
}  // namespace tamis
