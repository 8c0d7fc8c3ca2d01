#include "quantize/layer_inputs.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

#include "base/hash.h"

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
  const auto above = [](const std::vector<std::int64_t>& values, std::int64_t least) {
    return std::all_of(values.begin(), values.end(), [=](auto v) { return v >= least; });
  };
  if (!above(strides, 1) || !above(dilations, 1) || !above(pads, 0)) return std::nullopt;
  return Window{{weights[2], weights[3]},
                {strides[0], strides[1]},
                {dilations[0], dilations[1]},
                {pads[0], pads[1]},
                {pads[2], pads[3]}};
}

/// One of each of `count` equal parts of [0, size), all shifted by the same share of a part.
std::vector<std::int64_t> spread(std::int64_t size, std::size_t count, double shift) {
  std::vector<std::int64_t> chosen;
  for (std::size_t i = 0; i < count; ++i)
    chosen.push_back(static_cast<std::int64_t>(
        (static_cast<double>(i) + shift) * static_cast<double>(size) / static_cast<double>(count)));
  return chosen;
}

/// In [0, 1): another one for each layer and dimension.
double shift_of(const std::string& key, std::size_t dimension) {
  constexpr int kHexadecimal = 16;
  const std::string digits = hash_text(key + std::to_string(dimension)).substr(0, 8);
  return static_cast<double>(std::stoul(digits, nullptr, kHexadecimal)) / std::ldexp(1.0, 32);
}

/// What of one dimension of a plane lies under the windows of some outputs: the windows one after
/// another. Windows that lie inside, where these are most; else 0 in the mask for what is padding.
struct Taken {
  std::vector<std::int64_t> indices;
  std::vector<float> mask;
  std::vector<double> inside;  ///< per place in the window: share of all outputs whose element is
                               ///< no padding; 1 where the windows taken have the padding
  std::size_t positions = 0;
};

Taken elements_under(const Window& w, std::size_t d, std::int64_t size, std::size_t most,
                     double shift) {
  const std::int64_t stride = w.strides[d], before = w.before[d], kernel = w.kernel[d];
  const std::int64_t reach = w.dilations[d] * (kernel - 1) + 1;
  const std::int64_t out =
      std::max((size + before + w.after[d] - reach) / stride + 1, std::int64_t{0});
  const std::int64_t first = (before + stride - 1) / stride;
  const std::int64_t end = std::min(out, (size - reach + before) / stride + 1);
  const bool has_inner = size >= reach && end - first >= (out + 1) / 2;
  const std::int64_t from = has_inner ? first : 0, to = has_inner ? end : out;
  const auto element = [&](std::int64_t at, std::int64_t i) {
    return at * stride - before + i * w.dilations[d];
  };
  const auto is_inside = [&](std::int64_t e) { return e >= 0 && e < size; };
  Taken taken;
  taken.positions = std::min(static_cast<std::size_t>(to - from), most);
  for (const std::int64_t at : spread(to - from, taken.positions, shift)) {
    for (std::int64_t i = 0; i < kernel; ++i) {
      const std::int64_t e = element(from + at, i);
      taken.indices.push_back(is_inside(e) ? e : 0);
      taken.mask.push_back(is_inside(e) ? 1.0F : 0.0F);
    }
  }
  for (std::int64_t i = 0; i < kernel; ++i) {
    std::int64_t count = 0;
    for (std::int64_t at = 0; at < out; ++at) count += is_inside(element(at, i)) ? 1 : 0;
    taken.inside.push_back(has_inner ? static_cast<double>(count) / static_cast<double>(out) : 1);
  }
  return taken;
}

std::string add_gather(Graph& graph, const std::string& value,
                       const std::vector<std::int64_t>& indices, int axis) {
  const std::string at =
      graph.add_initializer("sample_at", {static_cast<std::int64_t>(indices.size())},
                            std::span<const std::int64_t>(indices));
  onnx::NodeProto& gather = graph.add_node({"Gather", {value, at}, {}, {}});
  set_attribute(gather, "axis", std::int64_t{axis});
  return gather.output(0);
}

std::string masked(Graph& graph, const std::string& value, const Taken& rows,
                   const Taken& columns) {
  std::vector<float> mask;
  for (const float row : rows.mask)
    for (const float column : columns.mask) mask.push_back(row * column);
  if (std::find(mask.begin(), mask.end(), 0.0F) == mask.end()) return value;
  const std::string stored = graph.add_initializer(
      "sample_mask",
      {static_cast<std::int64_t>(rows.mask.size()), static_cast<std::int64_t>(columns.mask.size())},
      std::span<const float>(mask));
  return graph.add_node({"Mul", {value, stored}, {}, {}}).output(0);
}

/// Of what SiLU makes, its input is gathered: that is mostly observed too, and is there anyway.
std::string add_windows(Graph& graph, const std::string& value, const Taken& rows,
                        const Taken& columns) {
  const onnx::NodeProto* maker = graph.producer(value);
  const auto silu = maker == nullptr ? std::nullopt : as_silu(graph, *maker);
  const std::string x = add_gather(
      graph, add_gather(graph, silu ? silu->x : value, rows.indices, 2), columns.indices, 3);
  if (!silu) return masked(graph, x, rows, columns);
  const std::string sigmoid = graph.add_node({"Sigmoid", {x}, {}, {}}).output(0);
  return masked(graph, graph.add_node({"Mul", {x, sigmoid}, {}, {}}).output(0), rows, columns);
}

