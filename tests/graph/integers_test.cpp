#include "graph/integers.h"

#include <gtest/gtest.h>

#include <string>

#include "base/error.h"
#include "graph/graph.h"

namespace tamis {
namespace {

/// A model in which ONNX's own checks do not see the axes of a Slice, since a Reshape is before.
Graph sliced(const std::string& constants, const std::string& node) {
  return Graph::parse_text(R"(
<ir_version: 8, opset_import: ["" : 17]>
g (float[1] x) => (float[1] y)
<int64[6] values = {10, 11, 12, 13, 14, 15}, int64[2] form = {2, 3}, int64[1] flat = {-1}, )" +
                           constants + R"(>
{
  matrix = Reshape(values, form)
  )" + node + R"(
  y = Identity(x)
})");
}

std::vector<std::int64_t> values_of(const Graph& graph, const std::string& name) {
  const auto known = known_integers(graph);
  const auto found = known.find(name);
  return found == known.end() ? std::vector<std::int64_t>{} : ints(found->second);
}

constexpr const char* kSlice = "s = Slice(matrix, from, to, axes)";

TEST(KnownIntegers, cut_along_each_axis_once) {
  const Graph once = sliced("int64[2] from = {1, 1}, int64[2] to = {2, 3}, int64[2] read = {0, 1}",
                            std::string("axes = Reshape(read, flat) ") + kSlice);
  EXPECT_EQ(values_of(once, "s"), (std::vector<std::int64_t>{14, 15}));
}

TEST(KnownIntegers, take_a_slice_with_repeated_axes_for_unknown) {
  std::string ones = "1", twos = "2", zeros = "0";
  for (int i = 1; i < 500; ++i) ones += ",1", twos += ",2", zeros += ",0";
  const Graph graph = sliced("int64[500] from = {" + ones + "}, int64[500] to = {" + twos +
                                 "}, int64[500] read = {" + zeros + "}",
                             std::string("axes = Reshape(read, flat) ") + kSlice);
  EXPECT_TRUE(values_of(graph, "s").empty());
}

TEST(InferShapes, does_not_follow_values_that_onnx_could_not_hold) {
  const char* const kTexts[] = {
      // ONNX's own propagation reads outside of the value, or never ends.
      R"(<ir_version: 8, opset_import: ["" : 17]> g (float[N,8,H,W] x) => (int64[M] y)
<int64[1] zero = {0}, int64[1] two = {2}, int64[1] step = {4503599627370495}>
{ s = Shape(x) y = Slice(s, zero, two, zero, step) })",
      R"(<ir_version: 8, opset_import: ["" : 17]> g (float[N,8,H,W] x) => (int64[M] y)
<int64[1] zero = {0}, int64[1] from = {3}, int64[1] step = {-9223372036854775808}>
{ s = Shape(x) y = Slice(s, from, zero, zero, step) })",
      R"(<ir_version: 8, opset_import: ["" : 17]> g (float[N] x) => (int64[M] y)
<int64 zero = {0}, int64 many = {4000000000}, int64 one = {1}>
{ r = Range(zero, many, one) y = Add(r, one) })"};
  for (const char* text : kTexts) EXPECT_NO_THROW(Graph::parse_text(text).infer_shapes()) << text;
}

TEST(KnownIntegers, of_a_concat_that_doubles_stay_small) {
  std::string nodes = "c0 = Reshape(values, flat) ";
  for (int i = 1; i <= 16; ++i)
    nodes += "c" + std::to_string(i) + " = Concat<axis = 0>(c" + std::to_string(i - 1) + ", c" +
             std::to_string(i - 1) + ") ";
  const Graph graph = sliced("int64[1] unused = {0}", nodes);
  EXPECT_EQ(values_of(graph, "c4").size(), 96U);
  for (const auto& [name, tensor] : known_integers(graph)) EXPECT_LE(ints(tensor).size(), 4096U);
}

}  // namespace
}  // namespace tamis
