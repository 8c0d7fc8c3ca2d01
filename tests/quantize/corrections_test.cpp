#include "quantize/corrections.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "../support/referee.h"
#include "base/files.h"
#include "graph/inspect.h"
#include "quantize/calibrate.h"
#include "quantize/gram.h"
#include "quantize/input_errors.h"
#include "quantize/ranges.h"
#include "quantize/smooth.h"
#include "runtimes.h"
#include "support.h"
#include "support/needs.h"
#include "transformer.h"

namespace tamis {
namespace {

FeedCalibration counting(std::size_t count) {
  return [count](const std::function<void(std::span<const Tensor>)>& use) {
    Tensor tensor(DataType::f32, {1});
    for (std::size_t i = 0; i < count; ++i) {
      tensor.data<float>()[0] = static_cast<float>(i);
      use(std::span<const Tensor>(&tensor, 1));
    }
  };
}

std::vector<int> fed(const FeedCalibration& feed) {
  std::vector<int> seen;
  feed([&](std::span<const Tensor> inputs) {
    seen.push_back(static_cast<int>(inputs[0].data<float>()[0]));
  });
  return seen;
}

TEST(HeldAside, takes_every_fifth_sample_and_feeds_the_others) {
  HeldAside held(counting(12));
  EXPECT_EQ(fed(held.rest()), (std::vector<int>{0, 1, 2, 3, 5, 6, 7, 8, 10, 11}));
  ASSERT_EQ(held.size(), 2U);
  EXPECT_EQ(held.sample(0)[0].data<float>()[0], 4);
  EXPECT_EQ(held.sample(1)[0].data<float>()[0], 9);
}

TEST(HeldAside, keeps_at_most_twelve_and_the_same_without_a_pass_before) {
  HeldAside held(counting(100));
  EXPECT_EQ(held.size(), HeldAside::kMost);
  EXPECT_EQ(fed(held.rest()).size(), 88U);
  EXPECT_EQ(held.sample(HeldAside::kMost - 1)[0].data<float>()[0], 59);
}

TEST(HeldAside, holds_none_of_fewer_than_five) {
  HeldAside held(counting(4));
  EXPECT_EQ(held.size(), 0U);
  EXPECT_EQ(fed(held.rest()).size(), 4U);
}

TEST(GainInterval, is_above_zero_where_the_samples_establish_a_gain) {
  const Score before{10, 20, 15, 12, 18, 14};
  EXPECT_GT(gain_interval(before, {10.2, 20.1, 15.2, 12.1, 18.3, 14.2}).low, 0);
  EXPECT_LT(gain_interval(before, {11.5, 18.6, 16.4, 10.8, 19.4, 13.2}).low, 0) << "by chance";
  EXPECT_EQ(gain_interval(before, before).low, 0);
  // By hand: gains 1, 2, 3, 4; t(.9; 3) = 1.637744, standard error sqrt(5 / 12).
  const Interval gain = gain_interval({0, 0, 0, 0}, {1, 2, 3, 4});
  EXPECT_NEAR(gain.low, 2.5 - 1.637744 * std::sqrt(5.0 / 12), 1e-5);
  EXPECT_NEAR(gain.high, 2.5 + 1.637744 * std::sqrt(5.0 / 12), 1e-5);
}

TEST(GainInterval, of_few_samples_demands_a_clear_gain) {
  EXPECT_LT(gain_interval({10, 11}, {10.4, 11.4}).low, 0);
  EXPECT_GT(gain_interval({10, 11}, {10.6, 11.6}).low, 0);
}

/// Two convolutions, the second one grouped, over noise whose channels have means of their own.
Graph convolutions() {
  Graph graph = Graph::parse_text(R"(
    <ir_version: 8, opset_import: ["" : 17]>
    g (float[1,4,10,10] x) => (float[1,6,4,4] y) {
      c = Conv <pads = [1,1,1,1]> (x, w1, b1)
      r = Relu (c)
      y = Conv <group = 2, strides = [2,2]> (r, w2, b2)
    })");
  add_random(graph, "w1", {8, 4, 3, 3}, 0.3, 1), add_random(graph, "b1", {8}, 0.3, 2);
  add_random(graph, "w2", {6, 4, 3, 3}, 0.3, 3), add_random(graph, "b2", {6}, 0.3, 4);
  graph.reindex();
  graph.infer_shapes();
  return graph;
}

FeedCalibration shifted_noise(std::size_t count) {
  return [count](const std::function<void(std::span<const Tensor>)>& use) {
    std::mt19937 random(5);
    std::normal_distribution<float> law;
    Tensor input(DataType::f32, {1, 4, 10, 10});
    for (std::size_t i = 0; i < count; ++i) {
      for (std::int64_t e = 0; e < input.elements(); ++e)
        input.data<float>()[e] = law(random) + static_cast<float>(e / 100);
      use(std::span<const Tensor>(&input, 1));
    }
  };
}

/// Neighbouring pixels have nearly the same value, as in photographs.
FeedCalibration smooth_pictures(std::size_t count) {
  return [count](const std::function<void(std::span<const Tensor>)>& use) {
    std::mt19937 random(4);
    std::normal_distribution<float> law;
    Tensor input(DataType::f32, {1, 4, 10, 10});
    for (std::size_t i = 0; i < count; ++i) {
      for (std::int64_t c = 0; c < 4; ++c) {
        const float level = law(random), across = 0.1F * law(random), down = 0.1F * law(random);
        for (std::int64_t p = 0; p < 100; ++p)
          input.data<float>()[c * 100 + p] = level + across * static_cast<float>(p % 10) +
                                             down * static_cast<float>(p / 10) +
                                             0.05F * law(random);
      }
      use(std::span<const Tensor>(&input, 1));
    }
  };
}

TEST(LayerInputs, have_the_means_of_the_windows_with_their_padding) {
  TAMIS_NEEDS_RUNTIME("ort");
  const Graph graph = convolutions();
  const LayerInputs inputs =
      sample_rows(StoredGraph(graph), runtime_of("ort").open, shifted_noise(200));
  ASSERT_EQ(inputs.size(), 2U);
  for (const auto& [key, input] : inputs) {
    EXPECT_EQ(input.columns, key[0] == 'x' ? 36U : 72U);
    EXPECT_EQ(input.rows.size(), InputSampler::kRows * input.columns);
    EXPECT_EQ(input.count, 64.0 * 16);
  }
  const LayerInput& x =
      inputs.begin()->first[0] == 'x' ? inputs.begin()->second : std::next(inputs.begin())->second;
  // The middle of the window is never in the padding; channel 2 has the mean 2.
  EXPECT_NEAR(x.mean(2 * 9 + 4), 2, 0.15);
  EXPECT_LT(x.mean(2 * 9), 1.95);
}

/// Rows of correlated columns.
LayerInput correlated(std::size_t columns, std::size_t rows) {
  std::mt19937 random(3);
  std::normal_distribution<float> law;
  LayerInput input;
  input.columns = columns;
  for (std::size_t r = 0; r < rows; ++r) {
    const float common = 1 + 2 * law(random);
    for (std::size_t c = 0; c < columns; ++c)
      input.rows.push_back(float_to_bfloat16(common + law(random)));
  }
  input.count = static_cast<double>(rows);
  return input;
}

TEST(Gram, gives_the_mean_squared_error_of_the_products) {
  const LayerInput input = correlated(10, 300);
  std::vector<float> e(10);
  for (std::size_t i = 0; i < e.size(); ++i) e[i] = i % 3 == 0 ? 0.02F : -0.01F;
  double expected = 0;
  for (std::size_t r = 0; r < 300; ++r) {
    double product = 0;
    for (std::size_t c = 0; c < 10; ++c)
      product += static_cast<double>(bfloat16_to_float(input.rows[r * 10 + c]) * e[c]);
    expected += product * product / 300;
  }
  const Gram gram = gram_of(input, 0, 10);
  // The diagonal's 1 % comes on top: at most that of sum x^2 e^2.
  EXPECT_GE(gram.error(e), expected);
  EXPECT_LT(gram.error(e), 1.1 * expected);
}

TEST(Gram, of_many_columns_is_cut_into_blocks) {
  const Gram gram = gram_of(correlated(1200, 4), 0, 1200);
  ASSERT_EQ(gram.blocks.size(), 3U);
  EXPECT_EQ(gram.blocks[2].first + gram.blocks[2].size, 1200U);
}

/// quantize_static's own way to a form, for one correction.
class OneCorrection {
 public:
  explicit OneCorrection(const Graph& graph, FeedCalibration feed)
      : feed_(std::move(feed)), observed_(observe_all(graph)) {
    options_.target = QuantizeTarget::openvino;
    auto planned = std::make_shared<Planned>(
        Planned{graph, {}, {}, {}, sample_rows(StoredGraph(graph), open_, feed_)});
    planned->plan = plan_for(planned->graph, options_);
    for (const Group& group : planned->plan.groups) {
      const std::string& value = group.sources.at(0).value;
      planned->affines.push_back(affine_from_range(observed_.seen.at(value).extremes()));
    }
    form_.parent = std::make_shared<const StoredGraph>(graph);
    form_.constants = quantise_constants(planned->graph, planned->plan, planned->affines);
    form_.planned = planned;
  }

