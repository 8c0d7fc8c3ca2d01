#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "quantize/quantize.h"

namespace tamis {

/// y = a · W (+ bias): a MatMul or Gemm whose W [K, N] is an f32 constant. What the forms without
/// calibration work on. All functions look only and are thread safe on a const graph after
/// infer_shapes().
struct ConstantProduct {
  const onnx::NodeProto* node = nullptr;
  std::string weights;      ///< name of the constant
  std::string bias;         ///< what is added afterwards, broadcast to [M, N]; "" where nothing is
  bool transposed = false;  ///< the constant is stored as [N, K]
  std::size_t k = 0;
  std::size_t n = 0;
};

/// The constant in row-major order, as [K, N] or, with `by_column`, as [N, K].
std::vector<float> weights_of(const Graph& graph, const ConstantProduct& product, bool by_column);

/// Every product of the graph, and the other nodes that multiply tensors, each with the reason why
/// it stays in float.
struct ProductPlan {
  std::vector<ConstantProduct> products;
  std::vector<KeptInFloat> kept_in_float;
};

/// A form of quantising products that needs no calibration.
struct ProductForm {
  std::string name;         ///< the operation in errors: "int8-dynamic"
  std::string conv_reason;  ///< why convolutions stay in float
};

/// Throws unsupported when there is no product.
ProductPlan plan_products(const Graph& graph, const ProductForm& form);

/// Has `write` replace every product of a copy of the graph, checks the copy, and only then puts it
/// in the graph's place. Throws as plan_products and as prepare_for_quantising do; the graph is
/// then untouched. Not thread safe for one graph.
QuantizeReport quantise_products(
    Graph& graph, const ProductForm& form,
    const std::function<void(Graph&, const std::vector<ConstantProduct>&)>& write);

/// Leaves out the zero point, which is 0 anyway, where the weights of a MatMul are dequantised.
/// ONNX Runtime 1.31 makes MatMulIntegerToFloat of both, and is slower with a zero point per column
/// (measured, bench/README.md). Not thread safe for one graph.
void drop_zero_points_of_products(Graph& graph);

}  // namespace tamis
