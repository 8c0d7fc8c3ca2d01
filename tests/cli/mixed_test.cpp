#include <algorithm>

#include "cli/search.h"
#include "graph/graph.h"
#include "graph/tensor_data.h"

namespace tamis::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

void scale(Graph& graph, const std::string& name, double factor,
           const std::function<bool(std::size_t)>& where) {
  onnx::TensorProto& tensor = *graph.initializer(name);
  std::vector<double> values = doubles(tensor);
  for (std::size_t i = 0; i < values.size(); ++i)
    if (where(i)) values[i] *= factor;
  Shape shape(tensor.dims().begin(), tensor.dims().end());
  tensor = make_tensor(name, onnx::TensorProto::FLOAT, shape, values);
}

/// Behind that normalisation. It keeps all values, and channels are not equalised through it.
void clip_instead_of_relu(Graph& graph, const std::string& bias) {
  onnx::NodeProto* relu = graph.only_consumer(graph.only_consumer(bias)->output(0));
  ASSERT_EQ(relu->op_type(), "Relu");
  const std::string low = graph.add_initializer("low", Shape{}, std::vector<float>{0});
  const std::string clipped = graph.add_node({"Clip", {relu->input(0), low}}).output(0);
  graph.replace_uses(relu->output(0), clipped);
  graph.remove_dead();
  graph.sort();
}

/// The first, whose errors the ones behind it do not forgive.
const std::string kBlock = "blocks.0";

/// One channel between the two convolutions of the block is far larger than the others, and is made
/// smaller again in the second.
void plant(Graph& graph, const std::string& block) {
  constexpr double kFactor = 5000;
  constexpr std::size_t kWeightsPerInput = 9;
  const std::vector<double> bias = doubles(*graph.initializer(block + ".bn1.bias"));
  const auto channel =
      static_cast<std::size_t>(std::max_element(bias.begin(), bias.end()) - bias.begin());
  const auto is_channel = [&](std::size_t i) { return i == channel; };
  scale(graph, block + ".bn1.weight", kFactor, is_channel);
  scale(graph, block + ".bn1.bias", kFactor, is_channel);
  scale(graph, block + ".conv2.weight", 1 / kFactor,
        [&](std::size_t i) { return i / kWeightsPerInput % bias.size() == channel; });
  clip_instead_of_relu(graph, block + ".bn1.bias");
}

/// The demo model, where one channel between two convolutions is far larger than the others and is
/// made smaller again in the second: in float it is the same, in 8 bits the other channels are
/// lost.
class MixedPrecision : public Search {
 protected:
  void SetUp() override {
    Search::SetUp();
    if (IsSkipped()) return;
    Graph graph = Graph::load(demo_model());
    plant(graph, kBlock);
    graph.save(path("planted.onnx"));
    fs::copy_file(fs::path(demo_model()).replace_extension(".card.yaml"),
                  path("planted.card.yaml"));
  }

  /// FP32 files are too large for the gate on size, so that nothing hangs on how fast they are.
  Ended search(const Arguments& more = {}) const {
    Arguments all{"optimize",     file("planted.onnx"),
                  "--data",       file("data"),
                  "--out",        file("out"),
                  "--backend",    "ort",
                  "--threads",    "1",
                  "--confidence", "50%",
                  "--budget",     "120s",
                  "--precision",  "int8-static",
                  "--form",       "ort",
                  "--json",       "--max-size",
                  "330kB",        "--graph-level",
                  "all",          "--max-drop",
                  "20%"};
    all.insert(all.end(), more.begin(), more.end());
    return run(all);
  }
};

Json row(const Json& result, const Json& id) {
  for (const Json& v : result.at("variants"))
    if (v.at("id") == id) return v;
  return Json();
}

