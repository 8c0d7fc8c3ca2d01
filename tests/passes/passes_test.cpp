#include "passes/passes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <limits>

#include "base/error.h"
#include "base/files.h"
#include "graph/inspect.h"
#include "passes/fold_constants.h"
#include "passes/fuse_conv_bn.h"
#include "passes/remove_dead.h"
#include "passes/remove_identity.h"
#include "runtime/backend.h"
#include "support/needs.h"

namespace tamis {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Graph parse(const std::string& body) {
  return Graph::parse_text("<ir_version: 8, opset_import: [\"\" : 17]> g " + body);
}

std::vector<std::string> types_of(const Graph& graph) {
  std::vector<std::string> types;
  for (const auto* node : graph.nodes()) types.push_back(node->op_type());
  return types;
}

using Run = PassResult (*)(Graph&, const PassContext&);

// Runs a pass, checks the model, and that a second run finds nothing.
PassResult run_twice(Run run, Graph& graph, const PassContext& context = {}) {
  PassResult result = run(graph, context);
  graph.sort();
  graph.verify();
  EXPECT_EQ(run(graph, context).changes, 0u);
  return result;
}

std::string failure(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

// Through ONNX Runtime with its own optimisations off.
Evaluator ort_evaluator() {
  return [](const Graph& model, const std::vector<Tensor>& inputs) {
    TemporaryFolder folder;
    OpenRequest request;
    request.model = folder.path() / "model.onnx";
    request.settings.graph_level = "disable";
    model.save(request.model);
    auto session = find_backend("ort")->open(request);
    std::vector<Tensor> outputs = make_tensors(session->outputs());
    session->run(inputs, outputs);
    return outputs;
  };
}

constexpr const char* kConvBn = R"((float[1,1,2,2] x) => (float[1,2,2,2] y)
<float[2,1,1,1] w = {1, 2}, float[2] b = {0.5, -1}, float[2] gamma = {2, 3}, float[2] beta = {1, -1}, float[2] mean = {0.5, 4}, float[2] var = {3, 8}>
{
  c = Conv(x, w, b)
  y = BatchNormalization <epsilon = 1.0> (c, gamma, beta, mean, var)
})";

TEST(FuseConvBn, folds_the_scale_into_weights_and_bias) {
  Graph graph = parse(kConvBn);
  EXPECT_EQ(run_twice(fuse_conv_bn, graph).changes, 1u);
  EXPECT_THAT(types_of(graph), ElementsAre("Conv"));
  const auto* conv = graph.producer("y");
  // s = 2/√4 = 1 and 3/√9 = 1:  b' = s (b − μ) + β.
  EXPECT_THAT(floats(*graph.constant(conv->input(1))), ElementsAre(1, 2));
  EXPECT_THAT(floats(*graph.constant(conv->input(2))), ElementsAre(1, -6));
  EXPECT_EQ(graph.graph().initializer_size(), 2);
}

TEST(FuseConvBn, rounds_once) {
  Graph graph = parse(kConvBn);
  *graph.initializer("var") = make_tensor("var", onnx::TensorProto::FLOAT, {2}, {0.1, 0.7});
  fuse_conv_bn(graph, {});
  auto weights = floats(*graph.constant(graph.producer("y")->input(1)));
  EXPECT_EQ(weights[0], static_cast<float>(2 / std::sqrt(static_cast<double>(0.1f) + 1.0)));
}

TEST(FuseConvBn, leaves_a_conv_with_other_users_alone) {
  Graph graph = parse(R"((float[1,1,2,2] x) => (float[1,1,2,2] y, float[1,1,2,2] c)
<float[1,1,1,1] w = {2}, float[1] g = {1}, float[1] b = {0}, float[1] m = {0}, float[1] v = {1}>
{ c = Conv(x, w)  y = BatchNormalization(c, g, b, m, v) })");
  PassResult result = run_twice(fuse_conv_bn, graph);
  EXPECT_EQ(result.changes, 0u);
  EXPECT_THAT(result.skipped, ElementsAre(HasSubstr("has another user or is a graph output")));
}

TEST(FuseConvBn, leaves_half_weights_training_and_variable_parameters_alone) {
  Graph half = parse(R"((float16[1,1,2,2] x) => (float16[1,1,2,2] y)
<float16[1,1,1,1] w = {2}, float16[1] g = {1}, float16[1] b = {0}, float16[1] m = {0}, float16[1] v = {1}>
{ c = Conv(x, w)  y = BatchNormalization(c, g, b, m, v) })");
  EXPECT_THAT(run_twice(fuse_conv_bn, half).skipped, ElementsAre(HasSubstr("float16")));
  Graph training = parse(R"((float[1,1,2,2] x) => (float[1,1,2,2] y, float[1] m2)
<float[1,1,1,1] w = {2}, float[1] g = {1}, float[1] b = {0}, float[1] m = {0}, float[1] v = {1}>
{ c = Conv(x, w)  y, m2, v2 = BatchNormalization <training_mode = 1> (c, g, b, m, v) })");
  EXPECT_THAT(run_twice(fuse_conv_bn, training).skipped, ElementsAre(HasSubstr("training")));
  Graph variable = parse(R"((float[1,1,2,2] x, float[1] g) => (float[1,1,2,2] y)
<float[1,1,1,1] w = {2}, float[1] b = {0}, float[1] m = {0}, float[1] v = {1}>
{ c = Conv(x, w)  y = BatchNormalization(c, g, b, m, v) })");
  EXPECT_THAT(run_twice(fuse_conv_bn, variable).skipped, ElementsAre(HasSubstr("not constants")));
}

TEST(FuseConvBn, copies_weights_that_two_convs_share) {
  Graph graph = parse(R"((float[1,1,2,2] x) => (float[1,1,2,2] y, float[1,1,2,2] z)
<float[1,1,1,1] w = {2}, float[1] g = {3}, float[1] b = {0}, float[1] m = {0}, float[1] v = {0}>
{ c = Conv(x, w)  y = BatchNormalization <epsilon = 1.0> (c, g, b, m, v)  z = Conv(x, w) })");
  EXPECT_EQ(run_twice(fuse_conv_bn, graph).changes, 1u);
  EXPECT_THAT(floats(*graph.constant(graph.producer("y")->input(1))), ElementsAre(6));
  EXPECT_THAT(floats(*graph.constant(graph.producer("z")->input(1))), ElementsAre(2));
}

TEST(RemoveIdentity, takes_out_what_changes_nothing) {
  Graph graph = parse(R"((float[2,3] x) => (float[2,3] y)
<int64[2] same = {2, -1}, int64[2] starts = {0, 0}, int64[2] ends = {9, 9}, float one = {1}, float[3] zeros = {0, 0, 0}, int64[4] pads = {0, 0, 0, 0}>
{
  a = Identity(x)
  b = Dropout(a)
  c = Cast <to = 1> (b)
  d = Reshape(c, same)
  e = Transpose <perm = [0, 1]> (d)
  f = Slice(e, starts, ends)
  h = Concat <axis = 0> (f)
  i = Mul(h, one)
  j = Add(i, zeros)
  k = Pad(j, pads)
  r = Relu(k)
  y = Identity(r)
})");
  EXPECT_EQ(run_twice(remove_identity, graph).changes, 11u);
  EXPECT_THAT(types_of(graph), ElementsAre("Relu"));
  EXPECT_EQ(graph.producer("y")->input(0), "x");
}

TEST(RemoveIdentity, leaves_real_work_alone) {
  Graph graph = parse(R"((float[2,3] x, float[1] z) => (float[3,2] y, float[2,3] u, double[2,3] v)
<int64[2] other = {3, 2}, int64[1] from = {-1}, int64[1] to = {-9}, int64[1] axis = {0}, int64[1] back = {-1}, float[2,3] ones = {1, 1, 1, 1, 1, 1}>
{
  y = Reshape(x, other)
  s = Slice(x, from, to, axis, back)
  u = Neg(s)
  m = Mul(z, ones)
  v = Cast <to = 11> (m)
})");
  EXPECT_EQ(run_twice(remove_identity, graph).changes, 0u);
}

TEST(RemoveIdentity, leaves_a_tie_between_input_and_output_and_a_used_mask_alone) {
  Graph tie = parse("(float[2] x) => (float[2] y) { y = Identity(x) }");
  EXPECT_THAT(run_twice(remove_identity, tie).skipped, ElementsAre(HasSubstr("Identity")));
  Graph mask = parse("(float[2] x) => (float[2] y, bool[2] m) { d, m = Dropout(x) y = Relu(d) }");
  EXPECT_EQ(run_twice(remove_identity, mask).changes, 0u);
}

TEST(RemoveIdentity, makes_an_identity_of_what_ties_an_input_to_an_output) {
  for (const char* node : {"y = Dropout(x)", "y = Max(x)", "y, unused = Dropout(x)"}) {
    Graph graph = parse(std::string("(float[2] x) => (float[2] y) {") + node + "}");
    EXPECT_EQ(run_twice(remove_identity, graph).changes, 1u) << node;
    EXPECT_THAT(types_of(graph), ElementsAre("Identity"));
    EXPECT_EQ(graph.producer("y")->output_size(), 1);
  }
}

TEST(RemoveDead, keeps_what_outputs_need) {
  Graph graph = parse("(float[2] x) => (float[2] y) { y = Relu(x) z = Exp(x) w = Neg(z) }");
  EXPECT_EQ(run_twice(remove_dead, graph).changes, 2u);
  EXPECT_THAT(types_of(graph), ElementsAre("Relu"));
}

constexpr const char* kShapes = R"((float[1,4,2,2] x) => (float[1,16] y)
<int64 zero = {0}, int64[1] axes = {0}, int64[1] rest = {-1}>
{
  s = Shape(x)
  n = Gather(s, zero)
  u = Unsqueeze(n, axes)
  t = Concat <axis = 0> (u, rest)
  y = Reshape(x, t)
})";

