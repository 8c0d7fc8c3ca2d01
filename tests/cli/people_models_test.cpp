// Models as people have them: other element types, orders, inputs and outputs than our own.
#include "cli/cli.h"
#include "graph/graph.h"

namespace tamis::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

class PeopleModels : public Cli {
 protected:
  void SetUp() override { TAMIS_NEEDS_ORT(); }

  static void add(Graph& graph, const std::string& name, const Shape& shape) {
    std::vector<double> values(static_cast<std::size_t>(element_count(shape)));
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] = static_cast<double>(i * 37 % 101) / 101 - 0.5;
    *graph.graph().add_initializer() = make_tensor(name, onnx::TensorProto::FLOAT, shape, values);
    graph.reindex();
  }

  /// A classifier of grey pictures of any size.
  std::string any_size(const std::string& sides) const {
    Graph graph = Graph::parse_text(R"(<ir_version: 8, opset_import: ["" : 17]>
      g (float[n,1,)" + sides + R"(] x) => (float[n,10] y) {
        c = Conv <pads = [1,1,1,1]> (x, w)
        r = Relu (c)
        p = GlobalAveragePool (r)
        f = Flatten (p)
        y = MatMul (f, v) })");
    add(graph, "w", {16, 1, 3, 3});
    add(graph, "v", {16, 10});
    graph.save(path("any.onnx"));
    return file("any.onnx");
  }

  /// The demo model in half precision throughout, its card beside it.
  std::string demo_in_half() const {
    Graph graph = Graph::load(demo_model());
    for (auto& tensor : *graph.graph().mutable_initializer())
      if (tensor.data_type() == onnx::TensorProto::FLOAT)
        tensor = make_tensor(tensor.name(), onnx::TensorProto::FLOAT16, shape_of(tensor),
                             doubles(tensor));
    for (auto* values : {graph.graph().mutable_input(), graph.graph().mutable_output()})
      for (auto& value : *values)
        value.mutable_type()->mutable_tensor_type()->set_elem_type(onnx::TensorProto::FLOAT16);
    graph.graph().clear_value_info();
    graph.reindex();
    graph.save(path("half.onnx"));
    fs::copy_file(fs::path(demo_model()).replace_extension(".card.yaml"), path("half.card.yaml"));
    return file("half.onnx");
  }

  Json document(const Arguments& arguments) const {
    Arguments all = arguments;
    all.emplace_back("--json");
    Ended ended = run(all);
    EXPECT_EQ(ended.status, 0) << ended.err;
    return ended.status == 0 ? Json::parse(ended.out) : Json::object();
  }
  const Arguments unit_{"--mean", "0", "--std", "1"};
  Arguments with_unit(Arguments arguments) const {
    arguments.insert(arguments.end(), unit_.begin(), unit_.end());
    return arguments;
  }
};

TEST_F(PeopleModels, with_one_name_for_two_open_sides_take_different_ones) {
  Ended ended = run(with_unit({"eval", any_size("S,S"), "--data", tiny_data(20), "--input-size",
                               "24x48", "--threads", "1"}));
  EXPECT_EQ(ended.status, 0) << ended.err;
}

TEST_F(PeopleModels, without_a_card_take_the_size_that_is_said) {
  const std::string model = any_size("H,W");
  EXPECT_EQ(
      run({"apply", model, "--step", "simplify", "--input-size", "24x48", "--out", file("s.onnx")})
          .status,
      0);
  EXPECT_THAT(refusal({"apply", model, "--step", "simplify", "--out", file("s.onnx")}, 2),
              HasSubstr("--input-size"));
  Ended dynamic = run({"quantize", model, "--precision", "int8-dynamic", "--input-size", "24x48",
                       "--out", file("q.onnx")});
  EXPECT_EQ(dynamic.status, 0) << dynamic.err;
  EXPECT_TRUE(fs::exists(path("q.onnx")));
}

TEST_F(PeopleModels, in_half_precision_are_evaluated_and_quantised) {
  const std::string half = demo_in_half(), data = tiny_data();
  const Json whole = document({"eval", demo_model(), "--data", data, "--threads", "1"});
  const Json found = document({"eval", half, "--data", data, "--threads", "1"});
  EXPECT_NEAR(found.value("value", -1.0), whole.value("value", -2.0), 2.0 / 60);
  const Json made = document({"quantize", half, "--data", data, "--trust-model", "--corrections",
                              "none", "--out", file("q.onnx")});
  EXPECT_GT(made.value("quantised_nodes", 0), 0) << made;
  EXPECT_EQ(Graph::load(path("q.onnx")).inputs()[0].type, DataType::f16);
  const Json after = document({"eval", file("q.onnx"), "--data", data, "--threads", "1"});
  EXPECT_NEAR(after.value("value", -1.0), whole.value("value", -2.0), 0.1);
  const Json card = document({"inspect", half}).value("card", Json::object());
  EXPECT_EQ(card.at("input").value("type", ""), "f16");
}