TEST_F(MixedPrecision, gives_back_the_layers_that_collapse) {
  Ended ended = search();
  ASSERT_EQ(ended.status, 0) << ended.err;
  EXPECT_THAT(ended.err, HasSubstr("keeping some layers in FP32; 12 ranked with"));
  Json result = document("out/result.json"), pick = row(result, result.at("pick"));
  const Json& layers = pick.at("given_back").at("layers");
  ASSERT_GE(layers.size(), 2U);
  EXPECT_EQ(layers.at(0).at("node"), kBlock + ".conv1");
  EXPECT_EQ(layers.at(1).at("node"), kBlock + ".conv2");
  EXPECT_TRUE(layers.at(0).at("only_together").get<bool>());
  EXPECT_THAT(layers.at(0).at("reason").get<std::string>(), HasSubstr("dB at the output (with 1"));
  EXPECT_THAT(result.at("reasons").dump(), HasSubstr("layers kept in FP32: " + kBlock + ".conv1"));
  EXPECT_THAT(pick.at("name").get<std::string>(),
              HasSubstr(std::to_string(layers.size()) + " layers in FP32"));
  EXPECT_GT(pick.at("accuracy").at("value").get<double>(), 0.8);
  for (const Json& v : result.at("variants")) {
    if (v.at("id") == result.at("baseline")) continue;
    std::size_t count = v.at("given_back").is_null() ? 0 : v.at("given_back").at("layers").size();
    // Those that are slower than one that keeps the gate are not looked at.
    if (count < 2) {
      EXPECT_THAT(v.at("failure").value("text", ""), HasSubstr("SNR")) << v;
    } else if (v.at("state") != "screened_out") {
      EXPECT_EQ(v.at("gate"), "met") << v;
    }
  }
  if (referee_missing().empty()) {
    EXPECT_EQ(schema_faults("result", load_text(path("out/result.json"))), "");
  }

  // The pick is none of the grid's; it is handed over again all the same.
  std::string model = load_text(path("out/model.onnx"));
  Json run_before = document("out/run.json");
  fs::remove(path("out/model.onnx"));
  fs::remove_all(path("cache"));
  ASSERT_EQ(search().status, 0);
  EXPECT_EQ(load_text(path("out/model.onnx")), model);
  EXPECT_EQ(document("out/run.json"), run_before);
}

TEST_F(MixedPrecision, gives_nothing_back_where_none_is_asked_for) {
  EXPECT_EQ(search({"--float-layers", "0"}).status, 10);
  EXPECT_EQ(document("out/result.json").at("variants").size(), 2U);
}

TEST_F(MixedPrecision, quantize_gives_back_so_many_as_asked_for) {
  auto quantize = [&](const Arguments& more) {
    Arguments all{"quantize", file("planted.onnx"), "--data", file("data"),   "--for", "ort",
                  "--out",    file("q.onnx"),       "--json", "--trust-model"};
    all.insert(all.end(), more.begin(), more.end());
    return run(all);
  };
  EXPECT_THAT(quantize({}).err, HasSubstr("no runtime executes the result correctly"));
  Ended mixed = quantize({"--float-layers", "2"});
  ASSERT_EQ(mixed.status, 0) << mixed.err;
  std::string kept = parse_json(mixed.out, "stdout").at("kept_in_float").dump();
  EXPECT_THAT(kept, HasSubstr(R"({"node":")" + kBlock + R"(.conv1","reason":"kept in FP32: +)"));
  EXPECT_THAT(kept, HasSubstr(R"({"node":")" + kBlock + R"(.conv2","reason":"kept in FP32: +)"));
  Ended named = quantize({"--keep-float", kBlock + ".conv1," + kBlock + ".conv2"});
  EXPECT_EQ(parse_json(named.out, "stdout").at("quantised_nodes"), 10) << named.err;
  EXPECT_THAT(quantize({"--float-layers", "12"}).err, HasSubstr("leave no layer in INT8"));
  EXPECT_THAT(quantize({"--keep-float", "nowhere"}).err, HasSubstr("no node is called 'nowhere'"));
}

}  // namespace
}  // namespace tamis::testing