TEST(FoldConstants, folds_shape_arithmetic_by_itself) {
  Graph graph = parse(kShapes);
  EXPECT_EQ(run_twice(fold_constants, graph).changes, 4u);
  EXPECT_THAT(types_of(graph), ElementsAre("Reshape"));
  EXPECT_THAT(ints(*graph.constant(graph.producer("y")->input(1))), ElementsAre(1, -1));
}

TEST(FoldConstants, leaves_dynamic_shapes_alone) {
  std::string text = kShapes;
  text.replace(text.find("float[1,4"), 9, "float[N,4");
  text.replace(text.find("float[1,16"), 10, "float[N,16");
  Graph graph = parse(text);
  EXPECT_EQ(run_twice(fold_constants, graph).changes, 0u);
}

constexpr const char* kConstants = R"((float[2] x) => (float[2] y)
<float[2] a = {1, 2}, float[2] b = {10, 20}>
{
  s = Add(a, b)
  n = Neg(s)
  y = Mul(x, n)
})";

TEST(FoldConstants, has_one_small_model_evaluated) {
  Graph graph = parse(kConstants);
  PassContext context;
  int calls = 0;
  context.evaluate = [&](const Graph& model, const std::vector<Tensor>& inputs) {
    ++calls;
    EXPECT_THAT(types_of(model), ElementsAre("Add", "Neg"));
    EXPECT_THAT(inputs, IsEmpty());
    EXPECT_THAT(model.inputs(), IsEmpty());
    model.verify();
    std::vector<Tensor> results;
    results.emplace_back(DataType::f32, Shape{2});
    results[0].data<float>()[0] = -11;
    results[0].data<float>()[1] = -22;
    return results;
  };
  EXPECT_EQ(run_twice(fold_constants, graph, context).changes, 2u);
  EXPECT_EQ(calls, 1);
  EXPECT_THAT(types_of(graph), ElementsAre("Mul"));
  EXPECT_THAT(floats(*graph.constant(graph.producer("y")->input(1))), ElementsAre(-11, -22));
  EXPECT_EQ(graph.graph().initializer_size(), 1);
}

