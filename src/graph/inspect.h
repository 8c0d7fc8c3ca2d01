#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/geometry.h"
#include "base/json.h"
#include "base/tensor.h"
#include "graph/graph.h"

namespace tamis {

/// What a card can be inferred from, in base types (the caller makes card's ModelFacts of it,
/// member by member).
struct ModelDescription {
  std::vector<TensorInfo> inputs;
  std::vector<TensorInfo> outputs;
  std::map<std::string, std::string> metadata;
  std::vector<std::string>
      last_operators;  ///< the operator that makes each output, in order; "" where none does
};
ModelDescription describe_model(const Graph& graph);

/// Multiply-accumulates of one node and of a model. Counted: Conv, ConvTranspose, Gemm, MatMul,
/// ConvInteger, MatMulInteger, QLinearConv, QLinearMatMul; everything else costs nothing here (as
/// thop and fvcore count by default). Bias additions are not counted.
struct MacCount {
  std::int64_t total = 0;
  std::int64_t products = 0;         ///< of these in Gemm, MatMul, MatMulInteger, QLinearMatMul
  std::vector<std::string> unknown;  ///< nodes of counted operators whose shapes stay dynamic
};
/// `size` and batch 1 stand in for dynamic dimensions of 4-dimensional inputs; other dynamic
/// dimensions are taken as 1 when they come first, else stay unknown.
MacCount count_macs(const Graph& graph, std::optional<Size> size = std::nullopt);

/// A copy with all shapes that can be known where dynamic dimensions are as count_macs() takes
/// them; and its count.
Graph with_known_shapes(const Graph& graph, std::optional<Size> size);
MacCount count_known_macs(const Graph& fixed);

/// A node that multiplies and accumulates.
struct CountedNode {
  std::int64_t macs = 0;
  bool convolution = false;     ///< else a matrix product
  std::optional<int> stride{};  ///< of its output against the picture: rows of it per row
};
/// Each counted node whose shapes are known, by its first output.
std::map<std::string, CountedNode> macs_by_output(const Graph& graph,
                                                  std::optional<Size> size = std::nullopt);

/// Fills in dimensions of outputs that shape inference leaves open on a dynamic model although they
/// do not depend on batch and picture size: the model is inferred at two sizes, what agrees is
/// fixed. `outputs` are graph.outputs(), in order.
void find_fixed_output_dims(const Graph& graph, std::vector<TensorInfo>& outputs);

/// Elements of all f32, f64, f16, bf16 and 8-bit initializers and constants that nodes use (what
/// other tools call parameters; integer shape arithmetic is left out).
std::int64_t count_parameters(const Graph& graph);

/// A copy in which dynamic dimensions of the inputs are fixed: the first to `batch`, the last two
/// of a 4-dimensional input to `size`. Output and value shapes follow. Throws invalid_argument
/// naming input and dimension when one stays open.
Graph with_fixed_inputs(const Graph& graph, std::int64_t batch, std::optional<Size> size);

/// {inputs, outputs: [{name, type, shape}] (dynamic dimensions by name or "?"), operators: {type:
/// count}, nodes, parameters, macs, macs_products (of Gemm and MatMul), macs_unknown: [node],
/// least_memory: {bytes, layer} (memory_need.h, with the shapes that macs are counted with),
/// opsets: {domain: version}, ir_version, producer, metadata: {}, dynamic: ["input images: batch"],
/// notes: Graph::notes(), file_bytes}. Thread safe.
Json inspect_model(const Graph& graph, std::optional<Size> size = std::nullopt);

}  // namespace tamis
