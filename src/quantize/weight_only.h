#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "graph/graph.h"
#include "quantize/quantize.h"

namespace tamis {

struct WeightOnlyOptions {
  int bits = 4;            ///< 4 or 8
  std::size_t block = 32;  ///< elements along K that share a scale: a power of two from 16 to 256
};

/// Weights in blocks of 4 or 8 bits, activations in float: for models whose weights are read from
/// memory more slowly than they are multiplied. No calibration.
///
///   before  y = a · W (+ b)               MatMul, Gemm (transB too); W [K, N] f32 constant
///   after   y = com.microsoft.MatMulNBits(a, Wq, s) (+ b)
///
/// Both ONNX Runtime and OpenVINO execute that operator on the packed weights. Convolutions stay in
/// float, as it has no form for them. Inputs and outputs keep name, type and shape. Throws
/// invalid_argument for options, unsupported when there is no such product or the model is
/// quantised already; the graph is then untouched. Not thread safe for one graph. Source: ONNX
/// Runtime's ContribOperators.md, com.microsoft.MatMulNBits-1.
QuantizeReport quantize_weights_only(Graph& graph, const WeightOnlyOptions& options);

/// A matrix as MatMulNBits stores it: W[k, n] = scale[n, k / block] · (code − 2^(bits − 1)).
struct BlockWeights {
  std::vector<std::uint8_t> packed;  ///< [N, blocks, block · bits / 8], lower half first
  std::vector<float> scales;         ///< [N, blocks], > 0
};

/// `columns`: the matrix as [N, K]. The scale of each block is the one with the least squared error
/// among the block's greatest magnitude over 2^(bits − 1) − 1, over 2^(bits − 1), and smaller ones
/// down to .8 of that. Thread safe.
BlockWeights pack_blocks(std::span<const float> columns, std::size_t k,
                         const WeightOnlyOptions& options);

}  // namespace tamis
