#include "fit/padim_graph.h"

#include <algorithm>
#include <cmath>

namespace tamis {
namespace {

using Ints = std::vector<std::int64_t>;

/// Adds a node with one output and gives that output's name.
std::string add(Graph& graph, const char* op, const std::vector<std::string>& inputs,
                const char* hint) {
  const std::string name = graph.unique_value_name(hint);
  graph.add_node({.op_type = op, .inputs = inputs, .outputs = {name}});
  return name;
}

std::string add_ints(Graph& graph, const char* hint, const Ints& values) {
  return graph.add_initializer(hint, {static_cast<std::int64_t>(values.size())},
                               std::span<const std::int64_t>(values));
}

std::string transpose(Graph& graph, const std::string& value, const Ints& order) {
  const std::string out = add(graph, "Transpose", {value}, "padim_moved");
  set_attribute(*graph.producer(out), "perm", order);
  return out;
}

/// The layer's kept channels at the size of the finest; "" where none is kept.
std::string gather(Graph& graph, const FeatureLayer& layer, const Ints& kept, const Size& size) {
  if (kept.empty()) return "";
  std::string value = layer.value;
  if (kept.size() != layer.channels) {
    value = add(graph, "Gather", {value, add_ints(graph, "padim_channels", kept)}, "padim_kept");
    set_attribute(*graph.producer(value), "axis", std::int64_t{1});
  }
  if (layer.size == size) return value;
  const std::string sizes = add_ints(
      graph, "padim_size", {1, static_cast<std::int64_t>(kept.size()), size.height, size.width});
  value = add(graph, "Resize", {value, "", "", sizes}, "padim_raised");
  onnx::NodeProto& node = *graph.producer(value);
  set_attribute(node, "mode", std::string("nearest"));
  set_attribute(node, "coordinate_transformation_mode", std::string("asymmetric"));
  set_attribute(node, "nearest_mode", std::string("floor"));
  return value;
}

void set_outputs(Graph& graph, const std::vector<std::pair<std::string, Shape>>& outputs) {
  graph.graph().clear_output();
  for (const auto& [name, shape] : outputs) {
    onnx::ValueInfoProto& info = *graph.graph().add_output();
    info.set_name(name);
    auto& type = *info.mutable_type()->mutable_tensor_type();
    type.set_elem_type(onnx::TensorProto_DataType_FLOAT);
    for (std::int64_t side : shape) type.mutable_shape()->add_dim()->set_dim_value(side);
  }
  graph.reindex();
  graph.remove_dead();
  graph.sort();
}

std::string add_matrix(Graph& graph, const char* hint, const std::vector<double>& values,
                       std::int64_t rows, std::int64_t columns) {
  // Four dimensions: a matrix of its own would count as a layer to quantise.
  const std::vector<float> rounded(values.begin(), values.end());
  return graph.add_initializer(hint, {1, 1, rows, columns}, std::span<const float>(rounded));
}

std::vector<double> transposed(const std::vector<double>& matrix, std::size_t rows) {
  const std::size_t columns = matrix.size() / rows;
  std::vector<double> out(matrix.size());
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < columns; ++c) out[c * rows + r] = matrix[r * columns + c];
  return out;
}

/// [1,1,H,W] distances of the features' positions.
std::string add_distances(Graph& graph, const std::string& features, const PadimHead& head) {
  const auto count = static_cast<std::int64_t>(head.features);
  const std::int64_t height = head.grid.height, width = head.grid.width;
  const std::string mean = graph.add_initializer("padim_mean", {1, count, height, width},
                                                 std::span<const float>(head.mean));
  const std::string whitening = graph.add_initializer(
      "padim_whitening", {height, width, count, count}, std::span<const float>(head.whitening));
  const std::string centred = add(graph, "Sub", {features, mean}, "padim_centred");
  const std::string rows = transpose(graph, centred, {2, 3, 0, 1});  // [H,W,1,F]
  const std::string white = add(graph, "MatMul", {rows, whitening}, "padim_white");
  const std::string squares = add(graph, "Mul", {white, white}, "padim_squares");
  const std::string sums =
      add(graph, "ReduceSum", {squares, add_ints(graph, "padim_axis", {3})}, "padim_sums");
  const std::string placed = transpose(graph, sums, {2, 3, 0, 1});  // [1,1,H,W]
  return add(graph, "Sqrt", {placed}, "padim_distances");
}

}  // namespace

