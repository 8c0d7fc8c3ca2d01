#include "graph/memory_need.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/inspect.h"

namespace tamis {
namespace {

using ::testing::HasSubstr;

Graph graph_of(const std::string& input, const std::string& constants, const std::string& body) {
  Graph graph = Graph::parse_text(R"(<ir_version: 8, opset_import: ["" : 17]>
    g (float[)" + input + "] x) => (float[] y) <" +
                                  constants + "> {" + body + "}");
  graph.infer_shapes();
  return graph;
}

/// "float[2,8] w = {0,0,…}"
std::string weights(const std::string& declared, std::size_t count) {
  std::string text = declared + " = {0";
  while (--count > 0) text += ",0";
  return text + "}";
}

std::string two_weights() {
  return weights("float[8,1,3,3] w", 72) + ", " + weights("float[2,8,1,1] v", 16);
}

const char* const kTwoConvolutions = R"(
  [wide] a = Conv <pads = [1,1,1,1]> (x, w)
  r = Relu (a)
  [narrow] b = Conv (r, v)
  y = GlobalAveragePool (b))";

// By hand: w 288, v 64, x 100 * 100 * 4, y 2 * 4; "wide" makes 8 * 100 * 100 * 4 of x, "narrow" has
// these as r and 2 * 100 * 100 * 4 of its own.
TEST(LeastMemory, is_weights_ports_and_the_layer_that_holds_the_most) {
  const Graph graph = graph_of("1,1,100,100", two_weights(), kTwoConvolutions);
  const MemoryNeed need = least_memory(graph);
  EXPECT_EQ(need.bytes, 288U + 64 + 40'000 + 8 + 320'000 + 80'000);
  EXPECT_EQ(need.layer, "Conv \"narrow\"");
}

TEST(LeastMemory, is_of_the_size_that_open_sides_get) {
  const Graph graph = graph_of("N,1,H,W", two_weights(), kTwoConvolutions);
  EXPECT_EQ(least_memory(graph).bytes, 288U + 64);
  EXPECT_EQ(least_memory(with_known_shapes(graph, Size{100, 100})).bytes, 440'360U);
  const Json described = inspect_model(graph, Size{100, 100}).at("least_memory");
  EXPECT_EQ(described.at("bytes"), 440'360U);
}

TEST(LeastMemory, counts_one_byte_a_float_where_layers_may_run_in_int8) {
  const Graph graph = graph_of(
      "1,1,100,100", "float s = {0.5}, uint8 z = {0}, " + weights("float[8,1,1,1] w", 8), R"(
    q = QuantizeLinear (x, s, z)
    d = DequantizeLinear (q, s, z)
    a = Conv (d, w)
    y = GlobalAveragePool (a))");
  EXPECT_EQ(least_memory(graph).bytes, 4U + 1 + 32 + 40'000 + 32 + 10'000 + 80'000);
}

TEST(LeastMemory, counts_what_grows_and_nothing_that_may_work_in_place_or_is_not_read) {
  const std::string shape = "int64[4] big = {1, 1000, 100, 100}";
  const Graph grown = graph_of("1,1,100,100", shape, R"(
    [grow] e = Expand (x, big)
    r = Relu (e)
    y = GlobalAveragePool (r))");
  EXPECT_EQ(least_memory(grown).bytes, 40'000U + 32 + 4'000 + 40'000'000);
  EXPECT_THAT(least_memory(grown).layer, HasSubstr("grow"));
  const Graph unread = graph_of("1,1,100,100", shape, R"(
    e = Expand (x, big)
    s = Shape (e)
    u = Expand (x, big)
    y = Relu (x))");
  EXPECT_EQ(least_memory(unread).bytes, 40'000U + 32 + 40'000);
}

TEST(LeastMemory, does_not_wrap) {
  const Graph graph =
      graph_of("1,100,100000,100000000000", "int64[4] big = {100, 100, 100000, 100000000000}", R"(
    e = Expand (x, big)
    y = Expand (x, big))");
  EXPECT_GE(least_memory(graph).bytes, std::uint64_t{1} << 60);
}

}  // namespace
}  // namespace tamis