TEST(FoldConstants, folds_nothing_but_shapes_without_an_evaluator) {
  Graph graph = parse(kConstants);
  EXPECT_EQ(run_twice(fold_constants, graph).changes, 0u);
}

TEST(FoldConstants, refuses_a_wrong_result) {
  Graph graph = parse(kConstants);
  PassContext context;
  context.evaluate = [](const Graph&, const std::vector<Tensor>&) {
    std::vector<Tensor> results;
    results.emplace_back(DataType::f32, Shape{3});
    return results;
  };
  EXPECT_THAT(failure([&] { fold_constants(graph, context); }), HasSubstr("another type or shape"));
}

TEST(FoldConstants, does_not_let_the_file_grow_without_bound) {
  Graph graph = parse(R"((float[2000,1000] x) => (float[2000,1000] y)
<int64[2] big = {2000, 1000}>
{ z = ConstantOfShape <value = float[1] {1.5}> (big)  y = Add(x, z) })");
  PassContext context;
  context.evaluate = [](const Graph&, const std::vector<Tensor>&) -> std::vector<Tensor> {
    throw std::logic_error("nothing to evaluate");
  };
  PassResult result = run_twice(fold_constants, graph, context);
  EXPECT_EQ(result.changes, 0u);
  EXPECT_THAT(result.skipped, ElementsAre(HasSubstr("grow by 7999984 bytes")));
}

