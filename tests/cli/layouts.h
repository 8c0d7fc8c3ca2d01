#pragma once

#include <fmt/format.h>

#include <filesystem>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "graph/tensor_data.h"

namespace tamis::testing {

/// Writes a YOLOv8 detector in the output layouts of other families, each into FOLDER/NAME.onnx.
/// Boxes and scores are the same in each, so that each must have the accuracy of the original:
/// `end2end` and those made from it do the suppression in the graph; `best_class` is the original
/// with all but an anchor's best class at 0, which is what YOLOX reads.
class Layouts {
 public:
  /// `detector`: f32 [1,3,S,S] → [1,4+C,A], grids of strides 8, 16 and 32, opset 13 to 17.
  explicit Layouts(const std::filesystem::path& detector) : detector_(Graph::load(detector)) {
    const Shape input = shape_of_info(detector_.inputs().at(0)),
                output = shape_of_info(detector_.outputs().at(0));
    side_ = input.at(3), classes_ = output.at(1) - 4, anchors_ = output.at(2);
    kept_ = std::min<std::int64_t>(300, anchors_);
  }

  void save_all(const std::filesystem::path& folder) const {
    save(folder / "best_class.onnx", {{"best_class", rows_of_best_class()}});
    save(folder / "yolov5.onnx",
         {{"output", rows() + objectness() + "output = Concat <axis = 1> (all_rows, empty)\n"}});
    save(folder / "yolox_decoded.onnx",
         {{"output", rows() + objectness() + "output = Identity (all_rows)\n"}});
    save(folder / "yolox.onnx", {{"output", yolox()}});
    save(folder / "end2end.onnx", {{"output", suppressed() + "output = Unsqueeze (best, i0)\n"}});
    save(folder / "detr_scores.onnx",
         {{"output", queries() + "output = Concat <axis = 2> (pred_boxes, likely)\n"}});
    save(folder / "rtdetr.onnx", {{"pred_boxes", queries()}, {"logits", R"(
      least = Constant <value = float {1e-6}> ()
      most = Constant <value = float {0.999999}> ()
      share = Clip (likely, least, most)
      rest = Sub (one, share)
      odds = Div (share, rest)
      logits = Log (odds)
)"}});
    save(folder / "detr.onnx", {{"logits", queries() + R"(
      sum = ReduceSum <keepdims = 1> (likely, i2)
      nothing = Sub (one, sum)
      share = Concat <axis = 2> (likely, nothing)
      least = Constant <value = float {1e-12}> ()
      clipped = Clip (share, least, one)
      logits = Log (clipped)
)"},
                                {"pred_boxes", ""}});
    for (const char* first : {"0", "1"})
      save(folder / (first[0] == '0' ? "ssd.onnx" : "ssd_from_1.onnx"), ssd(first));
  }

 private:
  using Ends = std::vector<std::pair<std::string, std::string>>;  // output → nodes that make it

  static Shape shape_of_info(const TensorInfo& info) {
    Shape shape;
    for (const auto& dim : info.shape) shape.push_back(dim.value());
    return shape;
  }

  /// [1,A,4] centre-size boxes and [1,A,C] scores.
  static std::string rows() {
    return R"(
      turned = Transpose <perm = [0, 2, 1]> (raw)
      boxes = Slice (turned, i0, i4, i2)
      scores = Slice (turned, i4, all, i2)
      centre = Slice (boxes, i0, i2, i2)
      size = Slice (boxes, i2, i4, i2)
)";
  }

  static std::string objectness() { return "all_rows = Concat <axis = 2> (boxes, ones, scores)\n"; }

  static std::string rows_of_best_class() {
    return R"(
      raw_boxes = Slice (raw, i0, i4, i1)
      raw_scores = Slice (raw, i4, all, i1)
      best = ReduceMax <axes = [1], keepdims = 1> (raw_scores)
      is_best = Equal (raw_scores, best)
      as_float = Cast <to = 1> (is_best)
      best_scores = Mul (raw_scores, as_float)
      best_class = Concat <axis = 1> (raw_boxes, best_scores)
)";
  }

  static std::string yolox() {
    return rows() + R"(
      in_cells = Div (centre, strides)
      offset = Sub (in_cells, cells)
      size_in_cells = Div (size, strides)
      log_size = Log (size_in_cells)
      output = Concat <axis = 2> (offset, log_size, ones, scores)
)";
  }