std::string cut_to_features(Graph& graph, const std::vector<FeatureLayer>& layers,
                            const std::vector<std::size_t>& channels) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (const FeatureLayer& layer : layers) {
    Ints kept;
    for (std::size_t c : channels)
      if (c >= begin && c < begin + layer.channels)
        kept.push_back(static_cast<std::int64_t>(c - begin));
    begin += layer.channels;
    const std::string part = gather(graph, layer, kept, layers.front().size);
    if (!part.empty()) parts.push_back(part);
  }
  std::string features = parts.front();
  if (parts.size() > 1) {
    features = add(graph, "Concat", parts, "padim_features");
    set_attribute(*graph.producer(features), "axis", std::int64_t{1});
  }
  const Size& size = layers.front().size;
  set_outputs(graph, {{features,
                       {1, static_cast<std::int64_t>(channels.size()), size.height, size.width}}});
  return features;
}

void add_head(Graph& graph, const std::string& features, const PadimHead& head) {
  const auto rows = smoothing_matrix(head.grid.height, head.input.height, head.sigma_px);
  const auto columns =
      transposed(smoothing_matrix(head.grid.width, head.input.width, head.sigma_px),
                 static_cast<std::size_t>(head.input.width));
  const std::string distances = add_distances(graph, features, head);
  const std::string down =
      add_matrix(graph, "padim_rows", rows, head.input.height, head.grid.height);
  const std::string across =
      add_matrix(graph, "padim_columns", columns, head.grid.width, head.input.width);
  const std::string tall = add(graph, "MatMul", {down, distances}, "padim_tall");
  const std::string map = add(graph, "MatMul", {tall, across}, "map");
  const std::string most = add(graph, "GlobalMaxPool", {map}, "padim_most");
  const std::string score = add(graph, "Flatten", {most}, "score");
  set_outputs(graph, {{score, {1, 1}}, {map, {1, 1, head.input.height, head.input.width}}});
}

std::vector<double> smoothing_matrix(int from, int to, double sigma) {
  const auto cells = static_cast<std::size_t>(from), pixels = static_cast<std::size_t>(to);
  std::vector<double> up(pixels * cells);
  for (int i = 0; i < to; ++i) {
    const double at = std::clamp((i + 0.5) * from / to - 0.5, 0.0, from - 1.0);
    const auto first = static_cast<std::size_t>(at);
    const std::size_t second = std::min(first + 1, cells - 1);
    const double share = at - std::floor(at);
    up[static_cast<std::size_t>(i) * cells + first] += 1 - share;
    up[static_cast<std::size_t>(i) * cells + second] += share;
  }
  if (sigma <= 0) return up;
  const int radius = static_cast<int>(std::lround(4 * sigma));
  std::vector<double> kernel;
  double all = 0;
  for (int k = -radius; k <= radius; ++k) {
    kernel.push_back(std::exp(-0.5 * k * k / (sigma * sigma)));
    all += kernel.back();
  }
  std::vector<double> out(pixels * cells);
  for (int i = 0; i < to; ++i)
    for (int k = -radius; k <= radius; ++k) {
      const auto row = static_cast<std::size_t>(std::clamp(i + k, 0, to - 1));
      const double weight = kernel[static_cast<std::size_t>(k + radius)] / all;
      for (std::size_t c = 0; c < cells; ++c)
        out[static_cast<std::size_t>(i) * cells + c] += weight * up[row * cells + c];
    }
  return out;
}

}  // namespace tamis
