#include "passes/free_shapes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "graph/tensor_data.h"
#include "passes/size_probes.h"

namespace tamis {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A map of stride 2 of a picture of 8x8, and what follows.
Graph model(const std::string& body, const std::string& output = "float[n,a,b] y") {
  Graph graph = Graph::parse_text(
      R"(<ir_version: 8, opset_import: ["" : 17]> g (float[1,1,8,8] x) => ()" + output +
      R"() <float[1,1,2,2] w = {1,1,1,1}, int64[3] flat = {1,1,16}, float[1] bias = {1},
            int64[4] both = {1,1,4,4}, int64[3] areas = {1,2,8}>
        { m = Conv <strides = [2,2]> (x, w) )" +
      body + "}");
  return graph;
}

std::string refusal_of(Graph graph, Size size = {8, 8}) {
  try {
    free_shapes(graph, size);
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

void add_grid(Graph& graph, const Shape& shape, const std::vector<double>& values) {
  *graph.graph().add_initializer() = make_tensor("grid", onnx::TensorProto::FLOAT, shape, values);
  graph.reindex();
}

/// (x + .5, y + .5) of a map of 4x4, flattened.
std::vector<double> cells(double scale = 1) {
  std::vector<double> values;
  for (int i = 0; i < 16; ++i) values.push_back((i % 4 + .5) * scale);
  for (int i = 0; i < 16; ++i) values.push_back((i / 4 + .5) * scale);
  return values;
}

std::vector<std::int64_t> output_dims(const Graph& graph, const FreedShapes& freed, Size size) {
  const Graph fixed = fix_shapes(graph, freed, size);
  const TensorInfo output = fixed.outputs().at(0);
  std::vector<std::int64_t> dims;
  for (const auto& d : output.shape) dims.push_back(d.value_or(-1));
  return dims;
}

TEST(FreeShapes, opens_a_flattened_map_with_minus_one) {
  Graph graph = model("y = Reshape(m, flat)");
  const FreedShapes freed = free_shapes(graph, {8, 8});
  EXPECT_THAT(freed.replaced, ElementsAre(HasSubstr("Reshape")));
  EXPECT_THAT(output_dims(graph, freed, {4, 12}), ElementsAre(1, 1, 12));
}

TEST(FreeShapes, leaves_alone_what_follows_the_map_by_itself) {
  Graph graph = model("y = Relu(m)", "float[n,c,a,b] y");
  const FreedShapes freed = free_shapes(graph, {8, 8});
  EXPECT_TRUE(freed.replaced.empty());
  EXPECT_THAT(output_dims(graph, freed, {6, 12}), ElementsAre(1, 1, 3, 6));
}

TEST(FreeShapes, does_nothing_twice) {
  Graph graph = model("y = Reshape(m, flat)");
  free_shapes(graph, {8, 8});
  const std::string once = graph.to_bytes();
  EXPECT_TRUE(free_shapes(graph, {8, 8}).replaced.empty());
  EXPECT_EQ(graph.to_bytes(), once);
}

TEST(FreeShapes, restores_height_and_width_in_their_order) {
  Graph graph = model("f = Reshape(m, flat) y = Reshape(f, both)", "float[n,c,a,b] y");
  const FreedShapes freed = free_shapes(graph, {8, 8});
  EXPECT_EQ(freed.stride, 2);
  EXPECT_EQ(freed.replaced.size(), 2U);
}

// YOLO12's attention: flattened positions in two areas of whatever size, and back to the map.
TEST(FreeShapes, cuts_flattened_positions_into_a_fixed_number_of_areas) {
  Graph graph = model(R"(
    f = Reshape (m, flat)
    a = Reshape (f, areas)
    s = Softmax <axis = 2> (a)
    b = Reshape (s, flat)
    back = Reshape (b, both)
    y = Add (m, back))",
                      "float[n,c,a,b] y");
  const FreedShapes freed = free_shapes(graph, {8, 8});
  EXPECT_THAT(output_dims(graph, freed, {16, 24}), ElementsAre(1, 1, 8, 12));
  Graph fixed = fix_shapes(graph, freed, {16, 24});
  EXPECT_EQ(fixed.static_shape("a"), (Shape{1, 2, 48}));
}

TEST(FreeShapes, computes_a_grid_of_cells) {
  Graph graph = model("f = Reshape(m, flat) y = Add(f, grid)");
  add_grid(graph, {1, 2, 16}, cells());
  const FreedShapes freed = free_shapes(graph, {8, 8});
  EXPECT_EQ(freed.replaced.size(), 2U);
  EXPECT_EQ(freed.stride, 2);
  EXPECT_EQ(graph.nodes_of("Range").size(), 2U);
  EXPECT_FALSE(graph.is_constant("grid"));
}

TEST(FreeShapes, keeps_one_value_for_all_positions_of_a_level) {
  Graph graph = model("f = Reshape(m, flat) y = Mul(f, grid)");
  add_grid(graph, {1, 16}, std::vector<double>(16, 2.0));
  const FreedShapes freed = free_shapes(graph, {8, 8});
  EXPECT_EQ(graph.nodes_of("Range").size(), 0U);
  EXPECT_EQ(freed.replaced.size(), 2U);
}

TEST(FreeShapes, refuses_learned_positions_and_names_the_node) {
  Graph graph = model("f = Reshape(m, flat) y = Add(f, grid)");
  std::vector<double> learned;
  for (int i = 0; i < 16; ++i) learned.push_back(i * i % 7);
  add_grid(graph, {1, 1, 16}, learned);
  const std::string before = graph.to_bytes();
  EXPECT_THAT(refusal_of(graph), HasSubstr("its values belong to the positions"));
  EXPECT_EQ(graph.to_bytes(), before);
}

TEST(FreeShapes, refuses_positions_as_fractions_of_the_picture) {
  Graph graph = model("f = Reshape(m, flat) y = Add(f, grid)");
  add_grid(graph, {1, 2, 16}, cells(0.25));
  EXPECT_THAT(refusal_of(graph), HasSubstr("fractions of the image"));
}

TEST(FreeShapes, refuses_a_fully_connected_layer_behind_a_map) {
  Graph graph = model("f = Flatten(m) y = Gemm(f, grid)", "float[n,k] y");
  add_grid(graph, {16, 3}, std::vector<double>(48, 1.0));
  EXPECT_THAT(refusal_of(graph), HasSubstr("Gemm"));
  EXPECT_THAT(refusal_of(graph), HasSubstr("a layer over the whole map"));
}

TEST(FreeShapes, takes_a_fully_connected_layer_behind_a_global_pool) {
  Graph graph = model("p = AveragePool <kernel_shape = [4,4]> (m) f = Flatten(p) y = Gemm(f, grid)",
                      "float[n,k] y");
  add_grid(graph, {1, 3}, {1, 2, 3});
  const FreedShapes freed = free_shapes(graph, {8, 8});
  EXPECT_EQ(graph.nodes_of("GlobalAveragePool").size(), 1U);
  EXPECT_THAT(output_dims(graph, freed, {12, 16}), ElementsAre(1, 3));
}

TEST(FreeShapes, says_which_sizes_the_stride_allows) {
  Graph graph = model("f = Reshape(m, flat) y = Add(f, grid)");
  add_grid(graph, {1, 2, 16}, cells());
  const FreedShapes freed = free_shapes(graph, {8, 8});
  try {
    fix_shapes(graph, freed, {7, 12});
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::invalid_argument);
    EXPECT_THAT(e.what(), HasSubstr("must be multiples of 2"));
    EXPECT_THAT(e.what(), HasSubstr("8x12"));
  }
}

TEST(SizeFormula, goes_through_all_probes_or_is_absent) {
  const Size size{640, 320};
  DimProbe anchors, odd;
  for (std::size_t p = 0; p < kSizeProbes; ++p) {
    const std::int64_t h = 640 * kProbeFactors[p][0], w = 320 * kProbeFactors[p][1];
    anchors[p] = h / 8 * (w / 8) + h / 16 * (w / 16) + h / 32 * (w / 32);
    odd[p] = h * h;
  }
  const auto formula = fit_formula(anchors, size);
  ASSERT_TRUE(formula);
  EXPECT_EQ(formula->area, 21);
  EXPECT_EQ(formula->divisor, 1024);
  EXPECT_EQ(formula->stride, 32);
  EXPECT_FALSE(fit_formula(odd, size));
}

}  // namespace
}  // namespace tamis