TEST_F(PeopleModels, have_further_inputs_held_at_constants) {
  Graph graph = Graph::parse_text(R"(<ir_version: 8, opset_import: ["" : 17]>
    g (float[1,1,28,28] x, int64[N,2] sizes) => (float[1,10] y) {
      f = Flatten (x)
      m = MatMul (f, v)
      r = Cast <to = 1> (sizes)
      s = ReduceMax <keepdims = 1> (r)
      y = Mul (m, s) })");
  add(graph, "v", {784, 10});
  graph.save(path("two.onnx"));
  const Arguments eval =
      with_unit({"eval", file("two.onnx"), "--data", tiny_data(20), "--threads", "1"});
  EXPECT_THAT(refusal(eval, 5), AllOf(HasSubstr("2 inputs (x [1,1,28,28], sizes [?,2])"),
                                      HasSubstr("--hold-input sizes=VALUES")));
  EXPECT_THAT(refusal({"bench", file("two.onnx"), "--budget", "1s"}, 5),
              AllOf(HasSubstr("two.onnx"), HasSubstr("--hold-input sizes=VALUES")));
  Arguments held = eval;
  held.insert(held.end(), {"--hold-input", "sizes=28,28"});
  Ended ended = run(held);
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_THAT(ended.err, HasSubstr("two.onnx: the input \"sizes\" is held at 28,28"));
  Ended applied = run({"apply", file("two.onnx"), "--step", "simplify", "--hold-input",
                       "sizes=28,28", "--out", file("one.onnx")});
  EXPECT_EQ(applied.status, 0) << applied.err;
  EXPECT_EQ(Graph::load(path("one.onnx")).inputs().size(), 1U);
  const Json held_card = document({"inspect", file("one.onnx"), "--mean", "0", "--std", "1"});
  EXPECT_EQ(held_card.at("card").value("hold", Json()), Json());  // no card said it of this file
  for (const char* text : {"sizes", "sizes=1,x"})
    EXPECT_THAT(run({"bench", file("two.onnx"), "--hold-input", text, "--budget", "1s"}).err,
                HasSubstr("--hold-input"))
        << text;
}

TEST_F(PeopleModels, have_further_inputs_held_by_their_cards) {
  Graph graph = Graph::parse_text(R"(<ir_version: 8, opset_import: ["" : 17]>
    g (float[1,1,28,28] x, int64[N,2] sizes, float[1] gain) => (float[1,10] y) {
      f = Flatten (x)
      m = MatMul (f, v)
      r = Cast <to = 1> (sizes)
      s = ReduceMax <keepdims = 1> (r)
      p = Mul (m, s)
      y = Mul (p, gain) })");
  add(graph, "v", {784, 10});
  graph.save(path("three.onnx"));
  const std::string card = "input: {mean: 0, std: 1}\nhold: {sizes: [28, 28], gain: 0.5}\n";
  save_file(path("three.card.yaml"), std::string_view(card));
  const Json found = document({"inspect", file("three.onnx")});
  EXPECT_EQ(found.at("inputs").size(), 1U);
  EXPECT_EQ(found.at("card").at("hold"), (Json{{"gain", {0.5}}, {"sizes", {28, 28}}}));
  EXPECT_THAT(run({"inspect", file("three.onnx")}).out, HasSubstr("{\"gain\":[0.5]"));
  const Ended made =
      run({"quantize", file("three.onnx"), "--data", tiny_data(20), "--out", file("q.onnx"),
           "--hold-input", "gain=2", "--corrections", "none", "--trust-model"});
  ASSERT_EQ(made.status, 0) << made.err;
  EXPECT_THAT(made.err, HasSubstr("the input \"gain\" is held at 2"));
  EXPECT_EQ(Graph::load(path("q.onnx")).inputs().size(), 1U);
  const Json card_of_made = document({"inspect", file("q.onnx")}).at("card");
  EXPECT_EQ(card_of_made.at("hold"), (Json{{"gain", {2}}, {"sizes", {28, 28}}}));
  EXPECT_EQ(run({"eval", file("q.onnx"), "--data", tiny_data(20), "--threads", "1"}).status, 0);
  EXPECT_THAT(refusal({"inspect", file("q.onnx"), "--hold-input", "gain=3"}, 2),
              HasSubstr("the model holds it at 2 already"));
  save_file(path("three.card.yaml"), std::string_view(card + "labels: [a\n"));
  EXPECT_THAT(run({"inspect", file("three.onnx")}).out, HasSubstr("not YAML"));
  save_file(path("three.card.yaml"), std::string_view("hold: {sizes: many, gain: 1}\n"));
  EXPECT_THAT(run({"inspect", file("three.onnx")}).out,
              HasSubstr("hold: sizes: expected a number"));
  save_file(path("three.card.yaml"), std::string_view("hold: {size: 1}\n"));
  EXPECT_THAT(refusal({"inspect", file("three.onnx")}, 2),
              HasSubstr("the model has no such input; it has x, sizes, gain"));
}

