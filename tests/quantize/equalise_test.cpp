#include "quantize/equalise.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "base/error.h"
#include "base/files.h"
#include "quantize/quantize.h"
#include "support/needs.h"

namespace tamis {
namespace {

constexpr int kChannels = 16;

/// A depthwise network built to collapse: one channel is 2,000 times the others, and is made small
/// again by the last convolution.
Graph collapsing(const std::string& between) {
  Graph graph = Graph::parse_text(R"(
    <ir_version: 8, opset_import: ["" : 17]>
    g (float[1,3,16,16] x) => (float[1,4,16,16] y) {
      c1 = Conv(x, w1, b1)
      a1 = )" + between + R"((c1)
      c2 = Conv <group = 16, pads = [1,1,1,1]> (a1, w2, b2)
      a2 = )" + between + R"((c2)
      y = Conv(a2, w3, b3)
    })");
  std::mt19937 random(5);
  const auto add = [&](const std::string& name, const Shape& shape, double deviation, int channel,
                       double factor) {
    std::normal_distribution<double> law(0, deviation);
    std::vector<double> values(static_cast<std::size_t>(element_count(shape)));
    const std::size_t inner =
        shape.size() > 1 && channel >= 0 && name != "w3" ? values.size() / kChannels : 1;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const bool hit = static_cast<int>(i / inner % kChannels) == channel;
      values[i] = law(random) * (hit ? factor : 1);
    }
    *graph.graph().add_initializer() = make_tensor(name, onnx::TensorProto::FLOAT, shape, values);
  };
  add("w1", {kChannels, 3, 1, 1}, 0.5, 3, 2000), add("b1", {kChannels}, 0.2, 3, 2000);
  add("w2", {kChannels, 1, 3, 3}, 0.3, -1, 1), add("b2", {kChannels}, 0.1, -1, 1);
  add("w3", {4, kChannels, 1, 1}, 0.3, 3, 1.0 / 2000), add("b3", {4}, 0.1, -1, 1);
  graph.reindex();
  graph.infer_shapes();
  return graph;
}

FeedCalibration equalise_noise() {
  return [](const std::function<void(std::span<const Tensor>)>& use) {
    std::mt19937 random(11);
    std::normal_distribution<float> law;
    Tensor input(DataType::f32, {1, 3, 16, 16});
    for (int i = 0; i < 20; ++i) {
      for (std::int64_t e = 0; e < input.elements(); ++e) input.data<float>()[e] = law(random);
      use({&input, 1});
    }
  };
}

std::unique_ptr<Session> ort_session(const std::filesystem::path& model) {
  OpenRequest request;
  request.model = model;
  request.settings.backend = "ort";
  request.settings.threads = 1;
  return find_backend("ort")->open(request);
}

double snr_in_ort_db(const Graph& reference, const Graph& graph) {
  TemporaryFolder folder("tamis-test");
  reference.save(folder.path() / "a.onnx");
  graph.save(folder.path() / "b.onnx");
  const NamedRuntime ort{"ort", ort_session};
  return check_quantized(folder.path() / "a.onnx", folder.path() / "b.onnx", ort, {ort},
                         equalise_noise(), {.samples = 4, .least_snr_db = -300})
      .front()
      .outputs.at(0)
      .snr_db;
}

TEST(EqualiseChannels, changes_the_weights_and_not_the_outputs) {
  TAMIS_NEEDS_RUNTIME("ort");
  const Graph before = collapsing("Relu");
  Graph after = before;
  EXPECT_EQ(equalise_channels(after).size(), 2U);
  EXPECT_GT(snr_in_ort_db(before, after), 80);
}

TEST(EqualiseChannels, leaves_alone_what_is_even_already) {
  Graph graph = collapsing("Relu");
  equalise_channels(graph);
  EXPECT_TRUE(equalise_channels(graph).empty());
}

TEST(EqualiseChannels, leaves_alone_functions_that_do_not_scale) {
  for (const char* between : {"Sigmoid", "HardSwish", "Tanh"}) {
    Graph graph = collapsing(between);
    const std::string bytes = graph.to_bytes();
    EXPECT_TRUE(equalise_channels(graph).empty());
    EXPECT_EQ(graph.to_bytes(), bytes) << between;
  }
}

TEST(EqualiseChannels, leaves_alone_a_value_with_another_use) {
  Graph graph = collapsing("Relu");
  graph.add_output("a1");
  graph.add_output("a2");
  EXPECT_TRUE(equalise_channels(graph).empty());
}

TEST(QuantizeStatic, repairs_a_depthwise_model_that_would_collapse) {
  TAMIS_NEEDS_RUNTIME("ort");
  for (const QuantizeTarget target :
       {QuantizeTarget::portable, QuantizeTarget::ort, QuantizeTarget::openvino}) {
    const Graph parent = collapsing("Relu");
    Graph graph = parent;
    QuantizeOptions options;
    options.target = target;
    const QuantizeReport report = quantize_static(graph, options, ort_session, equalise_noise());
    ASSERT_GE(report.corrections.size(), 1U);
    EXPECT_EQ(report.corrections[0].name, "channel equalisation");
    EXPECT_TRUE(report.corrections[0].kept) << report.corrections[0].why;
    EXPECT_GT(snr_in_ort_db(parent, graph), 20) << report.corrections[0].why;
  }
}

}  // namespace
}  // namespace tamis
