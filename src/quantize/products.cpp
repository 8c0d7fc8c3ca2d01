#include "quantize/products.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "quantize/input_kinds.h"
#include "quantize/roles.h"

namespace tamis {

namespace {

std::string name_of(const onnx::NodeProto& node) {
  return node.name().empty() ? node.output(0) : node.name();
}

bool has_constant_weights(const Graph& graph, const onnx::NodeProto& node) {
  return (is_op(node, "MatMul") || is_op(node, "Gemm")) && node.input_size() > 1 &&
         (graph.is_constant(node.input(0)) || graph.is_constant(node.input(1)));
}

std::optional<ConstantProduct> as_product(const Graph& graph, const onnx::NodeProto& node,
                                          std::string& reason) {
  const std::optional<ComputeNode> compute = as_compute(graph, node, reason);
  if (!compute) return std::nullopt;
  const std::optional<PartialShape> rows = graph.shape(node.input(compute->activation));
  if (!rows || rows->size() < 2) {
    reason = rows ? "its input is a vector" : "the rank of its input is not known";
    return std::nullopt;
  }
  ConstantProduct product;
  product.node = &node;
  product.weights = node.input(compute->weights);
  product.transposed = is_op(node, "Gemm") && compute->axis == 0;
  const Shape shape = shape_of(*graph.constant(product.weights));
  product.k = static_cast<std::size_t>(shape[product.transposed ? 1 : 0]);
  product.n = static_cast<std::size_t>(shape[product.transposed ? 0 : 1]);
  if (is_op(node, "Gemm") && node.input_size() > 2) product.bias = node.input(2);
  return product;
}

}  // namespace

std::vector<float> weights_of(const Graph& graph, const ConstantProduct& product, bool by_column) {
  std::vector<float> stored = floats(*graph.constant(product.weights));
  if (by_column == product.transposed) return stored;
  const std::size_t rows = product.transposed ? product.n : product.k;
  const std::size_t columns = product.transposed ? product.k : product.n;
  std::vector<float> turned(stored.size());
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < columns; ++c) turned[c * rows + r] = stored[r * columns + c];
  }
  return turned;
}

ProductPlan plan_products(const Graph& graph, const ProductForm& form) {
  ProductPlan plan;
  std::string refused;  // the first product with constant weights that cannot be quantised
  for (const onnx::NodeProto* node : graph.nodes()) {
    std::string reason = reason_of_bodies(*node);
    if (is_op(*node, "Conv") || is_op(*node, "ConvTranspose")) {
      reason = form.conv_reason;
    } else if (reason.empty()) {
      if (auto product = as_product(graph, *node, reason))
        plan.products.push_back(std::move(*product));
    }
    if (reason.empty()) continue;
    if (refused.empty() && has_constant_weights(graph, *node))
      refused = "'" + name_of(*node) + "': " + reason;
    plan.kept_in_float.push_back({name_of(*node), reason});
  }
  if (!plan.products.empty()) return plan;
  throw Error(ErrorCode::unsupported,
              form.name +
                  (refused.empty() ? ": there is no matrix product with constant weights"
                                   : ": no matrix product can be quantised (" + refused + ")") +
                  "; use int8-static, which quantises convolutions");
}

QuantizeReport quantise_products(
    Graph& graph, const ProductForm& form,
    const std::function<void(Graph&, const std::vector<ConstantProduct>&)>& write) {
  const std::int64_t start = now_ns();
  Graph work = graph;
  QuantizeReport report = prepare_for_quantising(work);
  const ProductPlan plan = plan_products(work, form);
  report.quantised_nodes = plan.products.size();
  report.kept_in_float = plan.kept_in_float;
  write(work, plan.products);
  work.sort();
  work.remove_dead();
  work.verify();
  graph = std::move(work);
  report.wall_s = seconds_since(start);
  return report;
}

void drop_zero_points_of_products(Graph& graph) {
  for (const onnx::NodeProto* product : graph.nodes_of("MatMul")) {
    const onnx::NodeProto* old = graph.producer(product->input(1));
    if (old == nullptr || !is_op(*old, "DequantizeLinear") || old->input_size() < 3) continue;
    const onnx::TensorProto* zero_point = graph.constant(old->input(2));
    if (zero_point == nullptr || zero_point->data_type() != onnx::TensorProto::INT8) continue;
    const std::vector<std::int64_t> zeros = ints(*zero_point);
    if (std::any_of(zeros.begin(), zeros.end(), [](std::int64_t z) { return z != 0; })) continue;
    const NodeSpec spec{
        "DequantizeLinear", {old->input(0), old->input(1)}, {old->output(0)}, old->name()};
    const std::int64_t axis = int_attribute(*old, "axis").value_or(1);
    graph.erase_node(*old);
    set_attribute(graph.add_node(spec), "axis", axis);
  }
  graph.sort();
  graph.remove_dead();
}

}  // namespace tamis
