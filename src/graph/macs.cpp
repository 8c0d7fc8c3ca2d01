#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

#include "base/error.h"
#include "graph/inspect.h"
#include "graph/integers.h"

namespace tamis {
namespace {

using Macs = std::optional<std::int64_t>;

constexpr std::int64_t kMostMacs = std::numeric_limits<std::int64_t>::max();

/// The product of all of `shape` and of `filter` from its second dimension on; absent where it
/// cannot be counted.
Macs products_of(Shape shape, const Shape& filter) {
  shape.insert(shape.end(), filter.begin() + 1, filter.end());
  return find_element_count(shape);
}

// Every output element needs one product per element of its filter. Weights [Cout, Cin/g, k…].
Macs conv_macs(const Graph& graph, const onnx::NodeProto& node, int weight_input) {
  if (node.input_size() <= weight_input) return std::nullopt;
  auto out = graph.static_shape(node.output(0));
  auto weights = graph.static_shape(node.input(weight_input));
  if (!out || !weights || weights->size() < 2) return std::nullopt;
  return products_of(*out, *weights);
}

// Every input element is spread over its filter. Weights [Cin, Cout/g, k…].
Macs conv_transpose_macs(const Graph& graph, const onnx::NodeProto& node) {
  if (node.input_size() < 2) return std::nullopt;
  auto in = graph.static_shape(node.input(0));
  auto weights = graph.static_shape(node.input(1));
  if (!in || !weights || weights->size() < 2) return std::nullopt;
  return products_of(*in, *weights);
}

Macs matmul_macs(const Graph& graph, const onnx::NodeProto& node) {
  auto a = node.input_size() > 0 ? graph.static_shape(node.input(0)) : std::nullopt;
  auto out = graph.static_shape(node.output(0));
  if (!a || a->empty() || !out) return std::nullopt;
  bool transposed = int_attribute(node, "transA").value_or(0) != 0;
  return products_of(*out, {1, transposed ? a->front() : a->back()});
}

struct MacRow {
  std::string_view op_type;
  std::function<Macs(const Graph&, const onnx::NodeProto&)> count;
};

const std::vector<MacRow>& mac_rows() {
  auto conv = [](int weight_input) {
    return [weight_input](const Graph& graph, const onnx::NodeProto& node) {
      return conv_macs(graph, node, weight_input);
    };
  };
  static const std::vector<MacRow> rows{{"Conv", conv(1)},
                                        {"ConvInteger", conv(1)},
                                        {"QLinearConv", conv(3)},
                                        {"Gemm", matmul_macs},
                                        {"MatMul", matmul_macs},
                                        {"MatMulInteger", matmul_macs},
                                        {"QLinearMatMul", matmul_macs},
                                        {"ConvTranspose", conv_transpose_macs}};
  return rows;
}

std::string dim_text(const onnx::TensorShapeProto::Dimension& dim) {
  if (dim.has_dim_value()) return std::to_string(dim.dim_value());
  return dim.dim_param().empty() ? "?" : dim.dim_param();
}

bool is_open(const onnx::TensorShapeProto::Dimension& dim) {
  return !dim.has_dim_value() || dim.dim_value() < 0;
}

// Fixes what it can, returns what stays open: `input "images", dimension 1 (channels)`.
std::vector<std::string> fix_inputs(Graph& graph, std::int64_t batch, std::optional<Size> size) {
  std::vector<std::string> open;
  for (auto& input : *graph.graph().mutable_input()) {
    if (!graph.is_input(input.name()) || !input.type().has_tensor_type()) continue;
    auto& dims = *input.mutable_type()->mutable_tensor_type()->mutable_shape()->mutable_dim();
    const auto counts_channels = [&](int i) {
      return dims.size() == 4 && (dims.Get(i).dim_value() == 1 || dims.Get(i).dim_value() == 3);
    };
    const int height = counts_channels(3) && !counts_channels(1) ? 1 : 2;  // channels last
    for (int i = 0; i < dims.size(); ++i) {
      if (!is_open(dims.Get(i))) continue;
      bool spatial = dims.size() == 4 && (i == height || i == height + 1);
      if (i == 0)
        dims.Mutable(i)->set_dim_value(batch);
      else if (spatial && size)
        dims.Mutable(i)->set_dim_value(i == height ? size->height : size->width);
      else
        open.push_back("input \"" + input.name() + "\", dimension " + std::to_string(i) + " (" +
                       dim_text(dims.Get(i)) + ")");
    }
  }
  return open;
}

// Notes about values and outputs were true of the dynamic model; only inference knows them now.
void forget_shapes(Graph& graph) {
  graph.graph().clear_value_info();
  for (auto& output : *graph.graph().mutable_output())
    if (output.type().has_tensor_type())
      output.mutable_type()->mutable_tensor_type()->clear_shape();
}

void note_output_shapes(Graph& graph) {
  for (auto& output : *graph.graph().mutable_output()) {
    auto shape = graph.shape(output.name());
    if (!shape || !output.type().has_tensor_type()) continue;
    auto& dims = *output.mutable_type()->mutable_tensor_type()->mutable_shape();
    for (const auto& dim : *shape) {
      auto& added = *dims.add_dim();
      if (dim) added.set_dim_value(*dim);
    }
  }
}

// Puts the values of shape arithmetic where inference can see them, as far as one leads to the
// next.
void infer_deeply(Graph& graph) {
  graph.infer_shapes();
  constexpr int kRounds = 4;
  for (int round = 0; round < kRounds; ++round) {
    bool changed = false;
    for (auto& [name, tensor] : known_integers(graph)) {
      std::string copy =
          graph.consumers(name).empty() ? "" : graph.add_initializer(std::move(tensor));
      changed = (!copy.empty() && graph.replace_uses(name, copy) > 0) || changed;
    }
    if (!changed) return;
    graph.infer_shapes();
  }
}

}  // namespace

Graph with_known_shapes(const Graph& graph, std::optional<Size> size) {
  Graph fixed = graph;
  fix_inputs(fixed, 1, size);
  forget_shapes(fixed);
  infer_deeply(fixed);
  return fixed;
}

namespace {

/// Rows of the first input that is a picture; channels may be last.
std::optional<std::int64_t> picture_rows(const Graph& graph) {
  for (const auto& input : graph.graph().input()) {
    const auto shape = graph.static_shape(input.name());
    if (!graph.is_input(input.name()) || !shape || shape->size() != 4) continue;
    const auto counts_channels = [&](std::size_t i) {
      return (*shape)[i] == 1 || (*shape)[i] == 3;
    };
    return (*shape)[counts_channels(3) && !counts_channels(1) ? 1 : 2];
  }
  return std::nullopt;
}

std::optional<int> stride_of(const Graph& graph, const onnx::NodeProto& node,
                             std::optional<std::int64_t> rows) {
  const auto shape = graph.static_shape(node.output(0));
  if (!rows || !shape || shape->size() != 4 || (*shape)[2] <= 0) return std::nullopt;
  const std::int64_t stride = *rows / (*shape)[2] + (*rows % (*shape)[2] * 2 >= (*shape)[2]);
  return static_cast<int>(std::min<std::int64_t>(stride, std::numeric_limits<int>::max()));
}

bool is_product(std::string_view op_type) {
  return op_type.find("Mat") != op_type.npos || op_type == "Gemm";
}

}  // namespace

std::map<std::string, CountedNode> macs_by_output(const Graph& graph, std::optional<Size> size) {
  const Graph fixed = with_known_shapes(graph, size);
  const auto rows = picture_rows(fixed);
  std::map<std::string, CountedNode> counts;
  for (const onnx::NodeProto* node : fixed.nodes()) {
    for (const MacRow& row : mac_rows()) {
      if (!is_op(*node, row.op_type)) continue;
      const bool convolution = !is_product(row.op_type);
      if (Macs macs = row.count(fixed, *node))
        counts[node->output(0)] = {*macs, convolution,
                                   convolution ? stride_of(fixed, *node, rows) : std::nullopt};
    }
  }
  return counts;
}

MacCount count_macs(const Graph& graph, std::optional<Size> size) {
  return count_known_macs(with_known_shapes(graph, size));
}

MacCount count_known_macs(const Graph& fixed) {
  MacCount count;
  for (const onnx::NodeProto* node : fixed.nodes()) {
    for (const MacRow& row : mac_rows()) {
      if (!is_op(*node, row.op_type)) continue;
      // Each can be counted; the sum of all that is not all of them might not.
      if (Macs macs = row.count(fixed, *node); macs && *macs < kMostMacs - count.total) {
        count.total += *macs;
        if (is_product(row.op_type)) count.products += *macs;
      } else {
        count.unknown.push_back(describe(*node));
      }
    }
  }
  return count;
}

void find_fixed_output_dims(const Graph& graph, std::vector<TensorInfo>& outputs) {
  std::vector<std::vector<TensorInfo>> tries;
  for (auto [batch, size] : {std::pair(1, Size{320, 384}), std::pair(2, Size{512, 640})}) {
    Graph fixed = graph;
    fix_inputs(fixed, batch, size);
    forget_shapes(fixed);
    infer_deeply(fixed);
    tries.push_back(fixed.outputs());
  }
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const auto& a = tries[0][i].shape;
    const auto& b = tries[1][i].shape;
    if (a.size() != b.size() || (!outputs[i].shape.empty() && outputs[i].shape.size() != a.size()))
      continue;
    outputs[i].shape.resize(a.size());
    for (std::size_t d = 0; d < a.size(); ++d)
      if (a[d] && a[d] == b[d]) outputs[i].shape[d] = a[d];
  }
}

Graph with_fixed_inputs(const Graph& graph, std::int64_t batch, std::optional<Size> size) {
  Graph fixed = graph;
  std::vector<std::string> open = fix_inputs(fixed, batch, size);
  if (!open.empty())
    throw Error(ErrorCode::invalid_argument,
                "fix inputs of " + graph.source() + ": " + open.front() +
                    " is dynamic; give its size with --input-size HxW");
  const auto declared = fixed.graph().output();
  forget_shapes(fixed);
  fixed.infer_shapes();
  note_output_shapes(fixed);
  // Behind an operator that inference does not know (com.microsoft) the declaration is all there
  // is.
  for (int i = 0; i < declared.size(); ++i)
    if (!fixed.shape(declared.Get(i).name())) *fixed.graph().mutable_output(i) = declared.Get(i);
  return fixed;
}

}  // namespace tamis
