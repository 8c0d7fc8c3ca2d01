#include "passes/stem_space_to_depth.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/attributes.h"
#include "graph/tensor_data.h"

namespace tamis {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Graph stem(const std::string& attributes, int kernel, const std::string& input = "1,1,8,8",
           const std::string& more = "") {
  const std::string k = std::to_string(kernel);
  std::vector<double> taps;
  for (int i = 0; i < kernel * kernel; ++i) taps.push_back(i + 1);
  Graph graph = Graph::parse_text(R"(<ir_version: 8, opset_import: ["" : 17]> g (float[)" + input +
                                  "] x) => (float[n,m,rows,columns] y) { y = Conv <" + attributes +
                                  "> (x, w) " + more + "}");
  *graph.graph().add_initializer() =
      make_tensor("w", onnx::TensorProto::FLOAT, {1, 1, kernel, kernel}, taps);
  graph.reindex();
  return graph;
}

/// A convolution of one channel in and out, straight from the definition.
std::vector<float> convolve(const std::vector<float>& x, const Shape& size,
                            const std::vector<float>& w, const Shape& form, std::int64_t stride,
                            const std::vector<std::int64_t>& pads) {
  const auto out = [&](std::size_t i) {
    return (size[i + 1] + pads[i] + pads[i + 2] - form[i + 2]) / stride + 1;
  };
  std::vector<float> y;
  for (std::int64_t i = 0; i < out(0); ++i)
    for (std::int64_t j = 0; j < out(1); ++j) {
      float sum = 0;
      for (std::int64_t c = 0; c < size[0]; ++c)
        for (std::int64_t r = 0; r < form[2]; ++r)
          for (std::int64_t q = 0; q < form[3]; ++q) {
            const std::int64_t a = i * stride - pads[0] + r, b = j * stride - pads[1] + q;
            if (a < 0 || b < 0 || a >= size[1] || b >= size[2]) continue;
            sum += x[static_cast<std::size_t>((c * size[1] + a) * size[2] + b)] *
                   w[static_cast<std::size_t>((c * form[2] + r) * form[3] + q)];
          }
      y.push_back(sum);
    }
  return y;
}

class Stem : public ::testing::TestWithParam<std::pair<int, std::vector<std::int64_t>>> {};

TEST_P(Stem, gives_the_same_numbers) {
  const auto& [kernel, pads] = GetParam();
  std::string text;
  for (std::int64_t pad : pads) text += (text.empty() ? "" : ",") + std::to_string(pad);
  Graph graph = stem("strides = [2,2], pads = [" + text + "]", kernel);
  const std::vector<float> before = floats(*graph.constant("w"));
  ASSERT_EQ(stem_space_to_depth(graph, {}).changes, 1U);
  graph.verify();
  EXPECT_EQ(stem_space_to_depth(graph, {}).changes, 0U);

  std::vector<float> x(64);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>((i * 37) % 19);
  std::vector<float> deep;  // [4, 4, 4], as SpaceToDepth gives it
  for (std::size_t r = 0; r < 2; ++r)
    for (std::size_t q = 0; q < 2; ++q)
      for (std::size_t i = 0; i < 4; ++i)
        for (std::size_t j = 0; j < 4; ++j) deep.push_back(x[(2 * i + r) * 8 + 2 * j + q]);
  const onnx::NodeProto& conv = *graph.nodes_of("Conv").front();
  const onnx::TensorProto& weights = *graph.constant(conv.input(1));
  EXPECT_EQ(convolve(deep, {4, 4, 4}, floats(weights), shape_of(weights), 1,
                     *ints_attribute(conv, "pads")),
            convolve(x, {1, 8, 8}, before, {1, 1, kernel, kernel}, 2, pads));
}

using Pads = std::vector<std::int64_t>;
INSTANTIATE_TEST_SUITE_P(
    Kernels, Stem,
    ::testing::Values(std::pair{3, Pads{1, 1, 1, 1}}, std::pair{3, Pads{0, 0, 1, 1}},
                      std::pair{7, Pads{3, 3, 3, 3}}, std::pair{6, Pads{2, 2, 2, 2}},
                      std::pair{4, Pads{1, 1, 1, 1}}, std::pair{2, Pads{0, 0, 0, 0}}));

TEST(StemSpaceToDepth, has_a_kernel_of_half_the_size_and_four_times_the_channels) {
  Graph graph = stem("strides = [2,2], pads = [1,1,1,1]", 3);
  stem_space_to_depth(graph, {});
  const onnx::NodeProto& conv = *graph.nodes_of("Conv").front();
  EXPECT_THAT(shape_of(*graph.constant(conv.input(1))), ElementsAre(1, 4, 2, 2));
  EXPECT_THAT(*ints_attribute(conv, "pads"), ElementsAre(1, 1, 0, 0));
}

std::string why_not(Graph graph) {
  const PassResult result = stem_space_to_depth(graph, {});
  EXPECT_EQ(result.changes, 0U);
  return result.skipped.empty() ? "" : result.skipped.front();
}

TEST(StemSpaceToDepth, leaves_alone_what_it_cannot_write_saying_why) {
  const std::string two = "strides = [2,2]";
  EXPECT_THAT(why_not(stem("strides = [1,1]", 3)), HasSubstr("strides"));
  EXPECT_THAT(why_not(stem(two + ", dilations = [2,2]", 3)), HasSubstr("dilated"));
  EXPECT_THAT(why_not(stem(two, 3, "1,1,7,8")), HasSubstr("odd"));
  EXPECT_THAT(why_not(stem(two, 3, "1,1,h,8")), HasSubstr("open"));
  EXPECT_THAT(why_not(stem(two, 3, "1,1,8,8", "z = Relu(x)")), HasSubstr("several users"));
}

}  // namespace
}  // namespace tamis