TEST(FoldConstants, leaves_stored_weights_and_chance_alone) {
  Graph graph = parse(R"((float[2] x) => (float[2] y)
<int8[2] q = {1, 2}, float s = {0.5}>
{ w = DequantizeLinear(q, s)  r = RandomNormal <shape = [2]> ()  t = Mul(x, w)  y = Add(t, r) })");
  PassContext context;
  context.evaluate = [](const Graph&, const std::vector<Tensor>&) { return std::vector<Tensor>(); };
  EXPECT_EQ(run_twice(fold_constants, graph, context).changes, 0u);
}

TEST(RunPasses, runs_to_a_fixed_point_and_logs) {
  Graph graph = parse(kConvBn);
  onnx::NodeProto& extra = graph.add_node({.op_type = "Identity", .inputs = {"c"}});
  graph.set_input(*graph.producer("y"), 0, extra.output(0));
  graph.sort();
  PassLog log = simplify(graph, {});
  EXPECT_THAT(types_of(graph), ElementsAre("Conv"));
  EXPECT_EQ(log.rounds, 2u);
  EXPECT_EQ(log.nodes_before, 3u);
  EXPECT_EQ(log.nodes_after, 1u);
  EXPECT_EQ(to_json(log)["passes"].size(), simplify_passes().size());
}

TEST(RunPasses, leaves_disabled_passes_out) {
  Graph graph = parse(kConvBn);
  PassContext context;
  context.disabled = {"fuse_conv_bn"};
  simplify(graph, context);
  EXPECT_EQ(graph.graph().node_size(), 2);
  context.disabled = {"fuse_conv"};
  EXPECT_THAT(failure([&] { simplify(graph, context); }), HasSubstr("did you mean fuse_conv_bn?"));
}

PassResult break_graph(Graph& graph, const PassContext&) {
  graph.set_input(*graph.producer("y"), 0, "nowhere");
  return {1, {}};
}
PassResult rename_output(Graph& graph, const PassContext&) {
  graph.set_metadata("task", "other");
  return {1, {}};
}

TEST(RunPasses, a_bad_pass_is_an_error_and_the_graph_stays) {
  Graph graph = parse(kConvBn);
  std::string before = graph.to_bytes();
  const Pass broken[] = {{"broken", break_graph, 1}};
  EXPECT_THAT(failure([&] { run_passes(graph, broken, {}); }), HasSubstr("nowhere"));
  const Pass renames[] = {{"renames", rename_output, 1}};
  EXPECT_THAT(failure([&] { run_passes(graph, renames, {}); }), HasSubstr("pass renames"));
  EXPECT_EQ(graph.to_bytes(), before);
}

