#include "passes/head_cut.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "graph/attributes.h"
#include "graph/tensor_data.h"

namespace tamis {
namespace {

constexpr std::int64_t kSides = 4;  // left, top, right, bottom

std::optional<std::int64_t> channels_of(const Graph& graph, const std::string& value,
                                        std::size_t rank) {
  const std::optional<PartialShape> shape = graph.shape(value);
  if (!shape || shape->size() != rank) return std::nullopt;
  return (*shape)[1];
}

/// The axis of a Concat or Split, counted from the front.
std::int64_t axis_of(const onnx::NodeProto& node, std::size_t rank) {
  const std::int64_t axis = int_attribute(node, "axis").value_or(0);
  return axis < 0 ? axis + static_cast<std::int64_t>(rank) : axis;
}

/// Channels `first` … `first + count` of a value, followed back to the maps that they are.
class Origin {
 public:
  Origin(const Graph& graph, std::string& reason) : graph_(graph), reason_(reason) {}

  /// The maps in the order of their positions; empty: `reason` says where the trace ended.
  std::vector<std::string> maps(const std::string& value, std::int64_t first, std::int64_t count) {
    // A value that is joined with itself again and again has more paths than can be walked.
    constexpr int kMostSteps = 10'000;
    if (++steps_ > kMostSteps) return stop(value, "is joined from too many parts");
    const onnx::NodeProto* node = graph_.producer(value);
    const std::optional<PartialShape> shape = graph_.shape(value);
    if (node == nullptr || !shape || shape->size() < 3) return stop(value, "has no known shape");
    const std::size_t rank = shape->size();
    if (is_op(*node, "Concat")) return through_concat(*node, rank, first, count);
    if (is_op(*node, "Split") && axis_of(*node, rank) == 1)
      return through_split(*node, value, first, count);
    if (rank == 3 && is_op(*node, "Reshape") &&
        channels_of(graph_, node->input(0), 4) == (*shape)[1])
      return maps(node->input(0), first, count);
    if (rank != 4) return stop(value, "is made by " + describe(*node));
    if (first != 0 || (*shape)[1] != count) return stop(value, "holds other channels too");
    return {value};
  }

 private:
  std::vector<std::string> stop(const std::string& value, const std::string& what) {
    reason_ = "\"" + value + "\" " + what;
    return {};
  }

  std::vector<std::string> through_concat(const onnx::NodeProto& node, std::size_t rank,
                                          std::int64_t first, std::int64_t count) {
    std::vector<std::string> all;
    if (axis_of(node, rank) == 1) {
      for (const std::string& input : node.input()) {
        const std::optional<std::int64_t> own = channels_of(graph_, input, rank);
        if (!own) return stop(input, "has an unknown number of channels");
        if (first < *own) return maps(input, first, count);
        first -= *own;
      }
      return stop(node.output(0), "has fewer channels than are used of it");
    }
    if (rank != 3 || axis_of(node, rank) != 2)
      return stop(node.output(0), "is made by " + describe(node));
    for (const std::string& input : node.input()) {
      const std::vector<std::string> some = maps(input, first, count);
      if (some.empty()) return {};
      all.insert(all.end(), some.begin(), some.end());
    }
    return all;
  }

  std::vector<std::string> through_split(const onnx::NodeProto& node, const std::string& value,
                                         std::int64_t first, std::int64_t count) {
    for (const std::string& output : node.output()) {
      if (output == value) return maps(node.input(0), first, count);
      const std::optional<PartialShape> shape = graph_.shape(output);
      if (!shape || !(*shape)[1]) return stop(output, "has an unknown number of channels");
      first += *(*shape)[1];
    }
    return stop(value, "is not an output of " + describe(node));
  }