TEST_F(PeopleModels, whose_outputs_nobody_reads_are_changed_and_quantised) {
  Graph graph = Graph::parse_text(R"(<ir_version: 8, opset_import: ["" : 17]>
    g (float[n,1,H,W] x) => (float[n,1,H,W] y) {
      c = Conv <pads = [1,1,1,1]> (x, w)
      r = Relu (c)
      d = Conv <pads = [1,1,1,1]> (r, v)
      y = Sigmoid (d) })");
  add(graph, "w", {8, 1, 3, 3});
  add(graph, "v", {1, 8, 3, 3});
  graph.save(path("map.onnx"));
  const std::string data = tiny_data(20);
  const auto with = [&](Arguments arguments) {
    arguments.insert(arguments.end(), {"--input-size", "24x32", "--decoder", "none"});
    return with_unit(arguments);
  };
  const Arguments quantize{"quantize", file("map.onnx"), "--data", data, "--out", file("q.onnx")};
  Arguments without = with_unit(quantize);
  without.insert(without.end(), {"--input-size", "24x32"});
  EXPECT_THAT(refusal(without, 2), HasSubstr("with --decoder none Tamis can change"));
  const Json made = document(with(quantize));
  EXPECT_EQ(made.value("quantised_nodes", 0), 2) << made;
  for (const Json& check : made.at("checks"))
    EXPECT_EQ(check.at("outputs").at(0).at("axis_from"), "shape");
  EXPECT_EQ(document({"inspect", file("q.onnx")}).at("card").value("task", ""), "none");
  EXPECT_EQ(
      run(with({"apply", file("map.onnx"), "--step", "simplify,fp16", "--out", file("h.onnx")}))
          .status,
      0);
  for (const Arguments& judged :
       {Arguments{"eval", file("q.onnx"), "--data", data},
        Arguments{"optimize", file("q.onnx"), "--data", data, "--out", file("out")}})
    EXPECT_THAT(refusal(judged, 5), HasSubstr("the card says decoder none"));
  EXPECT_THAT(run({"inspect", file("map.onnx")}).out,
              HasSubstr("at least 0 G (2 nodes whose size"));
}

TEST_F(PeopleModels, whose_outputs_have_as_many_rows_as_are_found_are_refused_for_that) {
  Graph::parse_text(R"(<ir_version: 8, opset_import: ["" : 17]>
    g (float[1,1,28,28] x) => (int64[4,found] y) { y = NonZero (x) })")
      .save(path("rows.onnx"));
  const std::string model = file("rows.onnx"), data = tiny_data(20);
  for (const Arguments& arguments :
       {with_unit({"eval", model, "--data", data}), Arguments{"bench", model, "--budget", "1s"},
        Arguments{"apply", model, "--step", "simplify", "--out", file("a.onnx")},
        with_unit({"quantize", model, "--data", data, "--out", file("b.onnx")}),
        with_unit({"optimize", model, "--data", data, "--out", file("out")})})
    EXPECT_THAT(refusal(arguments, 5), HasSubstr("depends on what the image holds (NonZero"));
  EXPECT_THAT(run({"inspect", model}).out, HasSubstr("cannot run"));
}

TEST_F(PeopleModels, with_weights_among_the_inputs_are_folded_and_it_is_said_once) {
  Graph graph = Graph::load(any_size("28,28"));
  onnx::ModelProto model = graph.proto();
  for (const auto& tensor : graph.graph().initializer()) {
    auto& input = *model.mutable_graph()->add_input();
    input.set_name(tensor.name());
    auto& type = *input.mutable_type()->mutable_tensor_type();
    type.set_elem_type(tensor.data_type());
    for (std::int64_t side : tensor.dims()) type.mutable_shape()->add_dim()->set_dim_value(side);
  }
  save_file(path("listed.onnx"), std::string_view(model.SerializeAsString()));
  const std::string note = "2 weights that the file also lists as inputs are treated as constants";
  Ended ended = run(
      {"quantize", file("listed.onnx"), "--precision", "int8-dynamic", "--out", file("q.onnx")});
  EXPECT_EQ(ended.status, 0) << ended.err;
  const std::size_t first = ended.err.find(note);
  EXPECT_NE(first, std::string::npos) << ended.err;
  EXPECT_EQ(ended.err.find(note, first + 1), std::string::npos) << ended.err;
}

// OpenVINO loads no BatchNormalization with f16 data and f32 statistics.
TEST_F(PeopleModels, with_a_batch_normalisation_run_in_half_precision_everywhere) {
  Graph graph = Graph::parse_text(R"(<ir_version: 8, opset_import: ["" : 17]>
    g (float[1,1,28,28] x) => (float[1,10] y)
    <float[1] s = {1.5}, float[1] b = {0.5}, float[1] m = {0.25}, float[1] v = {2}> {
      n = BatchNormalization (x, s, b, m, v)
      r = Relu (n)
      f = Flatten (r)
      y = MatMul (f, w) })");
  add(graph, "w", {784, 10});
  graph.save(path("norm.onnx"));
  const Json made =
      document({"apply", file("norm.onnx"), "--step", "fp16", "--out", file("h.onnx")});
  EXPECT_TRUE(made.value("refused", Json()).empty()) << made;
}

}  // namespace
}  // namespace tamis::testing
