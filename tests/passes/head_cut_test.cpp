#include "passes/head_cut.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/tensor_data.h"

namespace tamis {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A tail as Ultralytics exports it, of two levels (4x4, 2x2), 4 bins, 3 classes.
Graph detector(float last_bin = 3, const std::string& scores = "Sigmoid",
               const std::string& end = "y = Concat <axis = 1> (d, s)", int rows = 7) {
  Graph graph = Graph::parse_text(R"(<ir_version: 8, opset_import: ["" : 17]>
    g (float[1,8,4,4] f0, float[1,8,2,2] f1) => (float[1,)" +
                                  std::to_string(rows) + R"(,20] y) {
      b0 = Conv (f0, wb)
      c0 = Conv (f0, wc)
      b1 = Conv (f1, wb)
      c1 = Conv (f1, wc)
      l0 = Concat <axis = 1> (b0, c0)
      l1 = Concat <axis = 1> (b1, c1)
      r0 = Reshape (l0, flat)
      r1 = Reshape (l1, flat)
      all = Concat <axis = 2> (r0, r1)
      boxes, classes = Split <axis = 1> (all, parts)
      sides = Reshape (boxes, bins)
      turned = Transpose <perm = [0,2,1,3]> (sides)
      likely = Softmax <axis = 1> (turned)
      bin = Conv (likely, wd)
      d = Reshape (bin, four)
      s = )" + scores + R"( (classes)
      )" + end + "}");
  auto add = [&](const std::string& name, const Shape& shape, const std::vector<double>& values) {
    *graph.graph().add_initializer() = make_tensor(name, onnx::TensorProto::FLOAT, shape, values);
  };
  add("wb", {16, 8, 1, 1}, std::vector<double>(128, 0.1));
  add("wc", {3, 8, 1, 1}, std::vector<double>(24, 0.1));
  if (rows == 9) add("wm", {2, 8, 1, 1}, std::vector<double>(16, 0.1));
  add("wd", {1, 4, 1, 1}, {0, 1, 2, last_bin});
  auto shape = [&](const std::string& name, const std::vector<std::int64_t>& values) {
    graph.reindex();
    const std::string made =
        graph.add_initializer(name + "_values", {static_cast<std::int64_t>(values.size())},
                              std::span<const std::int64_t>(values));
    graph.replace_uses(name, made);
  };
  shape("flat", {1, 19, -1});
  if (rows == 9) shape("maskflat", {1, 2, -1});
  shape("parts", {16, 3});
  shape("bins", {1, 4, 4, 20});
  shape("four", {1, 4, 20});
  graph.reindex();
  graph.infer_shapes();
  return graph;
}

TEST(YoloTail, is_followed_back_to_the_maps_of_each_level) {
  std::string reason;
  const auto tail = find_yolo_tail(detector(), reason);
  ASSERT_TRUE(tail) << reason;
  EXPECT_EQ(tail->output, "y");
  EXPECT_EQ(tail->bins, 4);
  EXPECT_THAT(tail->boxes, ElementsAre("b0", "b1"));
  EXPECT_THAT(tail->classes, ElementsAre("c0", "c1"));
}

// YOLO26: no bins, boxes and classes joined apart, the distances taken apart by a Split.
TEST(YoloTail, without_bins_is_followed_back_too) {
  Graph graph = Graph::parse_text(R"(<ir_version: 8, opset_import: ["" : 17]>
    g (float[1,8,4,4] f0, float[1,8,2,2] f1) => (float[1,7,20] y)
    <int64[3] four = {1, 4, -1}, int64[3] three = {1, 3, -1}, float half = {0.5}> {
      b0 = Conv (f0, wb)
      b1 = Conv (f1, wb)
      c0 = Conv (f0, wc)
      c1 = Conv (f1, wc)
      rb0 = Reshape (b0, four)
      rb1 = Reshape (b1, four)
      boxes = Concat <axis = -1> (rb0, rb1)
      rc0 = Reshape (c0, three)
      rc1 = Reshape (c1, three)
      classes = Concat <axis = -1> (rc0, rc1)
      lt, rb = Split <axis = 1> (boxes)
      low = Sub (anchors, lt)
      high = Add (anchors, rb)
      sum = Add (low, high)
      centre = Mul (sum, half)
      sides = Sub (high, low)
      d = Concat <axis = 1> (centre, sides)
      s = Sigmoid (classes)
      y = Concat <axis = 1> (d, s) })");
  for (const auto& [name, count] : {std::pair("wb", 4), std::pair("wc", 3)})
    *graph.graph().add_initializer() =
        make_tensor(name, onnx::TensorProto::FLOAT, {count, 8, 1, 1},
                    std::vector<double>(static_cast<std::size_t>(8 * count), 0.1));
  *graph.graph().add_initializer() =
      make_tensor("anchors", onnx::TensorProto::FLOAT, {1, 2, 20}, std::vector<double>(40, 0.5));
  graph.reindex();
  graph.infer_shapes();
  std::string reason;
  const auto tail = find_yolo_tail(graph, reason);
  ASSERT_TRUE(tail) << reason;
  EXPECT_EQ(tail->bins, 1);
  EXPECT_THAT(tail->boxes, ElementsAre("b0", "b1"));
  EXPECT_THAT(tail->classes, ElementsAre("c0", "c1"));
}

TEST(YoloTail, is_cut_and_leaves_the_maps_as_outputs) {
  Graph graph = detector();
  std::string reason;
  cut_yolo_tail(graph, find_yolo_tail(graph, reason).value());
  graph.verify();
  std::vector<std::string> names;
  for (const TensorInfo& output : graph.outputs()) names.push_back(output.name);
  EXPECT_THAT(names, ElementsAre("boxes_0", "classes_0", "boxes_1", "classes_1"));
  EXPECT_EQ(graph.nodes().size(), 4U);
  EXPECT_EQ(*graph.static_shape("boxes_1"), (Shape{1, 16, 2, 2}));
  EXPECT_FALSE(find_yolo_tail(graph, reason));
}

/// The same with two mask coefficients per position.
Graph segmenter() {
  return detector(3, "Sigmoid", R"(
      m0 = Conv (f0, wm)
      m1 = Conv (f1, wm)
      n0 = Reshape (m0, maskflat)
      n1 = Reshape (m1, maskflat)
      masks = Concat <axis = 2> (n0, n1)
      y = Concat <axis = 1> (d, s, masks))",
                  9);
}