  std::vector<Attempt> run(std::vector<Attempt> (*attempts)(const Form&, const CorrectionTools&)) {
    return attempts(form_, {options_, open_, feed_, {}, {}});
  }
  const Form& form() const { return form_; }
  const LayerInput& input(std::size_t n) const {
    return *input_of(*form_.planned, form_.planned->plan.compute.at(n));
  }

  /// Of one node's outputs over the sampled rows.
  double output_error(const Form& form, std::size_t n) const {
    const NodeConstants& node = form.constants.at(n);
    double sum = 0;
    for (std::size_t row = 0; row < node.channels; ++row) {
      std::vector<float> e(node.columns());
      for (std::size_t k = 0; k < e.size(); ++k) e[k] = static_cast<float>(node.error(row, k));
      sum += gram_of(input(n), node.first_column(row), e.size()).error(e);
    }
    return sum;
  }

 private:
  Observations observe_all(const Graph& graph) {
    std::set<std::string> values;
    options_.target = QuantizeTarget::openvino;
    values = observed_values(plan_quantisation(graph, options_));
    return observe(StoredGraph(graph), values, open_, feed_);
  }

  QuantizeOptions options_;
  OpenSession open_ = runtime_of("ort").open;
  FeedCalibration feed_;
  Observations observed_;
  Form form_;
};

/// A form whose weights were rounded with what the layers read, or to the nearest.
std::vector<NodeConstants> constants_of(const OneCorrection& one, bool sampled) {
  const Planned& planned = *one.form().planned;
  return quantise_constants(planned.graph, planned.plan, planned.affines,
                            sampled ? planned.inputs : LayerInputs());
}

TEST(QuantiseConstants, take_the_mean_error_of_the_weights_off_the_bias) {
  TAMIS_NEEDS_RUNTIME("ort");
  OneCorrection one(convolutions(), shifted_noise(20));
  // The second convolution's last row belongs to the second group: its columns are 36 to 71.
  const NodeConstants node = constants_of(one, true).at(1);
  double mean_error = 0;
  for (std::size_t k = 0; k < 36; ++k) mean_error += node.error(5, k) * one.input(1).mean(36 + k);
  EXPECT_NEAR(node.bias[5], static_cast<double>(node.original_bias[5]) - mean_error, 1e-6);
  EXPECT_NE(node.bias[5], node.original_bias[5]);
  EXPECT_EQ(constants_of(one, false).at(1).bias, node.original_bias);
}

TEST(QuantiseConstants, take_what_8_bits_make_of_the_inputs_mean_off_the_bias) {
  TAMIS_NEEDS_RUNTIME("ort");
  OneCorrection one(convolutions(), shifted_noise(20));
  const Planned& planned = *one.form().planned;
  const std::vector<double> error{0.1, -0.2, 0.3, 0.05};
  const NodeConstants corrected =
      quantise_constants(planned.graph, planned.plan, planned.affines, planned.inputs,
                         {{planned.plan.compute[0].node->input(0), error}})
          .at(0);
  const NodeConstants plain = constants_of(one, true).at(0);
  // Of 10 places, 9 have a left neighbour that is no padding, and so on.
  const double inside[9] = {0.81, 0.9, 0.81, 0.9, 1, 0.9, 0.81, 0.9, 0.81};
  for (std::size_t row = 0; row < plain.channels; ++row) {
    double moved = 0;
    for (std::size_t k = 0; k < 36; ++k)
      moved += plain.weight(row, k) * error[k / 9] * inside[k % 9];
    EXPECT_NEAR(corrected.bias[row], static_cast<double>(plain.bias[row]) - moved, 1e-5) << row;
  }
}

/// Two convolutions, of which the first one passes its input on, with a SiLU between them.
Graph passed_on_to_silu() {
  Graph graph = Graph::parse_text(R"(
    <ir_version: 8, opset_import: ["" : 17]>
    g (float[1,2,9,9] x) => (float[1,2,9,9] y) {
      c = Conv (x, w1, b1)
      s = Sigmoid (c)
      m = Mul (c, s)
      y = Conv (m, w2, b2)
    })");
  for (const char* name : {"w1", "w2"})
    *graph.graph().add_initializer() =
        make_tensor(name, onnx::TensorProto::FLOAT, {2, 2, 1, 1}, std::vector<double>{1, 0, 0, 1});
  for (const char* name : {"b1", "b2"})
    *graph.graph().add_initializer() =
        make_tensor(name, onnx::TensorProto::FLOAT, {2}, std::vector<double>{0, 0});
  graph.reindex();
  graph.infer_shapes();
  return graph;
}

FeedCalibration two_channels(std::size_t count) {
  return [count](const std::function<void(std::span<const Tensor>)>& use) {
    std::mt19937 random(6);
    std::normal_distribution<float> law;
    Tensor input(DataType::f32, {1, 2, 9, 9});
    for (std::size_t i = 0; i < count; ++i) {
      for (std::int64_t e = 0; e < input.elements(); ++e)
        input.data<float>()[e] = law(random) * 0.3F - static_cast<float>(e / 81);
      use(std::span<const Tensor>(&input, 1));
    }
  };
}

TEST(InputErrors, are_the_means_of_what_all_8_bit_values_since_the_last_convolution_make) {
  TAMIS_NEEDS_RUNTIME("ort");
  const Graph graph = passed_on_to_silu();
  const Plan plan = plan_for(graph, {});
  std::vector<Affine> affines;
  for (std::size_t g = 0; g < plan.groups.size(); ++g)
    affines.push_back({0.21F + 0.02F * static_cast<float>(g), 100});
  const auto affine = [&](const char* value) { return affines.at(plan.group_of.at(value)); };
  std::map<std::string, Json> kept;
  const StatisticsStore store{[&](const std::string& key) -> std::optional<Json> {
                                const auto at = kept.find(key);
                                return at == kept.end() ? std::nullopt : std::optional(at->second);
                              },
                              [&](const std::string& key, const Json& json) { kept[key] = json; }};
  const InputErrors errors =
      input_errors(graph, plan, affines, runtime_of("ort").open, two_channels(20), store, "graph");

  double of_x[2] = {}, of_m[2] = {};
  two_channels(8)([&](std::span<const Tensor> inputs) {
    for (std::size_t e = 0; e < 162; ++e) {
      const double x = static_cast<double>(inputs[0].data<float>()[e]);
      of_x[e / 81] += (affine("x").round_trip(x) - x) / (8 * 81);
      const double silu_of_8_bits = silu(affine("c").round_trip(x));
      of_m[e / 81] += (affine("m").round_trip(silu_of_8_bits) - silu(x)) / (8 * 81);
    }
  });
  ASSERT_EQ(errors.size(), 2U);
  for (std::size_t c = 0; c < 2; ++c) {
    EXPECT_NEAR(errors.at("x").at(c), of_x[c], 1e-3);
    EXPECT_NEAR(errors.at("m").at(c), of_m[c], 1e-3);
  }
  EXPECT_GT(std::abs(of_m[1]), 0.01) << "SiLU is flat there";

  const OpenSession closed = [](const std::filesystem::path&) -> std::unique_ptr<Session> {
    throw Error(ErrorCode::unavailable, "not again");
  };
  EXPECT_EQ(input_errors(graph, plan, affines, closed, two_channels(20), store, "graph"), errors);
  EXPECT_THROW(input_errors(graph, plan, affines, closed, two_channels(20), store, "other"), Error);
}

TEST(InputErrors, are_empty_where_no_convolution_has_a_bias_to_correct) {
  Graph graph = Graph::parse_text(R"(
    <ir_version: 8, opset_import: ["" : 17]>
    g (float[1,2,9,9] x) => (float[1,2,9,9] y) { y = Conv (x, w) })");
  add_random(graph, "w", {2, 2, 1, 1}, 0.3, 1);
  graph.reindex();
  graph.infer_shapes();
  const Plan plan = plan_for(graph, {});
  const std::vector<Affine> affines(plan.groups.size());
  EXPECT_TRUE(input_errors(graph, plan, affines, {}, two_channels(2), {}, "").empty());
}

/// Of one node's outputs, about their mean, as far as products were sampled.
double varying_error(const OneCorrection& one, const NodeConstants& node, std::size_t n) {
  double sum = 0;
  for (std::size_t row = 0; row < node.channels; ++row) {
    std::vector<float> e(node.columns());
    for (std::size_t k = 0; k < e.size(); ++k) e[k] = static_cast<float>(node.error(row, k));
    sum += gram_of_products(one.input(n), node.first_column(row), e.size(), About::mean).error(e);
  }
  return sum;
}

TEST(QuantiseConstants, give_the_output_of_a_sampled_layer_less_error) {
  TAMIS_NEEDS_RUNTIME("ort");
  OneCorrection one(convolutions(), smooth_pictures(20));
  const std::vector<NodeConstants> nearest = constants_of(one, false),
                                   rounded = constants_of(one, true);
  for (std::size_t n = 0; n < 2; ++n) {
    EXPECT_LT(varying_error(one, rounded[n], n), 0.6 * varying_error(one, nearest[n], n)) << n;
    for (std::size_t row = 0; row < rounded[n].channels; ++row) {
      std::vector<std::int8_t> q(rounded[n].columns());
      for (std::size_t k = 0; k < q.size(); ++k)
        q[k] = rounded[n].weights.values[rounded[n].at(row, k)];
      EXPECT_TRUE(rounded[n].sums.fit(q)) << n << " " << row;
    }
  }
}

TEST(GramOfProducts, is_the_covariance_within_blocks_of_the_columns) {
  TAMIS_NEEDS_RUNTIME("ort");
  OneCorrection one(convolutions(), shifted_noise(20));
  const LayerInput& input = one.input(0);
  ASSERT_EQ(input.columns, 36U);
  ASSERT_EQ(input.block, 36U) << "all of a small layer";
  const Gram about_zero = gram_of_products(input, 0, 36, About::zero);
  const Gram exact = gram_of(input, 0, 36);
  ASSERT_EQ(about_zero.blocks.size(), 1U);
  // The middle of the window is never in the padding; rows are kept as bf16.
  const std::size_t a = 1 * 9 + 4, b = 2 * 9 + 4;
  EXPECT_NEAR(about_zero.blocks[0].values[a * 36 + b], exact.blocks[0].values[a * 36 + b], 0.05);
  const Gram about_mean = gram_of_products(input, 0, 36, About::mean);
  EXPECT_NEAR(
      about_mean.blocks[0].values[a * 36 + b],
      static_cast<double>(about_zero.blocks[0].values[a * 36 + b]) - input.mean(a) * input.mean(b),
      1e-4);
}

TEST(GramOfProducts, of_a_group_that_ends_within_a_block_has_that_groups_columns) {
  LayerInput input;
  input.columns = 6;
  input.block = 4;
  input.count = 1;
  input.sums.resize(6);
  input.products = {1, 2, 3, 4, 2, 5, 6, 7, 3, 6, 8, 9, 4, 7, 9, 10, 11, 12, 0, 0, 12, 13, 0, 0};
  const Gram second = gram_of_products(input, 3, 3, About::zero);
  ASSERT_EQ(second.blocks.size(), 2U);
  EXPECT_EQ(second.blocks[0].size, 1U);
  EXPECT_NEAR(second.blocks[0].values[0], 11.501, 1e-5);  // 10, 15 % of it, .01 % of it
  EXPECT_EQ(second.blocks[1].first, 1U);
  EXPECT_EQ(second.blocks[1].values[1], 12);
}

TEST(SampledBlock, is_a_channels_window_or_a_run_of_channels_and_all_of_a_small_layer) {
  EXPECT_EQ(sampled_block(27, 9), 27U);
  EXPECT_EQ(sampled_block(576, 9), 9U);
  EXPECT_EQ(sampled_block(256, 1), 64U);
  EXPECT_EQ(sampled_block(768, 256), 64U);
}

TEST(WeightRounding, lowers_the_output_error_and_stays_next_to_the_weights) {
  TAMIS_NEEDS_RUNTIME("ort");
  OneCorrection one(convolutions(), shifted_noise(64));
  const auto attempts = one.run(attempt_rounding);
  ASSERT_EQ(attempts.size(), 1U);
  for (std::size_t n = 0; n < 2; ++n) {
    EXPECT_LT(one.output_error(attempts[0].form, n), 0.7 * one.output_error(one.form(), n));
    const NodeConstants& node = attempts[0].form.constants[n];
    for (std::size_t row = 0; row < node.channels; ++row)
      for (std::size_t k = 0; k < node.columns(); ++k)
        EXPECT_LT(std::abs(node.error(row, k)),
                  4.6 * static_cast<double>(node.weights.scales[row]));
  }
}

TEST(WeightClipping, takes_the_scale_of_least_output_error) {
  TAMIS_NEEDS_RUNTIME("ort");
  OneCorrection one(convolutions(), shifted_noise(64));
  const auto attempts = one.run(attempt_clipping);
  ASSERT_EQ(attempts.size(), 1U);
  double sum_before = 0, sum_after = 0;
  for (std::size_t n = 0; n < 2; ++n) {
    sum_before += one.output_error(one.form(), n);
    sum_after += one.output_error(attempts[0].form, n);
    const std::vector<float>& before = one.form().constants[n].weights.scales;
    const std::vector<float>& after = attempts[0].form.constants[n].weights.scales;
    for (std::size_t row = 0; row < before.size(); ++row) EXPECT_LE(after[row], before[row]);
  }
  EXPECT_LT(sum_after, sum_before);
}

TEST(SequentialBias, gives_each_channel_the_float_models_mean) {
  TAMIS_NEEDS_RUNTIME("ort");
  OneCorrection one(convolutions(), shifted_noise(20));
  const auto attempts = one.run(attempt_sequential_bias);
  ASSERT_EQ(attempts.size(), 1U);
  EXPECT_EQ(attempts[0].what, "2 layers");
  EXPECT_NE(attempts[0].form.constants[1].bias, one.form().constants[1].bias);
}

Graph one_block() {
  Graph graph = with_fixed_inputs(transformer_block(), 1, std::nullopt);
  graph.infer_shapes();
  return graph;
}

Graph with_outlier_channels() {
  Graph graph = one_block();
  std::vector<double> factors(64, 1.0);
  factors[5] = 40, factors[17] = 25;
  *graph.initializer("g1") = make_tensor("g1", onnx::TensorProto::FLOAT, {64}, factors);
  graph.infer_shapes();
  return graph;
}

LayerInputs sampled(const Graph& graph) {
  return sample_rows(StoredGraph(graph), runtime_of("ort").open, noise_of({1, 9, 64}, 10));
}

double snr_db(const Graph& reference, const Graph& graph) {
  HeldAside held(noise_of({1, 9, 64}, 20));
  return mean(Judge(StoredGraph(reference), runtime_of("ort").open, held).score(graph));
}

TEST(SmoothQuant, moves_outlier_channels_into_the_weights_exactly) {
  TAMIS_NEEDS_RUNTIME("ort");
  const Graph before = with_outlier_channels();
  Graph after = before;
  EXPECT_EQ(smooth_channels(after, sampled(before), 0.5), 3U) << "q, k and v";
  EXPECT_GT(snr_db(before, after), 90);
  const auto largest = [](const LayerInputs& inputs) {
    const auto& channels = inputs.at("n1 rows").largest;
    return *std::max_element(channels.begin(), channels.end());
  };
  EXPECT_LT(largest(sampled(after)), 0.5F * largest(sampled(before)));
}

TEST(SmoothQuant, leaves_even_channels_and_values_with_another_use_alone) {
  TAMIS_NEEDS_RUNTIME("ort");
  Graph even = one_block();
  const LayerInputs inputs = sampled(even);
  EXPECT_EQ(smooth_channels(even, inputs, 0.5), 0U);
  Graph used = with_outlier_channels();
  const LayerInputs others = sampled(used);
  used.add_output("n1");
  EXPECT_EQ(smooth_channels(used, others, 0.5), 0U);
}

TEST(QuantizeStatic, smooths_a_transformer_with_outlier_channels) {
  TAMIS_NEEDS_RUNTIME("ort");
  Graph graph = with_outlier_channels();
  QuantizeOptions options;
  options.target = QuantizeTarget::openvino;
  const QuantizeReport report =
      quantize_static(graph, options, runtime_of("ort").open, noise_of({1, 9, 64}, 40));
  const auto smoothed = std::find_if(report.corrections.begin(), report.corrections.end(),
                                     [](const Correction& c) { return c.name == "SmoothQuant"; });
  ASSERT_NE(smoothed, report.corrections.end());
  EXPECT_TRUE(smoothed->kept) << smoothed->why;
  EXPECT_GT(smoothed->gain_db.value_or(0), 3) << smoothed->why;
}

TEST(QuantizeStatic, corrects_to_the_same_bytes_each_time) {
  TAMIS_NEEDS_RUNTIME("ort");
  QuantizeOptions options;
  options.corrections = CorrectionLevel::all;
  std::set<std::string> results;
  for (int threads : {1, 2}) {
    Graph graph = convolutions();
    const QuantizeReport report =
        quantize_static(graph, options, runtime_of("ort", threads).open, shifted_noise(40));
    EXPECT_EQ(report.held_aside, 8U);
    EXPECT_EQ(report.calibrated_on, 32U);
    EXPECT_GE(report.corrections.size(), 3U);
    results.insert(graph.to_bytes());
  }
  EXPECT_EQ(results.size(), 1U);
}

TEST(QuantizeStatic, says_which_corrections_could_not_be_judged) {
  TAMIS_NEEDS_RUNTIME("ort");
  Graph graph = with_outlier_channels();
  const QuantizeReport report =
      quantize_static(graph, {}, runtime_of("ort").open, noise_of({1, 9, 64}, 4));
  ASSERT_EQ(report.corrections.size(), 1U);
  EXPECT_FALSE(report.corrections[0].kept);
  EXPECT_NE(report.corrections[0].why.find("fewer than 5 images"), std::string::npos);
  EXPECT_FALSE(report.corrections[0].gain_db);
}

TEST(QuantizeStatic, tries_no_correction_where_none_is_asked_for) {
  TAMIS_NEEDS_RUNTIME("ort");
  Graph graph = convolutions();
  QuantizeOptions options;
  options.corrections = CorrectionLevel::none;
  EXPECT_TRUE(quantize_static(graph, options, runtime_of("ort").open, shifted_noise(20))
                  .corrections.empty());
}

/// {value: [scales, zero point]} of everything that is quantised.
Json scales_of(const Graph& graph) {
  Json scales = Json::object();
  for (const onnx::NodeProto* node : graph.nodes()) {
    const bool weights = is_op(*node, "DequantizeLinear") && graph.is_constant(node->input(0));
    if (!weights && !is_op(*node, "QuantizeLinear")) continue;
    std::string value = weights ? node->input(0) : node->output(0);
    value.resize(value.rfind('_'));  // _s8, _s32, _u8
    scales[value] = {floats(*graph.constant(node->input(1))),
                     ints(*graph.constant(node->input(2))).front()};
  }
  return scales;
}

/// Writes a model, four inputs and the scales that min-max ranges of these give, for a referee.
void save_min_max_case(const std::filesystem::path& folder) {
  Graph graph = convolutions();
  graph.save(folder / "model.onnx");
  std::vector<float> inputs;
  shifted_noise(4)([&](std::span<const Tensor> sample) {
    inputs.insert(inputs.end(), sample[0].data<float>(), sample[0].data<float>() + 400);
  });
  testing::write_raw(folder / "inputs.bin", inputs.data(), inputs.size());
  QuantizeOptions options;
  options.target = QuantizeTarget::ort;
  options.method = RangeMethod::min_max;
  options.corrections = CorrectionLevel::none;
  quantize_static(graph, options, runtime_of("ort").open, shifted_noise(4));
  Json scales = scales_of(graph);
  scales["shape"] = {1, 4, 10, 10};
  save_json(folder / "scales.json", scales);
}

TEST(MinMaxReferee, has_the_scales_of_onnxruntime) {
  TAMIS_NEEDS_RUNTIME("ort");
  if (!testing::referee_has("onnxruntime.quantization"))
    GTEST_SKIP() << "onnxruntime.quantization is missing; name its folder in PYTHONPATH";
  TemporaryFolder folder;
  save_min_max_case(folder.path());
  EXPECT_TRUE(testing::referee_agrees("quantize/referee_min_max.py", folder.path()));
}

TEST(MinMaxReferee, has_the_ranges_of_nncf) {
  TAMIS_NEEDS_RUNTIME("ort");
  if (!testing::referee_has("nncf"))
    GTEST_SKIP() << "nncf is missing; name its folder in PYTHONPATH";
  TemporaryFolder folder;
  save_min_max_case(folder.path());
  EXPECT_TRUE(testing::referee_agrees("quantize/referee_nncf.py", folder.path()));
}

}  // namespace
}  // namespace tamis