/// Some rows of what is seen as a matrix.
std::string add_rows_of(Graph& graph, const std::string& value, const Shape& shape,
                        const std::vector<std::int64_t>& rows) {
  const Shape seen_as{element_count(shape) / shape.back(), shape.back()};
  const std::string dims =
      graph.add_initializer("sample_shape", {2}, std::span<const std::int64_t>(seen_as));
  return add_gather(graph, graph.add_node({"Reshape", {value, dims}, {}, {}}).output(0), rows, 0);
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

std::size_t sampled_block(std::size_t columns, std::size_t positions) {
  constexpr std::size_t kMost = 64;
  if (columns <= kMost) return columns;
  return positions == 1 ? kMost : std::min(positions, kMost);
}

const LayerInput* find_input(const LayerInputs& inputs, const Graph& graph,
                             const ComputeNode& compute) {
  const std::optional<std::string> key = input_key(graph, compute);
  if (!key) return nullptr;
  const auto found = inputs.find(*key);
  return found == inputs.end() || found->second.count == 0 ? nullptr : &found->second;
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
  Source source;
  source.key = *key;
  source.channels_first = is_op(node, "Conv");
  LayerInput input;
  std::string made;
  if (source.channels_first) {
    const Window window = *window_of(graph, *compute);
    const auto under = [&](std::size_t dimension, std::size_t most) {
      return elements_under(window, dimension, (*shape)[dimension + 2], most,
                            shift_of(*key, dimension));
    };
    // A square grid, or a longer one where a side is short.
    const std::size_t across = under(1, kSideOfGrid).positions;
    if (across == 0) return std::nullopt;
    const Taken rows = under(0, kPositions / across);
    if (rows.positions == 0) return std::nullopt;
    const Taken columns = under(1, kPositions / rows.positions);
    source.positions = {rows.positions, columns.positions};
    source.kernel = {rows.indices.size() / rows.positions,
                     columns.indices.size() / columns.positions};
    for (const double row : rows.inside)
      for (const double column : columns.inside) source.inside.push_back(row * column);
    input.columns = static_cast<std::size_t>((*shape)[1]) * source.kernel[0] * source.kernel[1];
    made = add_windows(graph, value, rows, columns);
  } else {
    const std::int64_t rows = element_count(*shape) / shape->back();
    const std::size_t count = std::min(static_cast<std::size_t>(rows), kPositions);
    source.positions = {count, 1};
    source.inside = {1};
    input.columns = static_cast<std::size_t>(shape->back());
    made = add_rows_of(graph, value, *shape, spread(rows, count, shift_of(*key, 0)));
  }
  input.block = sampled_block(input.columns, source.inside.size());
  input.inside = source.inside;
  input.sums.resize(input.columns);
  input.products.resize(input.columns * input.block);
  input.largest.resize(input.columns);
  inputs_.emplace(*key, std::move(input));
  sources_.emplace(made, std::move(source));
  return made;
}

void InputSampler::copy_row(const Source& source, const float* image, std::size_t p,
                            std::vector<float>& row) {
  if (!source.channels_first) {
    std::copy_n(image + p * row.size(), row.size(), row.data());
    return;
  }
  const auto [height, width] = source.kernel;
  const std::size_t line = source.positions[1] * width, plane = source.positions[0] * height * line;
  const float* const first =
      image + p / source.positions[1] * height * line + p % source.positions[1] * width;
  float* to = row.data();
  for (std::size_t c = 0; c < row.size() / (height * width); ++c)
    for (std::size_t i = 0; i < height; ++i, to += width)
      std::copy_n(first + c * plane + i * line, width, to);
}

namespace {

/// Two places are both inside where the one is that is so less often: they lie at the same border.
void add_products(const std::vector<double>& inside, const std::vector<float>& row,
                  std::size_t block, std::vector<float>& products) {
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (row[i] == 0) continue;
    const double share = inside[i % inside.size()];
    const std::size_t first = i / block * block, end = std::min(first + block, row.size());
    float* to = products.data() + i * block;
    for (std::size_t j = first; j < end; ++j, ++to)
      *to += row[i] * row[j] * static_cast<float>(std::min(share, inside[j % inside.size()]));
  }
}

}  // namespace

void InputSampler::add_rows(const Source& source, std::span<const float> values) {
  LayerInput& input = inputs_.at(source.key);
  const std::size_t positions = source.positions[0] * source.positions[1];
  std::vector<float> row(input.columns);
  for (std::size_t first = 0; first < values.size(); first += positions * row.size()) {
    for (std::size_t p = 0; p < positions; ++p) {
      copy_row(source, values.data() + first, p, row);
      if (!std::all_of(row.begin(), row.end(), [](float v) { return std::isfinite(v); })) continue;
      for (std::size_t i = 0; i < row.size(); ++i) {
        input.sums[i] += static_cast<double>(row[i]) * source.inside[i % source.inside.size()];
        input.largest[i] = std::max(input.largest[i], std::abs(row[i]));
      }
      add_products(source.inside, row, input.block, input.products);
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
  const auto [rows, columns] = source->second.positions;
  const std::size_t image = inputs_.at(source->second.key).columns * rows * columns;
  const auto elements = static_cast<std::size_t>(tensor.elements());
  // A runtime that gives something else leaves the layer without samples, which corrections say.
  if (tensor.type() == DataType::f32 && elements % image == 0)
    add_rows(source->second, {tensor.data<float>(), elements});
  return true;
}

}  // namespace tamis
