#include "quantize/sensitivity.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "graph/tensor_data.h"
#include "quantize/calibrate.h"
#include "quantize/layer_times.h"
#include "support.h"
#include "support/needs.h"

namespace tamis {
namespace {

/// Twelve convolutions with Relu in a chain. In front of `outlier` one channel is far larger than
/// the others, and its weights are smaller by as much: in float nothing changes, 8 bits lose the
/// other channels.
Graph chain(std::size_t outlier) {
  constexpr std::size_t kLayers = 12;
  std::string text = R"(<ir_version: 8, opset_import: ["" : 17]>
    g (float[1,8,8,8] v0) => (float[1,8,8,8] v12) {)";
  for (std::size_t i = 0; i < kLayers; ++i) {
    const std::string n = std::to_string(i), next = std::to_string(i + 1);
    text += i + 1 < kLayers ? "c" + next + " = Conv(v" + n + ", w" + n + ") v" + next +
                                  " = Relu(c" + next + ")\n"
                            : "v" + next + " = Conv(v" + n + ", w" + n + ")";
  }
  Graph graph = Graph::parse_text(text + "}");
  std::mt19937 random(5);
  std::normal_distribution<double> law(0.1, 0.4);
  constexpr double kLarge = 3000;
  for (std::size_t i = 0; i < kLayers; ++i) {
    std::vector<double> w(64);
    for (double& value : w) value = law(random);
    for (std::size_t in = 0; in < 8; ++in) {
      if (i + 1 == outlier) w[in] *= kLarge;  // output channel 0
      if (i == outlier) w[in * 8] /= kLarge;  // input channel 0
    }
    *graph.graph().add_initializer() =
        make_tensor("w" + std::to_string(i), onnx::TensorProto::FLOAT, {8, 8, 1, 1}, w);
  }
  graph.reindex();
  return graph;
}

FeedCalibration sensitivity_noise() {
  return [](const std::function<void(std::span<const Tensor>)>& use) {
    std::mt19937 random(3);
    std::normal_distribution<float> law;
    std::vector<Tensor> inputs;
    inputs.emplace_back(DataType::f32, Shape{1, 8, 8, 8});
    for (int i = 0; i < 8; ++i) {
      for (std::int64_t e = 0; e < inputs[0].elements(); ++e)
        inputs[0].data<float>()[e] = law(random);
      use(inputs);
    }
  };
}

std::unique_ptr<Session> open_ort(const std::filesystem::path& model) {
  OpenRequest request;
  request.model = model;
  request.settings.threads = 1;
  return find_backend("ort")->open(request);
}

class RankLayers : public ::testing::Test {
 protected:
  void SetUp() override { TAMIS_NEEDS_RUNTIME("ort"); }

  Sensitivity rank(const Graph& graph, QuantizeTarget target,
                   const std::map<std::string, double>& extra_us = {}) {
    QuantizeOptions options;
    options.target = target;
    options.corrections = CorrectionLevel::none;
    options.observe_for_any_layer = true;
    const StatisticsStore known = statistics_in_memory();
    QuantizeReport report;
    SensitivityTools tools;
    tools.write = [&](const std::vector<std::string>& keep_float) {
      Graph copy = graph;
      options.keep_float = keep_float;
      report = quantize_static(
          copy, options, open_ort, [&](const auto& use) { ++passes_, sensitivity_noise()(use); },
          known);
      return copy;
    };
    tools.reference = tools.runtime = open_ort;
    tools.feed = sensitivity_noise();
    tools.extra_us = extra_us;
    tools.reader.closeness = closeness_;
    tools.write({});
    return rank_layers(graph, report.quantised, tools);
  }

  std::size_t passes_ = 0;  // over the samples, to observe
  Closeness closeness_;
};

/// 1 where all outputs are equal, and less with every difference.
std::optional<double> nearness(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  double sum = 0;
  for (std::int64_t i = 0; i < a[0].elements(); ++i)
    sum += std::abs(static_cast<double>(a[0].data<float>()[i] - b[0].data<float>()[i]));
  return 1 / (1 + sum);
}

std::vector<std::string> first(const Sensitivity& ranking, std::size_t count) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i) names.push_back(ranking.order.at(i).node);
  std::sort(names.begin(), names.end());
  return names;
}