TEST(RunPasses, let_the_file_grow_by_no_more_than_is_allowed_in_all_rounds_together) {
  TAMIS_NEEDS_RUNTIME("ort");
  std::string nodes, names = "x";
  for (int i = 0; i < 60; ++i) {
    nodes += "c" + std::to_string(i) + " = ConstantOfShape <value = float {1}> (shape)\n";
    names += ", c" + std::to_string(i);
  }
  Graph graph = parse("(float[64] x) => (float[64] y) <int64[1] shape = {64}> {" + nodes +
                      "y = Sum(" + names + ")}");
  PassContext context;
  context.evaluate = ort_evaluator();
  context.max_growth_bytes = 600;
  const std::size_t before = graph.proto().ByteSizeLong();
  const PassLog log = simplify(graph, context);
  EXPECT_LT(log.rounds, 5U);
  EXPECT_LT(graph.proto().ByteSizeLong(), before + 600);
}

TEST(RunPasses, versions_name_every_pass) {
  EXPECT_EQ(pass_versions(simplify_passes()),
            "remove_dead=1,fold_constants=1,remove_identity=2,fuse_conv_bn=1");
}

std::vector<Tensor> one_tensor(std::vector<float> values) {
  std::vector<Tensor> tensors;
  tensors.emplace_back(DataType::f32, Shape{static_cast<std::int64_t>(values.size())});
  std::copy(values.begin(), values.end(), tensors[0].data<float>());
  return tensors;
}

TEST(CompareOutputs, measures_and_refuses) {
  Graph graph = parse("(float[2] x) => (float[2] y) { y = Relu(x) }");
  int call = 0;
  std::vector<std::vector<float>> results{{1, -4}, {1.5, -4}};
  Evaluator evaluate = [&](const Graph&, const std::vector<Tensor>&) {
    return one_tensor(results[static_cast<std::size_t>(call++) % 2]);
  };
  auto differences = compare_outputs(evaluate, graph, graph, {});
  ASSERT_EQ(differences.size(), 1u);
  EXPECT_EQ(differences[0].output, "y");
  EXPECT_DOUBLE_EQ(differences[0].max_absolute, 0.5);
  EXPECT_DOUBLE_EQ(differences[0].relative, 0.125);
  EXPECT_THAT(failure([&] { require_same_outputs(differences); }), HasSubstr("\"y\" moved by 0.5"));
  require_same_outputs(differences, 0.2);
  results[1] = {std::numeric_limits<float>::quiet_NaN(), -4};
  EXPECT_THAT(failure([&] { compare_outputs(evaluate, graph, graph, {}); }), HasSubstr("NaN"));
  results[1] = {1, 2, 3};
  EXPECT_THAT(failure([&] { compare_outputs(evaluate, graph, graph, {}); }), HasSubstr("[3]"));
}

/// Answers with a function of the input and of whether the graph is the one behind the step.
Evaluator answering(const std::function<double(double x, bool after)>& answer) {
  return [answer](const Graph& graph, const std::vector<Tensor>& inputs) {
    const bool after = graph.nodes().front()->op_type() == "Abs";
    std::vector<Tensor> outputs;
    outputs.push_back(inputs.front().clone());
    for (std::int64_t i = 0; i < outputs[0].elements(); ++i) {
      float& value = outputs[0].data<float>()[i];
      value = static_cast<float>(answer(static_cast<double>(value), after));
    }
    return outputs;
  };
}

TEST(CompareOutputs, tolerates_what_rounding_the_input_explains_and_no_more) {
  Graph before = parse("(float[64] x) => (float[64] y) { y = Relu(x) }");
  Graph after = parse("(float[64] x) => (float[64] y) { y = Abs(x) }");
  const auto chaos = [](double x) { return std::sin(x * 3e7); };
  const auto compare = [&](const Evaluator& evaluate) {
    return compare_outputs(evaluate, before, after, probe_inputs(before));
  };
  const auto sensitive =
      compare(answering([&](double x, bool moved) { return chaos(x * (moved ? 1 + 1e-7 : 1)); }));
  EXPECT_GT(sensitive[0].relative, kSameNumbersTolerance);
  ASSERT_TRUE(sensitive[0].by_rounding.has_value());
  EXPECT_GT(sensitive[0].by_rounding->most, 0.1);
  require_same_outputs(sensitive);
  const auto wrong = compare(answering([](double x, bool moved) { return moved ? x + 0.1 : x; }));
  EXPECT_THAT(failure([&] { require_same_outputs(wrong); }),
              AllOf(HasSubstr("\"y\" moved by 0.1"), HasSubstr("rounding its input moves it by")));
}