  /// `best`: [kept,6] corners in pixels, score, class, after suppression.
  static std::string suppressed() {
    return rows() + R"(
      half = Div (size, two)
      low = Sub (centre, half)
      high = Add (centre, half)
      corners = Concat <axis = 2> (low, high)
      by_class = Transpose <perm = [0, 2, 1]> (scores)
      chosen = NonMaxSuppression (corners, by_class, kept, most_iou, least_score)
      label = Slice (chosen, i1, i2, i1)
      anchor = Slice (chosen, i2, i3, i1)
      anchors = Squeeze (anchor, i1)
      flat_corners = Squeeze (corners, i0)
      box = Gather <axis = 0> (flat_corners, anchors)
      flat_scores = Squeeze (by_class, i0)
      place = Concat <axis = 1> (label, anchor)
      score = GatherND (flat_scores, place)
      score_column = Unsqueeze (score, i1)
      label_column = Cast <to = 1> (label)
      found = Concat <axis = 1> (box, score_column, label_column)
      padded = Concat <axis = 0> (found, no_rows)
      padded_column = Slice (padded, i4, i5, i1)
      padded_scores = Squeeze (padded_column, i1)
      values, order = TopK (padded_scores, kept)
      best = Gather <axis = 0> (padded, order)
)";
  }

  /// `pred_boxes` [1,kept,4] centre-size in fractions, `likely` [1,kept,C], one above 0 each.
  static std::string queries() {
    return suppressed() + R"(
      q_low = Slice (best, i0, i2, i1)
      q_high = Slice (best, i2, i4, i1)
      q_sum = Add (q_low, q_high)
      q_centre = Div (q_sum, two_sides)
      q_width = Sub (q_high, q_low)
      q_size = Div (q_width, whole_side)
      q_boxes = Concat <axis = 1> (q_centre, q_size)
      q_label = Slice (best, i5, i6, i1)
      q_is = Equal (q_label, class_numbers)
      q_hot = Cast <to = 1> (q_is)
      q_score = Slice (best, i4, i5, i1)
      q_likely = Mul (q_score, q_hot)
      pred_boxes = Unsqueeze (q_boxes, i0)
      likely = Unsqueeze (q_likely, i0)
)";
  }

  static Ends ssd(const std::string& first) {
    return {{"num_detections", suppressed() + "num_detections = Identity (count)\n"},
            {"detection_boxes", R"(
      x0 = Slice (best, i0, i1, i1)
      y0 = Slice (best, i1, i2, i1)
      x1 = Slice (best, i2, i3, i1)
      y1 = Slice (best, i3, i4, i1)
      sides = Concat <axis = 1> (y0, x0, y1, x1)
      fractions = Div (sides, whole_side)
      detection_boxes = Unsqueeze (fractions, i0)
)"},
            {"detection_scores", R"(
      s_column = Slice (best, i4, i5, i1)
      s_flat = Squeeze (s_column, i1)
      detection_scores = Unsqueeze (s_flat, i0)
)"},
            {"detection_classes", R"(
      c_column = Slice (best, i5, i6, i1)
      c_flat = Squeeze (c_column, i1)
      c_first = Constant <value = float {)" +
                                      first + R"(}> ()
      c_from = Add (c_flat, c_first)
      detection_classes = Unsqueeze (c_from, i0)
)"}};
  }

  void save(const std::filesystem::path& file, const Ends& ends) const {
    Graph graph = detector_;
    const std::string raw = graph.outputs().at(0).name;
    std::string nodes, outputs;
    for (const auto& [name, made] : ends) {
      nodes += made;
      outputs += (outputs.empty() ? "float " : ", float ") + name;
    }
    Graph tail =
        Graph::parse_text(fmt::format("<ir_version: 8, opset_import: [\"\" : 17]> g "
                                      "(float[1,{},{}] raw) => ({}) {{{}}}",
                                      classes_ + 4, anchors_, outputs, nodes));
    add_constants(tail);
    graph.graph().clear_output();
    const auto renamed = [&](const std::string& name) {
      return name == "raw" ? raw : is_end(ends, name) ? name : "tail_" + name;
    };
    for (onnx::NodeProto node : tail.graph().node()) {
      for (std::string& name : *node.mutable_input()) name = renamed(name);
      for (std::string& name : *node.mutable_output()) name = renamed(name);
      *graph.graph().add_node() = node;
    }
    for (onnx::TensorProto tensor : tail.graph().initializer()) {
      tensor.set_name("tail_" + tensor.name());
      *graph.graph().add_initializer() = tensor;
    }
    *graph.graph().mutable_output() = tail.graph().output();
    graph.reindex();
    graph.remove_dead();
    note_shapes(graph);
    graph.verify();
    graph.save(file);
  }

  static bool is_end(const Ends& ends, const std::string& name) {
    return std::any_of(ends.begin(), ends.end(),
                       [&](const auto& end) { return end.first == name; });
  }

  /// What inference cannot know behind the suppression: how many rows are kept.
  void note_shapes(Graph& graph) const {
    for (auto& output : *graph.graph().mutable_output()) {
      auto& shape = *output.mutable_type()->mutable_tensor_type()->mutable_shape();
      shape.clear_dim();
      for (const std::int64_t dim : shape_named(output.name(), graph))
        shape.add_dim()->set_dim_value(dim);
    }
  }

  Shape shape_named(const std::string& name, const Graph& graph) const {
    if (name == "best_class") return {1, classes_ + 4, anchors_};
    if (name == "pred_boxes" || name == "detection_boxes") return {1, kept_, 4};
    if (name == "num_detections") return {1};
    if (name.starts_with("detection_")) return {1, kept_};
    const bool detr = name == "logits" && graph.producer("logits") != nullptr &&
                      graph.producer(graph.producer("logits")->input(0))->op_type() == "Clip";
    if (name == "logits") return {1, kept_, classes_ + (detr ? 1 : 0)};
    const std::string op = graph.producer("output")->op_type();
    if (op == "Unsqueeze") return {1, kept_, 6};
    const std::size_t inputs = static_cast<std::size_t>(graph.producer("output")->input_size());
    if (op == "Concat" && inputs == 2 && graph.producer("output")->input(1) == "tail_likely")
      return {1, kept_, classes_ + 4};
    if (op == "Concat" && inputs == 2) return {1, 3 * anchors_, classes_ + 5};
    return {1, anchors_, classes_ + 5};
  }

  void add_constants(Graph& tail) const {
    const auto add = [&](const std::string& name, int type, const Shape& shape,
                         const std::vector<double>& values) {
      onnx::TensorProto tensor = type == onnx::TensorProto::INT64
                                     ? to_proto(int64s(values), name)
                                     : make_tensor(name, type, shape, values);
      *tail.graph().add_initializer() = tensor;
    };
    constexpr int kFloat = onnx::TensorProto::FLOAT, kInt = onnx::TensorProto::INT64;
    for (int i = 0; i <= 6; ++i) add("i" + std::to_string(i), kInt, {1}, {double(i)});
    add("all", kInt, {1}, {1e9});
    add("kept", kInt, {1}, {static_cast<double>(kept_)});
    add("one", kFloat, {}, {1});
    add("two", kFloat, {}, {2});
    add("count", kFloat, {1}, {static_cast<double>(kept_)});
    add("most_iou", kFloat, {1}, {0.7});
    add("least_score", kFloat, {1}, {0.001});
    add("whole_side", kFloat, {}, {static_cast<double>(side_)});
    add("two_sides", kFloat, {}, {2 * static_cast<double>(side_)});
    add("ones", kFloat, {1, anchors_, 1}, std::vector<double>(size_t(anchors_), 1));
    add("empty", kFloat, {1, 2 * anchors_, classes_ + 5},
        std::vector<double>(size_t(2 * anchors_ * (classes_ + 5)), 0));
    add("no_rows", kFloat, {kept_, 6}, std::vector<double>(size_t(kept_ * 6), 0));
    std::vector<double> numbers, cells, strides;
    for (std::int64_t c = 0; c < classes_; ++c) numbers.push_back(double(c));
    for (const std::int64_t stride : {8, 16, 32})
      for (std::int64_t y = 0; y < side_ / stride; ++y)
        for (std::int64_t x = 0; x < side_ / stride; ++x) {
          cells.insert(cells.end(), {double(x), double(y)});
          strides.push_back(double(stride));
        }
    add("class_numbers", kFloat, {1, classes_}, numbers);
    add("cells", kFloat, {1, anchors_, 2}, cells);
    add("strides", kFloat, {1, anchors_, 1}, strides);
    tail.reindex();
  }

  static Tensor int64s(const std::vector<double>& values) {
    Tensor tensor(DataType::i64, {static_cast<std::int64_t>(values.size())});
    for (std::size_t i = 0; i < values.size(); ++i)
      tensor.data<std::int64_t>()[i] = static_cast<std::int64_t>(values[i]);
    return tensor;
  }

  Graph detector_;
  std::int64_t side_ = 0, classes_ = 0, anchors_ = 0, kept_ = 0;
};

}  // namespace tamis::testing
