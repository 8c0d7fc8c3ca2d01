#include "passes/expected_value.h"

#include <optional>
#include <string>
#include <vector>

#include "graph/attributes.h"
#include "graph/tensor_data.h"

namespace tamis {

namespace {

struct ExpectedValueMatch {
  std::vector<const onnx::NodeProto*> nodes;  ///< first to last
  std::string x;
  std::string result;
  std::int64_t sides = 0;
  std::vector<float> bins;
};

/// The only consumer of the node's output if it is this operator.
const onnx::NodeProto* next(const Graph& graph, const onnx::NodeProto* node, std::string_view op) {
  if (node == nullptr) return nullptr;
  const onnx::NodeProto* user = graph.only_consumer(node->output(0));
  return user != nullptr && is_op(*user, op) && user->input(0) == node->output(0) ? user : nullptr;
}

const onnx::NodeProto* previous(const Graph& graph, const onnx::NodeProto* node,
                                std::string_view op) {
  if (node == nullptr || graph.only_consumer(node->input(0)) != node) return nullptr;
  const onnx::NodeProto* before = graph.producer(node->input(0));
  return before != nullptr && is_op(*before, op) ? before : nullptr;
}

bool is_plain_conv(const Graph& graph, const onnx::NodeProto& conv) {
  const onnx::TensorProto* weights = graph.constant(conv.input(1));
  if (weights == nullptr || weights->data_type() != onnx::TensorProto::FLOAT) return false;
  const Shape shape = shape_of(*weights);
  if (shape.size() != 4 || shape[0] != 1 || shape[2] != 1 || shape[3] != 1) return false;
  if (conv.input_size() > 2 && !conv.input(2).empty()) return false;
  for (const char* name : {"strides", "pads"}) {
    const bool pads = name[0] == 'p';
    for (const std::int64_t v : ints_attribute(conv, name).value_or(std::vector<std::int64_t>{})) {
      if (v != (pads ? 0 : 1)) return false;
    }
  }
  return string_attribute(conv, "auto_pad").value_or("NOTSET") == "NOTSET";
}

/// Sizes that are known: rank, and all dimensions but the first and the last.
bool has_form(const Graph& graph, const std::string& value,
              const std::vector<std::int64_t>& middle) {
  const std::optional<PartialShape> shape = graph.shape(value);
  if (!shape || shape->size() != middle.size() + 2) return false;
  for (std::size_t i = 0; i < middle.size(); ++i) {
    if ((*shape)[i + 1] != middle[i]) return false;
  }
  return graph.type(value) == onnx::TensorProto::FLOAT;
}

std::optional<ExpectedValueMatch> match(const Graph& graph, const onnx::NodeProto& softmax) {
  const onnx::NodeProto* transpose = previous(graph, &softmax, "Transpose");
  const onnx::NodeProto* split_bins = previous(graph, transpose, "Reshape");
  const onnx::NodeProto* conv = next(graph, &softmax, "Conv");
  const onnx::NodeProto* joined = next(graph, conv, "Reshape");
  if (split_bins == nullptr || joined == nullptr || !is_plain_conv(graph, *conv))
    return std::nullopt;
  if (int_attribute(softmax, "axis").value_or(-1) != 1) return std::nullopt;
  if (ints_attribute(*transpose, "perm") != std::vector<std::int64_t>{0, 2, 1, 3})
    return std::nullopt;
  ExpectedValueMatch m{{split_bins, transpose, &softmax, conv, joined},
                       split_bins->input(0),
                       joined->output(0),
                       0,
                       floats(*graph.constant(conv->input(1)))};
  const auto bins = static_cast<std::int64_t>(m.bins.size());
  const std::optional<PartialShape> form = graph.shape(split_bins->output(0));
  if (!form || form->size() != 4 || !(*form)[1]) return std::nullopt;
  m.sides = *(*form)[1];
  if (!has_form(graph, split_bins->output(0), {m.sides, bins}) ||
      !has_form(graph, m.x, {m.sides * bins}) || !has_form(graph, m.result, {m.sides})) {
    return std::nullopt;
  }
  return m;
}

std::vector<float> sum_matrix(const ExpectedValueMatch& m) {
  const std::size_t sides = static_cast<std::size_t>(m.sides);
  const std::size_t bins = m.bins.size();
  std::vector<float> matrix(2 * sides * sides * bins, 0.0F);
  for (std::size_t s = 0; s < sides; ++s) {
    for (std::size_t b = 0; b < bins; ++b) {
      matrix[s * sides * bins + s * bins + b] = m.bins[b];
      matrix[(sides + s) * sides * bins + s * bins + b] = 1.0F;
    }
  }
  return matrix;
}

void rewrite(Graph& graph, const ExpectedValueMatch& m) {
  const std::string base = m.nodes[2]->name();
  for (auto it = m.nodes.rbegin(); it != m.nodes.rend(); ++it) graph.erase_node(**it);
  const float low = -60;
  const float high = 60;
  const std::int64_t sizes[] = {m.sides, m.sides};
  const std::vector<float> values = sum_matrix(m);
  const auto width = m.sides * static_cast<std::int64_t>(m.bins.size());
  const std::string least =
      graph.add_initializer(base + "_least", {}, std::span<const float>(&low, 1));
  const std::string most =
      graph.add_initializer(base + "_most", {}, std::span<const float>(&high, 1));
  const std::string halves =
      graph.add_initializer(base + "_halves", {2}, std::span<const std::int64_t>(sizes));
  const std::string matrix =
      graph.add_initializer(base + "_sums", {2 * m.sides, width}, std::span<const float>(values));
  const auto add = [&](const std::string& op, std::vector<std::string> inputs,
                       int outputs = 1) -> onnx::NodeProto& {
    return graph.add_node(
        {op, std::move(inputs), {}, graph.unique_node_name(base + "/" + op), {}, outputs});
  };
  const std::string clipped = add("Clip", {m.x, least, most}).output(0);
  const std::string powers = add("Exp", {clipped}).output(0);
  const std::string sums = add("MatMul", {matrix, powers}).output(0);
  onnx::NodeProto& split = add("Split", {sums, halves}, 2);
  set_attribute(split, "axis", std::int64_t{1});
  graph.add_node({"Div",
                  {split.output(0), split.output(1)},
                  {m.result},
                  graph.unique_node_name(base + "/Div")});
}

}  // namespace

PassResult expected_value_as_product(Graph& graph, const PassContext&) {
  PassResult result;
  graph.infer_shapes();
  for (const onnx::NodeProto* softmax : graph.nodes_of("Softmax")) {
    const std::optional<ExpectedValueMatch> m = match(graph, *softmax);
    if (!m) continue;
    rewrite(graph, *m);
    ++result.changes;
  }
  if (result.changes != 0) {
    graph.sort();
    graph.remove_dead();
  }
  return result;
}

}  // namespace tamis