/// Answers with one of two results.
std::vector<OutputDifference> compare_results(const Graph& before, const Tensor& a,
                                              const Tensor& b) {
  const auto says = [](const Tensor& tensor) {
    return Evaluator([&tensor](const Graph&, const std::vector<Tensor>&) {
      std::vector<Tensor> outputs;
      outputs.push_back(tensor.clone());
      return outputs;
    });
  };
  const Evaluator first = says(a), second = says(b);
  return compare_outputs(first, before, second, before, {});
}

TEST(CompareOutputs, judges_index_maps_by_the_share_that_differs) {
  Graph graph = parse("(int64[5000] x) => (int64[5000] y) { y = Identity(x) }");
  const auto map = [](std::int64_t flipped) {
    Tensor made(DataType::i64, {5000});
    for (std::int64_t i = 0; i < made.elements(); ++i)
      made.data<std::int64_t>()[i] = i < flipped ? 80 : i % 4;
    return made;
  };
  require_same_outputs(compare_results(graph, map(0), map(3)));
  EXPECT_THAT(failure([&] { require_same_outputs(compare_results(graph, map(0), map(100))); }),
              HasSubstr("is another number in 0.02 of its places"));
}

TEST(CompareOutputs, lets_rows_that_a_topk_sorts_change_places) {
  Graph graph = parse(R"((float[1,100,6] x) => (float[1,100,6] y) {
    k = Constant <value = int64[1] {100}> ()
    y, i = TopK <axis = 1> (x, k) })");
  const auto rows = [](bool turned, double added) {
    Tensor made(DataType::f32, {1, 100, 6});
    for (std::int64_t i = 0; i < made.elements(); ++i) {
      const std::int64_t row = turned ? 99 - i / 6 : i / 6;
      made.data<float>()[i] = static_cast<float>(row * 6 + i % 6 + (i % 6 == 4 ? added : 0));
    }
    return made;
  };
  require_same_outputs(compare_results(graph, rows(false, 0), rows(true, 0)));
  EXPECT_THAT(
      failure([&] { require_same_outputs(compare_results(graph, rows(false, 0), rows(true, 5))); }),
      HasSubstr("of its rows"));
}

TEST(ProbeInputs, show_the_same_picture_in_every_layout_and_type) {
  const std::vector<Tensor> planes =
      probe_inputs(parse("(float[2,3,16,24] x) => (float[2,3,16,24] y) { y = Relu(x) }"));
  const std::vector<Tensor> pixels =
      probe_inputs(parse("(uint8[2,16,24,3] x) => (uint8[2,16,24,3] y) { y = Identity(x) }"));
  std::size_t seen = 0;
  for (std::size_t n = 0; n < 2; ++n)
    for (std::size_t p = 0; p < 16 * 24; ++p)
      for (std::size_t c = 0; c < 3; ++c, ++seen) {
        const float value = planes.at(0).data<float>()[(n * 3 + c) * 16 * 24 + p];
        EXPECT_EQ(pixels.at(0).data<std::uint8_t>()[(n * 16 * 24 + p) * 3 + c],
                  static_cast<std::uint8_t>(std::min(value * 256, 255.0F)));
      }
  EXPECT_EQ(seen, 2U * 3 * 16 * 24);
}