TEST_F(RankLayers, puts_the_planted_bad_layer_first) {
  const Sensitivity ranking = rank(chain(7), QuantizeTarget::openvino);
  EXPECT_EQ(first(ranking, 1), (std::vector<std::string>{"c8"}));
  EXPECT_GT(ranking.order[0].gain_db, 10);
  EXPECT_EQ(ranking.order[0].together, 1U);
  EXPECT_LT(ranking.order[1].gain_db, 1);
  EXPECT_EQ(ranking.order.size(), 12U);
}

TEST_F(RankLayers, finds_two_layers_that_gain_only_together) {
  // For ONNX Runtime the layer before writes 8 bits too.
  for (const std::size_t outlier : {3, 6, 7}) {
    const Sensitivity ranking = rank(chain(outlier), QuantizeTarget::ort);
    std::vector<std::string> pair{"c" + std::to_string(outlier), "c" + std::to_string(outlier + 1)};
    EXPECT_EQ(first(ranking, 2), pair);
    EXPECT_TRUE(ranking.order[0].only_together);
    EXPECT_EQ(ranking.order[0].together, 2U);
    EXPECT_GT(ranking.order[0].gain_db, 10);
  }
}

TEST_F(RankLayers, builds_few_models_and_observes_once) {
  const Sensitivity ranking = rank(chain(7), QuantizeTarget::openvino);
  EXPECT_LE(ranking.models, 12U);
  EXPECT_LE(passes_, 2U);
}

TEST_F(RankLayers, is_the_same_each_time) {
  const Graph graph = chain(4);
  EXPECT_EQ(to_json(rank(graph, QuantizeTarget::ort)), to_json(rank(graph, QuantizeTarget::ort)));
}

TEST_F(RankLayers, weighs_the_gain_by_the_time_it_costs) {
  std::map<std::string, double> extra_us;
  for (int i = 1; i < 12; ++i) extra_us["c" + std::to_string(i)] = 10;
  extra_us["v12"] = 10;
  const Sensitivity plain = rank(chain(0), QuantizeTarget::openvino, extra_us);
  const std::string best = plain.order[0].node;
  extra_us[best] = 1e5;
  const Sensitivity weighed = rank(chain(0), QuantizeTarget::openvino, extra_us);
  EXPECT_NE(weighed.order[0].node, best);
  EXPECT_EQ(weighed.order[0].extra_us, 10);
}

TEST_F(RankLayers, says_how_much_nearer_predictions_come_where_the_task_can_tell) {
  EXPECT_EQ(rank(chain(7), QuantizeTarget::openvino).order[0].gain_closeness, std::nullopt);
  closeness_ = nearness;
  const Sensitivity ranking = rank(chain(7), QuantizeTarget::openvino);
  EXPECT_GT(ranking.closeness, 0);
  EXPECT_GT(ranking.order[0].gain_closeness, ranking.order[1].gain_closeness);
  EXPECT_EQ(to_json(parse_sensitivity(to_json(ranking))), to_json(ranking));
}

TEST_F(RankLayers, survives_json) {
  const Sensitivity ranking = rank(chain(4), QuantizeTarget::openvino, {{"c5", 120.5}});
  EXPECT_EQ(to_json(parse_sensitivity(to_json(ranking))), to_json(ranking));
}

TEST(LayerTimes, count_what_follows_a_layer_to_it) {
  const Graph graph = Graph::parse_text(R"(<ir_version: 8, opset_import: ["" : 17]>
    g (float[1,8,8,8] x, float[8,8,1,1] w) => (float[1,8,8,8] y) {
      a1 = Relu(x)
      conv1 = Conv(a1, w)
      a2 = Relu(conv1)
      conv12 = Conv(a2, w)
      y = Relu(conv12)
    })");
  const Json profile = Json::parse(R"([
    {"name": "a1", "us": 100}, {"name": "conv1_nchwc", "us": 10}, {"name": "a2/fused", "us": 1},
    {"name": "conv12/WithoutBiases", "us": 20, "runs_us": [30, 21, 22]}, {"name": "y", "us": 2},
    {"name": "Reorder_7", "us": 1000}])");
  const auto times = layer_times_us(graph, {"conv1", "conv12"}, profile);
  EXPECT_EQ(times, (std::map<std::string, double>{{"conv1", 11}, {"conv12", 24}}));
}

}  // namespace
}  // namespace tamis