  const Graph& graph_;
  std::string& reason_;
  int steps_ = 0;
};

/// Weights 0 … R−1 of a 1×1 convolution to one channel; 0: it is none.
std::int64_t bins_of(const Graph& graph, const onnx::NodeProto& conv) {
  const onnx::TensorProto* weights = graph.constant(conv.input(1));
  if (weights == nullptr || weights->data_type() != onnx::TensorProto::FLOAT) return 0;
  const Shape shape = shape_of(*weights);
  if (shape.size() != 4 || shape[0] != 1 || shape[2] != 1 || shape[3] != 1) return 0;
  const std::vector<float> values = floats(*weights);
  for (std::size_t i = 0; i < values.size(); ++i)
    if (values[i] != static_cast<float>(i)) return 0;
  return shape[1];
}

/// What the expected distances are computed from, and over how many bins.
struct Distances {
  std::string logits;  ///< [N, 4·R, A]
  std::int64_t bins = 0;
};

std::optional<Distances> as_distances(const Graph& graph, const onnx::NodeProto& softmax) {
  const onnx::NodeProto* conv = graph.only_consumer(softmax.output(0));
  if (conv == nullptr || !is_op(*conv, "Conv")) return std::nullopt;
  const onnx::NodeProto* transpose = graph.producer(softmax.input(0));
  if (transpose == nullptr || !is_op(*transpose, "Transpose")) return std::nullopt;
  if (ints_attribute(*transpose, "perm") != std::vector<std::int64_t>{0, 2, 1, 3})
    return std::nullopt;
  const onnx::NodeProto* reshape = graph.producer(transpose->input(0));
  if (reshape == nullptr || !is_op(*reshape, "Reshape")) return std::nullopt;
  if (int_attribute(softmax, "axis").value_or(-1) != 1) return std::nullopt;
  Distances found{reshape->input(0), bins_of(graph, *conv)};
  const std::optional<std::int64_t> channels = channels_of(graph, found.logits, 3);
  if (found.bins < 2 || channels != kSides * found.bins) return std::nullopt;
  return found;
}

std::optional<Distances> find_distances(const Graph& graph, std::string& reason) {
  std::optional<Distances> found;
  for (const onnx::NodeProto* softmax : graph.nodes_of("Softmax")) {
    std::optional<Distances> one = as_distances(graph, *softmax);
    if (one && found) {
      reason = "it has several heads";
      return std::nullopt;
    }
    if (one) found = one;
  }
  if (!found)
    reason =
        "no Softmax over distance bins followed by their expected value, and no distances "
        "[N,4,positions]";
  return found;
}

/// Without bins (YOLO26) the maps are the distances: the value [N, 4, positions] of the levels
/// joined, or a part of it, on the way back from the boxes.
std::optional<Distances> find_plain_distances(const Graph& graph, const std::string& boxes) {
  std::vector<std::string> open{boxes};
  std::set<std::string> seen;
  while (!open.empty()) {
    const std::string value = open.back();
    open.pop_back();
    const onnx::NodeProto* node = graph.producer(value);
    if (node == nullptr || !seen.insert(value).second) continue;
    const bool joined = is_op(*node, "Concat") && axis_of(*node, 3) == 2;
    const bool part = is_op(*node, "Split") && axis_of(*node, 3) == 1;
    if ((joined || part) && channels_of(graph, value, 3) == kSides) return Distances{value, 1};
    open.insert(open.end(), node->input().begin(), node->input().end());
  }
  return std::nullopt;
}

/// The output Concat(boxes, Sigmoid(logits) [, coefficients]) by channels; null: there is none.
const onnx::NodeProto* find_output(const Graph& graph, std::string& output) {
  for (const auto& candidate : graph.graph().output()) {
    const onnx::NodeProto* concat = graph.producer(candidate.name());
    if (concat == nullptr || !is_op(*concat, "Concat")) continue;
    if (concat->input_size() != 2 && concat->input_size() != 3) continue;
    if (axis_of(*concat, 3) != 1 || channels_of(graph, concat->input(0), 3) != kSides) continue;
    const onnx::NodeProto* sigmoid = graph.producer(concat->input(1));
    if (sigmoid == nullptr || !is_op(*sigmoid, "Sigmoid")) continue;
    output = candidate.name();
    return concat;
  }
  return nullptr;
}

}  // namespace

std::optional<YoloTail> find_yolo_tail(const Graph& graph, std::string& reason) {
  YoloTail tail;
  const onnx::NodeProto* concat = find_output(graph, tail.output);
  if (concat == nullptr) {
    reason = "no output is boxes and the Sigmoid of class scores";
    return std::nullopt;
  }
  const std::string logits = graph.producer(concat->input(1))->input(0);
  std::optional<Distances> distances = find_distances(graph, reason);
  if (!distances) distances = find_plain_distances(graph, concat->input(0));
  if (!distances) return std::nullopt;
  const std::optional<std::int64_t> classes = channels_of(graph, logits, 3);
  if (!classes) {
    reason = "the number of classes is not known";
    return std::nullopt;
  }
  tail.bins = distances->bins;
  Origin origin(graph, reason);
  tail.boxes = origin.maps(distances->logits, 0, kSides * tail.bins);
  tail.classes = origin.maps(logits, 0, *classes);
  if (tail.boxes.empty() || tail.classes.empty()) return std::nullopt;
  if (tail.boxes.size() != tail.classes.size()) {
    reason =
        fmt::format("{} maps of boxes and {} of classes", tail.boxes.size(), tail.classes.size());
    return std::nullopt;
  }
  if (concat->input_size() == 2) return tail;
  const std::optional<std::int64_t> masks = channels_of(graph, concat->input(2), 3);
  if (!masks) {
    reason = "the number of mask coefficients is not known";
    return std::nullopt;
  }
  tail.coefficients = origin.maps(concat->input(2), 0, *masks);
  if (tail.coefficients.empty()) return std::nullopt;
  if (tail.coefficients.size() == tail.boxes.size()) return tail;
  reason = fmt::format("{} maps of boxes and {} of mask coefficients", tail.boxes.size(),
                       tail.coefficients.size());
  return std::nullopt;
}

void cut_yolo_tail(Graph& graph, const YoloTail& tail) {
  onnx::GraphProto old;
  *old.mutable_output() = graph.graph().output();
  std::map<std::string, PartialShape> shapes;  // reindex() forgets them
  for (const auto* maps : {&tail.boxes, &tail.classes, &tail.coefficients})
    for (const std::string& map : *maps) shapes[map] = graph.shape(map).value_or(PartialShape(4));
  graph.graph().clear_output();
  graph.reindex();
  const auto add = [&](const std::string& value, const std::string& name) {
    onnx::NodeProto* node = graph.producer(value);
    const auto at = std::find(node->output().begin(), node->output().end(), value);
    const std::string fresh = graph.unique_value_name(name);
    graph.set_output(*node, static_cast<int>(at - node->output().begin()), fresh);
    graph.replace_uses(value, fresh);
    onnx::ValueInfoProto* output = graph.graph().add_output();
    output->set_name(fresh);
    auto* type = output->mutable_type()->mutable_tensor_type();
    type->set_elem_type(onnx::TensorProto::FLOAT);
    for (const std::optional<std::int64_t>& dim : shapes.at(value))
      dim ? type->mutable_shape()->add_dim()->set_dim_value(*dim)
          : void(type->mutable_shape()->add_dim());
  };
  for (std::size_t level = 0; level < tail.boxes.size(); ++level) {
    add(tail.boxes[level], "boxes_" + std::to_string(level));
    add(tail.classes[level], "classes_" + std::to_string(level));
  }
  for (std::size_t level = 0; level < tail.coefficients.size(); ++level)
    add(tail.coefficients[level], "coefficients_" + std::to_string(level));
  for (const auto& output : old.output())
    if (output.name() != tail.output) *graph.graph().add_output() = output;
  graph.reindex();
  graph.remove_dead();
  graph.infer_shapes();
}

}  // namespace tamis