TEST(ProbeInputs, are_smooth_where_the_input_is_a_picture) {
  Graph graph = parse("(float[1,3,64,64] x) => (float[1,3,64,64] y) { y = Relu(x) }");
  const std::vector<Tensor> inputs = probe_inputs(graph);
  const float* values = inputs.at(0).data<float>();
  double steps = 0, spread = 0, mean = 0;
  constexpr int kPixels = 64 * 64;
  for (int i = 0; i < kPixels; ++i) mean += static_cast<double>(values[i]) / kPixels;
  for (int i = 0; i < kPixels; ++i) {
    EXPECT_GE(values[i], 0);
    EXPECT_LE(values[i], 1);
    spread += std::abs(static_cast<double>(values[i]) - mean) / kPixels;
    if (i % 64 > 0) steps += std::abs(static_cast<double>(values[i] - values[i - 1])) / kPixels;
  }
  EXPECT_GT(spread, 0.08) << "it shows something";
  EXPECT_LT(steps, 0.75 * spread) << "neighbours are alike: of white noise they would not be";
  EXPECT_EQ(probe_inputs(graph).at(0).data<float>()[7], values[7]) << "the same each time";
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // these reserve much more
constexpr std::uint64_t kInputBytes = std::uint64_t{3} * 2048 * 2048 * 4;

/// Ends the process: with 0 where the work needed no more than so many bytes.
[[noreturn]] void end_within(std::uint64_t bytes, const std::function<void()>& work) {
  const std::string status = load_text("/proc/self/status");
  const std::uint64_t data = std::stoull(status.substr(status.find("VmData:") + 7)) * 1024;
  const rlimit limit{data + bytes, data + bytes};
  ::setrlimit(RLIMIT_DATA, &limit);
  work();
  std::_Exit(0);
}

TEST(ProbeInputs, take_little_more_memory_than_they_hold) {
  const Graph graph = parse("(float[1,3,2048,2048] x) => (float[1,3,2048,2048] y) { y = Relu(x) }");
  EXPECT_EXIT(end_within(kInputBytes * 3 / 2, [&] { probe_inputs(graph); }),
              ::testing::ExitedWithCode(0), "");
}

TEST(CompareOutputs, takes_little_more_memory_than_the_outputs) {
  const Graph graph = parse("(float[1] x) => (float[1,3,2048,2048] y) { y = Relu(x) }");
  const Evaluator evaluate = [](const Graph&, const std::vector<Tensor>&) {
    std::vector<Tensor> outputs;
    outputs.emplace_back(DataType::f32, Shape{1, 3, 2048, 2048});
    return outputs;
  };
  const std::vector<Tensor> inputs = probe_inputs(graph);
  EXPECT_EXIT(
      end_within(kInputBytes * 5 / 2, [&] { compare_outputs(evaluate, graph, graph, inputs); }),
      ::testing::ExitedWithCode(0), "");
}
#endif

TEST(Simplify, gives_the_same_numbers_in_onnx_runtime) {
  TAMIS_NEEDS_RUNTIME("ort");
  Graph before = parse(kConvBn);
  Graph after = before;
  PassContext context;
  context.evaluate = ort_evaluator();
  simplify(after, context);
  require_same_outputs(compare_outputs(context.evaluate, before, after, probe_inputs(before)),
                       1e-6);
  Graph constants = parse(kConstants);
  simplify(constants, context);
  EXPECT_THAT(floats(*constants.constant(constants.producer("y")->input(1))),
              ElementsAre(-11, -22));
}

TEST(Simplify, keeps_the_outputs_of_yolov8n_and_resnet20) {
  TAMIS_NEEDS_RUNTIME("ort");
  auto folder = environment("TAMIS_SHARED");
  std::filesystem::path shared(folder ? *folder : std::string(TAMIS_SOURCE_DIR) + "/../shared");
  for (const char* name : {"data/detect/yolov8n.onnx", "data/classify/cifar10_resnet20.onnx"}) {
    if (!std::filesystem::exists(shared / name)) GTEST_SKIP() << (shared / name) << " is not there";
    Graph before = Graph::load(shared / name);
    Graph after = before;
    PassContext context;
    context.evaluate = ort_evaluator();
    PassLog log = simplify(after, context);
    EXPECT_LT(log.nodes_after, log.nodes_before);
    EXPECT_EQ(after.metadata(), before.metadata());
    Graph a = with_fixed_inputs(before, 1, std::nullopt);
    Graph b = with_fixed_inputs(after, 1, std::nullopt);
    require_same_outputs(compare_outputs(context.evaluate, a, b, probe_inputs(a)), 1e-6);
  }
}

}  // namespace
}  // namespace tamis
