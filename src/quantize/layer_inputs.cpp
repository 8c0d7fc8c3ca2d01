#include "quantize/layer_inputs.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

namespace tamis {

namespace {

/// Of a two-dimensional convolution: rows, then columns.
struct Window {
  std::array<std::int64_t, 2> kernel{}, strides{1, 1}, dilations{1, 1}, before{0, 0}, after{0, 0};
};

std::vector<std::int64_t> ints_or(const onnx::NodeProto& node, std::string_view name,
                                  std::size_t count, std::int64_t otherwise) {
  auto values = ints_attribute(node, name);
  return values && values->size() == count ? *values : std::vector<std::int64_t>(count, otherwise);
}

std::optional<Window> window_of(const Graph& graph, const ComputeNode& compute) {
  const onnx::NodeProto& node = *compute.node;
  const Shape weights = shape_of(*graph.constant(node.input(compute.weights)));
  const std::string padding = string_attribute(node, "auto_pad").value_or("NOTSET");
  if (weights.size() != 4 || (padding != "NOTSET" && padding != "VALID")) return std::nullopt;
  const auto strides = ints_or(node, "strides", 2, 1), dilations = ints_or(node, "dilations", 2, 1),
             pads = ints_or(node, "pads", 4, 0);
  return Window{{weights[2], weights[3]},
                {strides[0], strides[1]},
                {dilations[0], dilations[1]},
                {pads[0], pads[1]},
                {pads[2], pads[3]}};
}

/// Evenly scattered positions of an output of that size (Roberts' R2 sequence), each once.
std::vector<std::array<std::int64_t, 2>> scattered(std::int64_t height, std::int64_t width,
                                                   std::size_t most) {
  std::vector<std::array<std::int64_t, 2>> positions;
  if (static_cast<std::size_t>(height * width) <= most) {
    for (std::int64_t i = 0; i < height * width; ++i) positions.push_back({i / width, i % width});
    return positions;
  }
  for (std::size_t n = 1; positions.size() < most; ++n) {
    const double a = 0.7548776662466927 * static_cast<double>(n);
    const double b = 0.5698402909980532 * static_cast<double>(n);
    const std::array<std::int64_t, 2> at{
        static_cast<std::int64_t>((a - std::floor(a)) * static_cast<double>(height)),
        static_cast<std::int64_t>((b - std::floor(b)) * static_cast<double>(width))};
    if (std::find(positions.begin(), positions.end(), at) == positions.end())
      positions.push_back(at);
  }
  return positions;
}

/// Where in a plane the elements under the windows lie, and 0 instead of 1 for those in the
/// padding.
struct Taken {
  std::vector<std::int64_t> indices;
  std::vector<float> mask;
  std::size_t positions = 0;
};

Taken elements_under(const Window& w, std::int64_t height, std::int64_t width) {
  std::array<std::int64_t, 2> out{};
  const std::array<std::int64_t, 2> in{height, width};
  for (std::size_t d = 0; d < 2; ++d)
    out[d] =
        (in[d] + w.before[d] + w.after[d] - w.dilations[d] * (w.kernel[d] - 1) - 1) / w.strides[d] +
        1;
  Taken taken;
  const auto positions = scattered(out[0], out[1], InputSampler::kPositions);
  taken.positions = positions.size();
  for (const auto& at : positions) {
    for (std::int64_t i = 0; i < w.kernel[0]; ++i) {
      for (std::int64_t j = 0; j < w.kernel[1]; ++j) {
        const std::int64_t y = at[0] * w.strides[0] - w.before[0] + i * w.dilations[0];
        const std::int64_t x = at[1] * w.strides[1] - w.before[1] + j * w.dilations[1];
        const bool inside = y >= 0 && y < height && x >= 0 && x < width;
        taken.indices.push_back(inside ? y * width + x : 0);
        taken.mask.push_back(inside ? 1.0F : 0.0F);
      }
    }
  }
  return taken;
}

/// Of what SiLU makes, its input is gathered: that is mostly observed too, and is there anyway.
std::string add_gather(Graph& graph, const std::string& value, const Shape& seen_as,
                       const std::vector<std::int64_t>& indices, int axis) {
  const onnx::NodeProto* maker = graph.producer(value);
  if (const auto silu = maker == nullptr ? std::nullopt : as_silu(graph, *maker)) {
    const std::string x = add_gather(graph, silu->x, seen_as, indices, axis);
    const std::string sigmoid = graph.add_node({"Sigmoid", {x}, {}, {}}).output(0);
    return graph.add_node({"Mul", {x, sigmoid}, {}, {}}).output(0);
  }
  const std::string shape =
      graph.add_initializer("sample_shape", {static_cast<std::int64_t>(seen_as.size())},
                            std::span<const std::int64_t>(seen_as));
  const std::string seen = graph.add_node({"Reshape", {value, shape}, {}, {}}).output(0);
  const std::string at =
      graph.add_initializer("sample_at", {static_cast<std::int64_t>(indices.size())},
                            std::span<const std::int64_t>(indices));
  onnx::NodeProto& gather = graph.add_node({"Gather", {seen, at}, {}, {}});
  set_attribute(gather, "axis", std::int64_t{axis});
  return gather.output(0);
}

std::string masked(Graph& graph, const std::string& value, const std::vector<float>& mask) {
  if (std::find(mask.begin(), mask.end(), 0.0F) == mask.end()) return value;
  const std::string stored = graph.add_initializer(
      "sample_mask", {static_cast<std::int64_t>(mask.size())}, std::span<const float>(mask));
  return graph.add_node({"Mul", {value, stored}, {}, {}}).output(0);
}

std::string text_of(const Window& w) {
  std::string text;
  for (const auto* part : {&w.kernel, &w.strides, &w.dilations, &w.before, &w.after})
    text += " " + std::to_string((*part)[0]) + "," + std::to_string((*part)[1]);
  return text;
}

}  // namespace

std::optional<std::string> input_key(const Graph& graph, const ComputeNode& compute) {
  const std::string& value = compute.node->input(compute.activation);
  if (!is_op(*compute.node, "Conv")) return value + " rows";
  const std::optional<Window> window = window_of(graph, compute);
  if (!window) return std::nullopt;
  return value + text_of(*window);
}

std::optional<std::string> InputSampler::add_sample(Graph& graph, const onnx::NodeProto& node) {
  std::string reason;
  const std::optional<ComputeNode> compute = as_compute(graph, node, reason);
  if (!compute) return std::nullopt;
  const std::optional<std::string> key = input_key(graph, *compute);
  const std::string& value = node.input(compute->activation);
  if (!only_.empty() && only_.count(value) == 0) return std::nullopt;
  const std::optional<Shape> shape = graph.static_shape(value);
  if (!key || !shape || shape->empty() || element_count(*shape) == 0 || inputs_.count(*key) != 0)
    return std::nullopt;
  Source source{*key, 0, 1, is_op(node, "Conv")};
  LayerInput input;
  std::string made;
  if (source.channels_first) {
    const Taken taken = elements_under(*window_of(graph, *compute), (*shape)[2], (*shape)[3]);
    if (taken.positions == 0) return std::nullopt;
    source.positions = taken.positions;
    source.kernel = taken.indices.size() / taken.positions;
    input.columns = static_cast<std::size_t>((*shape)[1]) * source.kernel;
    made = masked(graph,
                  add_gather(graph, value, {(*shape)[0], (*shape)[1], (*shape)[2] * (*shape)[3]},
                             taken.indices, 2),
                  taken.mask);
  } else {
    const std::int64_t rows = element_count(*shape) / shape->back();
    std::vector<std::int64_t> indices;
    for (const auto& at : scattered(1, rows, kPositions)) indices.push_back(at[1]);
    source.positions = indices.size();
    input.columns = static_cast<std::size_t>(shape->back());
    made = add_gather(graph, value, {rows, shape->back()}, indices, 0);
  }
  input.sums.resize(input.columns);
  input.largest.resize(input.columns);
  inputs_.emplace(*key, std::move(input));
  sources_.emplace(made, std::move(source));
  return made;
}

void InputSampler::add_rows(const Source& source, std::span<const float> values) {
  LayerInput& input = inputs_.at(source.key);
  const std::size_t plane = source.positions * source.kernel;
  const std::size_t image =
      source.channels_first ? input.columns * source.positions : values.size();
  const std::size_t channels = input.columns / source.kernel;
  std::vector<float> row(input.columns);
  for (std::size_t first = 0; first < values.size(); first += image) {
    for (std::size_t p = 0; p < source.positions; ++p) {
      for (std::size_t c = 0; c < channels; ++c) {
        const float* from =
            values.data() + first +
            (source.channels_first ? c * plane + p * source.kernel : p * input.columns + c);
        std::copy_n(from, source.kernel, row.data() + c * source.kernel);
      }
      if (!std::all_of(row.begin(), row.end(), [](float v) { return std::isfinite(v); })) continue;
      for (std::size_t i = 0; i < row.size(); ++i) {
        input.sums[i] += static_cast<double>(row[i]);
        input.largest[i] = std::max(input.largest[i], std::abs(row[i]));
      }
      if (keep_rows_) {
        const std::size_t slot = static_cast<std::size_t>(input.count) % kRows;
        if (input.rows.size() < (slot + 1) * input.columns)
          input.rows.resize((slot + 1) * input.columns);
        std::transform(row.begin(), row.end(),
                       input.rows.begin() + static_cast<std::ptrdiff_t>(slot * input.columns),
                       float_to_bfloat16);
      }
      input.count += 1;
    }
  }
}

bool InputSampler::take(const std::string& output, const Tensor& tensor) {
  const auto source = sources_.find(output);
  if (source == sources_.end()) return false;
  const std::size_t image = inputs_.at(source->second.key).columns * source->second.positions;
  const auto elements = static_cast<std::size_t>(tensor.elements());
  // A runtime that gives something else leaves the layer without samples, which corrections say.
  if (tensor.type() == DataType::f32 && elements % image == 0)
    add_rows(source->second, {tensor.data<float>(), elements});
  return true;
}

}  // namespace tamis
