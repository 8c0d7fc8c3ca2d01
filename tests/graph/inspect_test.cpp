#include "graph/inspect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/error.h"
#include "base/files.h"
#include "graph/integers.h"

namespace tamis {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr const char* kDynamic = R"(
<ir_version: 8, opset_import: ["" : 17], producer_name: "test">
g (float[N,3,H,W] x) => (float[N,A,B] y)
<int64[3] to = {0, 8, -1}>
{
  c = Conv <pads = [1,1,1,1], strides = [2,2]> (x, w)
  y = Reshape(c, to)
})";

Graph dynamic_graph() {
  Graph graph = Graph::parse_text(kDynamic);
  *graph.graph().add_initializer() =
      make_tensor("w", onnx::TensorProto::FLOAT, {8, 3, 3, 3}, std::vector<double>(216, 0.5));
  graph.reindex();
  return graph;
}

std::filesystem::path shared(const std::string& name) {
  auto folder = environment("TAMIS_SHARED");
  return std::filesystem::path(folder ? *folder : std::string(TAMIS_SOURCE_DIR) + "/../shared") /
         "data" / name;
}

TEST(Inspect, counts_macs_and_parameters) {
  Json json = inspect_model(dynamic_graph(), Size{32, 64});
  EXPECT_EQ(json["macs"], 8 * 16 * 32 * 27);
  EXPECT_EQ(json["parameters"], 216);
  EXPECT_EQ(json["operators"], (Json{{"Conv", 1}, {"Reshape", 1}}));
  EXPECT_EQ(json["opsets"]["ai.onnx"], 17);
  EXPECT_EQ(json["producer"], "test");
  EXPECT_EQ(json["inputs"][0]["shape"], (Json{"N", 3, "H", "W"}));
  EXPECT_THAT(json["dynamic"].get<std::vector<std::string>>(), ::testing::Contains("input x: H"));
}

TEST(Inspect, says_which_nodes_macs_are_unknown) {
  MacCount count = count_macs(dynamic_graph());
  EXPECT_EQ(count.total, 0);
  EXPECT_THAT(count.unknown, ElementsAre("Conv that makes \"c\""));
}

TEST(Inspect, finds_dimensions_that_do_not_depend_on_the_size) {
  ModelDescription description = describe_model(dynamic_graph());
  EXPECT_EQ(description.outputs[0].shape, (PartialShape{std::nullopt, 8, std::nullopt}));
  EXPECT_THAT(description.last_operators, ElementsAre("Reshape"));
}

TEST(Inspect, fixes_dynamic_inputs) {
  Graph fixed = with_fixed_inputs(dynamic_graph(), 2, Size{32, 64});
  EXPECT_EQ(fixed.inputs()[0].shape, (PartialShape{2, 3, 32, 64}));
  EXPECT_EQ(fixed.outputs()[0].shape, (PartialShape{2, 8, 512}));
  EXPECT_THROW(with_fixed_inputs(dynamic_graph(), 2, std::nullopt), Error);
}

// The chain that PyTorch 1.13 writes for F.pad: the last dimension's pair first, so it is reversed
// and transposed.
TEST(KnownIntegers, follows_the_pad_chain_of_pytorch) {
  Graph graph = Graph::parse_text(R"(
<ir_version: 8, opset_import: ["" : 17]>
g (float[N,2,4,4] x) => (float[N,A,B,C] y)
<int64[2] given = {3, 5}, int64[1] six = {6}, int64[2] pairs = {-1, 2}, int64[1] last = {-1},
 int64[1] lowest = {-9223372036854775807}, int64[1] zero = {0}, int64[1] flat = {-1}>
{
  zeros = ConstantOfShape <value = int64[1] {0}> (six)
  all = Concat <axis = 0> (given, zeros)
  table = Reshape(all, pairs)
  back = Slice(table, last, lowest, zero, last)
  turned = Transpose <perm = [1,0]> (back)
  pads = Reshape(turned, flat)
  y = Pad(x, pads)
})");
  graph.infer_shapes();
  auto known = known_integers(graph);
  EXPECT_THAT(ints(known.at("pads")), ElementsAre(0, 0, 0, 3, 0, 0, 0, 5));
  EXPECT_THAT(shape_of(known.at("turned")), ElementsAre(2, 4));
}

struct RealModel {
  const char* file;
  std::int64_t macs;  // of thop 0.1.1 at batch 1, without bias and batch norm, where published;
                      // else Conv + MatMul sums
  std::int64_t classes;
};

TEST(Inspect, knows_the_macs_of_real_models) {
  for (const RealModel& model :
       {RealModel{"classify/cifar10_resnet20.onnx", 40551040, 10},
        RealModel{"classify/mobilenet_v2_1.0_224.onnx", 300774272, 1000}}) {
    if (!std::filesystem::exists(shared(model.file)))
      GTEST_SKIP() << shared(model.file) << " is not there";
    Graph graph = Graph::load(shared(model.file));
    MacCount count = count_macs(graph, std::nullopt);
    EXPECT_EQ(count.total, model.macs) << model.file;
    EXPECT_LT(count.products, count.total / 50) << model.file;
    EXPECT_THAT(count.unknown, IsEmpty());
    EXPECT_EQ(describe_model(graph).outputs[0].shape[1], model.classes);
  }
}

}  // namespace
}  // namespace tamis
