#include "quantize/pair_sums.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "base/files.h"
#include "graph/tensor_data.h"
#include "quantize/affine.h"
#include "quantize/dynamic.h"
#include "runtimes.h"
#include "support/needs.h"

namespace tamis {
namespace {

using Row = std::vector<std::int8_t>;

Row limited(const PairSums& sums, const Row& row) {
  const std::vector<double> exact(row.begin(), row.end());
  Row result = row;
  sums.limit(exact, result);
  return result;
}

TEST(PairSums, makes_pairs_of_one_sign_fit_and_leaves_all_others) {
  const PairSums sums(8, 1);
  EXPECT_EQ(limited(sums, {127, 127, -127, -100, 127, -127, 100, 28}),
            (Row{64, 64, -78, -50, 127, -127, 100, 28}));  // (77.5, 50.5) to even
  EXPECT_EQ(limited(sums, {1, 127, 127, 1, 127, 2, 0, -127}),
            (Row{1, 127, 127, 1, 126, 2, 0, -127}));  // (126.5, 1.5) to even
}

TEST(PairSums, pair_the_inputs_of_one_position_of_a_kernel) {
  const PairSums sums(2, 3);  // columns: input 0 at three positions, then input 1
  EXPECT_EQ(limited(sums, {100, 100, 100, 100, 20, -100}), (Row{64, 100, 100, 64, 20, -100}));
}

TEST(PairSums, of_an_odd_number_of_inputs_run_on_over_the_positions) {
  const PairSums sums(1, 4);
  for (const Row& row : {Row{127, 127, 127, 127}, Row{100, -100, -100, 100}}) {
    const Row result = limited(sums, row);
    EXPECT_TRUE(sums.fit(result));
    for (std::size_t i = 0; i + 1 < result.size(); ++i)
      EXPECT_LE(std::abs(result[i] + result[i + 1]), 128);
  }
  // Columns: input 0 at two positions, input 1, input 2.
  EXPECT_FALSE(PairSums(3, 2).fit(Row{0, 100, 0, 0, 100, 0}));  // the last of one, the next's first
  EXPECT_TRUE(PairSums(3, 2).fit(Row{0, 0, 0, 100, 100, 0}));   // of different positions
}

TEST(PairSums, say_how_large_a_weight_may_become) {
  const PairSums sums(4, 1);
  const Row row{100, 20, -30, 0};
  EXPECT_EQ(sums.most(1, false, row), 28);
  EXPECT_EQ(sums.most(1, true, row), 127);
  EXPECT_EQ(sums.most(3, true, row), 98);
  EXPECT_EQ(PairSums().most(1, false, row), 127);
}

TEST(PairSums, that_fit_never_overflow_16_bits_whatever_is_read) {
  std::mt19937 random(1);
  std::uniform_int_distribution<int> weight(-127, 127);
  std::uniform_int_distribution<int> read(0, 255);
  const PairSums sums(64, 1);
  for (int trial = 0; trial < 200; ++trial) {
    Row row(64);
    for (std::int8_t& q : row) q = static_cast<std::int8_t>(weight(random));
    row = limited(sums, row);
    ASSERT_TRUE(sums.fit(row));
    for (std::size_t i = 0; i < row.size(); i += 2) {
      for (const int a : {0, 255, read(random)})
        for (const int b : {0, 255, read(random)}) {
          const int sum = a * row[i] + b * row[i + 1];
          EXPECT_TRUE(sum >= -32768 && sum <= 32767) << int{row[i]} << " " << int{row[i + 1]};
        }
    }
  }
}

TEST(QuantiseWeights, keep_eight_bits_where_every_pair_fits) {
  const float weights[] = {1.27F, -1.27F, 1.0F, 0.25F};
  const QuantisedWeights q = quantise_weights(weights, {1, 1, 4}, {.sums = {4, 1}});
  EXPECT_EQ(q.values, (Row{127, -127, 100, 25}));
  EXPECT_NEAR(q.scales[0], 0.01F, 1e-8);
}

TEST(QuantiseWeights, that_all_crowd_take_the_scale_of_seven_bits) {
  const std::vector<float> weights(16, 1.0F);
  const QuantisedWeights q = quantise_weights(weights, {1, 1, 16}, {.sums = {16, 1}});
  for (const std::int8_t value : q.values) EXPECT_EQ(value, 64);
  EXPECT_NEAR(q.scales[0], 1.0F / 64, 1e-3);
}

// ---- whole models -------------------------------------------------------------------------------

/// Weights and inputs that are all positive and near their maximum: nearly every pair would
/// overflow. Odd inputs, groups, one position, products both ways round.
Graph crowded_network() {
  Graph graph = Graph::parse_text(R"(
    <ir_version: 8, opset_import: ["" : 17]>
    g (float[2,3,8,8] x) => (float[2,12] y, float[2,7] z) {
      c1 = Conv <pads = [1,1,1,1]> (x, w1) r1 = Relu (c1)
      c2 = Conv <group = 2, strides = [2,2]> (r1, w2) r2 = Relu (c2)
      d = Conv <group = 6, pads = [1,1,1,1]> (r2, wd) rd = Relu (d)
      c3 = Conv (rd, w3) r3 = Relu (c3)
      m = GlobalAveragePool (r3) f = Flatten (m)
      y = Gemm <transB = 1> (f, w4) z = MatMul (f, w5)
    })");
  std::mt19937 random(3);
  std::uniform_real_distribution<double> law(0.6, 1.0);
  const auto add = [&](const char* name, const Shape& shape) {
    std::vector<double> values(static_cast<std::size_t>(element_count(shape)));
    for (double& v : values) v = law(random);
    *graph.graph().add_initializer() = make_tensor(name, onnx::TensorProto::FLOAT, shape, values);
  };
  add("w1", {8, 3, 3, 3}), add("w2", {6, 4, 3, 3}), add("wd", {6, 1, 3, 3}),
      add("w3", {9, 6, 1, 1}), add("w4", {12, 9}), add("w5", {9, 7});
  graph.reindex();
  return graph;
}

/// As bright as can be, but for a little.
FeedCalibration bright(std::size_t count) {
  return [count](const std::function<void(std::span<const Tensor>)>& use) {
    std::mt19937 random(5);
    std::uniform_real_distribution<float> law(0.9F, 1.0F);
    Tensor input(DataType::f32, {2, 3, 8, 8});
    for (std::size_t i = 0; i < count; ++i) {
      for (std::int64_t e = 0; e < input.elements(); ++e) input.data<float>()[e] = law(random);
      use(std::span<const Tensor>(&input, 1));
    }
  };
}

void expect_right_in_both(const Graph& before, const Graph& after) {
  TemporaryFolder folder("tamis-test");
  before.save(folder.path() / "float.onnx");
  after.save(folder.path() / "int8.onnx");
  for (const RuntimeCheck& check :
       check_quantized(folder.path() / "float.onnx", folder.path() / "int8.onnx", runtime_of("ort"),
                       {runtime_of("ort"), runtime_of("openvino")}, bright(3))) {
    EXPECT_FALSE(check.refused) << check.runtime << ": " << check.reason;
    for (const OutputCheck& output : check.outputs) EXPECT_GT(output.snr_db, 30) << check.runtime;
  }
}

class Crowded : public ::testing::TestWithParam<QuantizeTarget> {};

TEST_P(Crowded, models_are_right_in_both_runtimes_on_any_cpu) {
  TAMIS_NEEDS_RUNTIME("ort");
  TAMIS_NEEDS_RUNTIME("openvino");
  const Graph before = crowded_network();
  Graph graph = before;
  QuantizeOptions options;
  options.target = GetParam();
  EXPECT_EQ(quantize_static(graph, options, runtime_of("ort").open, bright(8)).quantised_nodes, 6U);
  expect_right_in_both(before, graph);
}

INSTANTIATE_TEST_SUITE_P(Targets, Crowded,
                         ::testing::Values(QuantizeTarget::portable, QuantizeTarget::ort,
                                           QuantizeTarget::openvino),
                         [](const auto& one) { return std::string(to_text(one.param)); });

TEST(CrowdedDynamic, products_are_right_in_both_runtimes_as_dynamic_ones_too) {
  TAMIS_NEEDS_RUNTIME("ort");
  TAMIS_NEEDS_RUNTIME("openvino");
  const Graph before = crowded_network();
  Graph graph = before;
  EXPECT_EQ(quantize_dynamic(graph).quantised_nodes, 2U);
  expect_right_in_both(before, graph);
}

/// The largest sum of two weights of one sign that follow each other in a matrix product [K, N] or
/// a convolution of one position.
int largest_sum(const Graph& graph, const std::string& stored) {
  const onnx::TensorProto& tensor = *graph.constant(stored);
  const std::vector<std::int64_t> q = ints(tensor);
  const Shape shape = shape_of(tensor);
  const auto inputs = static_cast<std::size_t>(shape[1]);
  std::int64_t largest = 0;
  for (std::size_t i = 0; i < q.size(); i += 2) {
    if (i % inputs + 1 < inputs && (q[i] < 0) == (q[i + 1] < 0))
      largest = std::max(largest, std::abs(q[i] + q[i + 1]));
  }
  return static_cast<int>(largest);
}

TEST(Corrections, leave_room_for_16_bit_sums) {
  TAMIS_NEEDS_RUNTIME("ort");
  for (const bool limited : {true, false}) {
    Graph graph = Graph::parse_text(R"(<ir_version: 8, opset_import: ["" : 17]>
        g (float[2,8,4,4] x) => (float[2,8,4,4] y) {c = Conv (x, w) r = Relu (c) y = Conv (r, v)})");
    add_random(graph, "w", {16, 8, 1, 1}, 1, 1), add_random(graph, "v", {8, 16, 1, 1}, 1, 2);
    graph.reindex();
    QuantizeOptions options;
    options.corrections = CorrectionLevel::all;
    options.sums_in_16_bits = limited;
    const QuantizeReport report =
        quantize_static(graph, options, runtime_of("ort").open, noise_of({2, 8, 4, 4}, 20));
    bool kept = false;
    for (const Correction& one : report.corrections) kept |= one.kept;
    // Without room, a CPU that saturates shows no gain from anything.
    EXPECT_TRUE(kept || !limited) << "nothing to be seen";
    const int largest = std::max(largest_sum(graph, "w_s8"), largest_sum(graph, "v_s8"));
    EXPECT_EQ(largest <= 128, limited) << largest;
  }
}

}  // namespace
}  // namespace tamis
