#include "fit/padim_graph.h"

#include <gtest/gtest.h>

#include <numeric>

namespace tamis {
namespace {

// cv2 5.0.0: GaussianBlur(resize(d, (9, 6)), (17, 17), 2, borderType=BORDER_REPLICATE)
TEST(SmoothingMatrix, is_opencvs_resize_and_blur) {
  const double d[2][3] = {{0, 1, 4}, {2, 8, 3}};
  const double first[9] = {0.45027, 0.67004, 1.0043,  1.44382, 1.95436,
                           2.4835,  2.9698,  3.35874, 3.62322};
  const double last[9] = {2.3938,  2.99288, 3.7501,  4.45569, 4.86246,
                          4.84648, 4.48888, 4.00349, 3.58643};
  const auto rows = smoothing_matrix(2, 6, 2), columns = smoothing_matrix(3, 9, 2);
  const auto at = [&](std::size_t y, std::size_t x) {
    double v = 0;
    for (std::size_t i = 0; i < 2; ++i)
      for (std::size_t j = 0; j < 3; ++j) v += rows[y * 2 + i] * d[i][j] * columns[x * 3 + j];
    return v;
  };
  for (std::size_t x = 0; x < 9; ++x) {
    EXPECT_NEAR(at(0, x), first[x], 2e-5);
    EXPECT_NEAR(at(5, x), last[x], 2e-5);
  }
}

TEST(SmoothingMatrix, keeps_a_constant_and_without_sigma_only_resizes) {
  const auto smooth = smoothing_matrix(5, 23, 4);
  for (std::size_t i = 0; i < 23; ++i)
    EXPECT_NEAR(std::accumulate(&smooth[i * 5], &smooth[i * 5] + 5, 0.0), 1, 1e-12);
  EXPECT_EQ(smoothing_matrix(2, 4, 0), (std::vector<double>{1, 0, .75, .25, .25, .75, 0, 1}));
}

TEST(CutToFeatures, gathers_the_kept_channels_and_forgets_the_rest) {
  Graph graph = Graph::parse_text(R"(<ir_version: 8, opset_import: ["" : 13]>
    g (float[1,3,8,8] x) => (float[1,3,1,1] y) {
      a = MaxPool<kernel_shape = [2,2], strides = [2,2]>(x)
      b = MaxPool<kernel_shape = [2,2], strides = [2,2]>(a)
      c = Relu(b)
      y = GlobalAveragePool(c)
    })");
  graph.infer_shapes();
  const std::string name =
      cut_to_features(graph, {{"a", 3, {4, 4}, 2}, {"b", 3, {2, 2}, 4}}, {1, 2, 3});
  graph.verify();
  ASSERT_EQ(graph.outputs().size(), 1u);
  EXPECT_EQ(graph.outputs()[0].name, name);
  EXPECT_EQ(graph.nodes_of("Relu").size(), 0u);
  EXPECT_EQ(graph.nodes_of("Resize").size(), 1u);
  graph.infer_shapes();
  EXPECT_EQ(*graph.static_shape(name), (Shape{1, 3, 4, 4}));
}

}  // namespace
}  // namespace tamis