TEST(YoloTail, of_a_segmenter_is_cut_with_its_mask_coefficients) {
  Graph graph = segmenter();
  std::string reason;
  const auto tail = find_yolo_tail(graph, reason);
  ASSERT_TRUE(tail) << reason;
  EXPECT_THAT(tail->boxes, ElementsAre("b0", "b1"));
  EXPECT_THAT(tail->coefficients, ElementsAre("m0", "m1"));
  cut_yolo_tail(graph, *tail);
  graph.verify();
  std::vector<std::string> names;
  for (const TensorInfo& output : graph.outputs()) names.push_back(output.name);
  EXPECT_THAT(names, ElementsAre("boxes_0", "classes_0", "boxes_1", "classes_1", "coefficients_0",
                                 "coefficients_1"));
  EXPECT_EQ(*graph.static_shape("coefficients_1"), (Shape{1, 2, 2, 2}));
}

TEST(YoloTail, is_none_where_the_mask_coefficients_are_computed) {
  std::string reason;
  const std::string end = R"(
      m0 = Conv (f0, wm)
      n0 = Reshape (m0, maskflat)
      m1 = Conv (f1, wm)
      n1 = Reshape (m1, maskflat)
      sums = Concat <axis = 2> (n0, n1)
      masks = Tanh (sums)
      y = Concat <axis = 1> (d, s, masks))";
  EXPECT_FALSE(find_yolo_tail(detector(3, "Sigmoid", end, 9), reason));
  EXPECT_THAT(reason, HasSubstr("is made by Tanh"));
}

TEST(YoloTail, is_none_where_the_bins_do_not_count_up) {
  std::string reason;
  EXPECT_FALSE(find_yolo_tail(detector(4), reason));
  EXPECT_THAT(reason, HasSubstr("no Softmax over distance bins"));
}

TEST(YoloTail, is_none_without_the_sigmoid_of_scores) {
  std::string reason;
  EXPECT_FALSE(find_yolo_tail(detector(3, "Relu"), reason));
  EXPECT_THAT(reason, HasSubstr("Sigmoid of class scores"));
}

}  // namespace
}  // namespace tamis
