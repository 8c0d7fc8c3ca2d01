#pragma once

#include <cstddef>

#include "graph/graph.h"
#include "quantize/layer_inputs.h"

namespace tamis {

/// Moves outlier channels from what a matrix product reads into its weights (SmoothQuant).
///
///   before  x = LayerNormalization(z; g, b)     y = MatMul(x, W)
///   after   x / s from g / s, b / s             W's rows * s
///           s_j = max|x_j|^alpha / max|W_j|^(1 - alpha)
///
/// Applies when  x is made by LayerNormalization, or by a last Mul (and Add) with constants of one
///               value per channel, is read by MatMul or Gemm with constant weights only, was
///               sampled, and max|x_j| of some channel is kOutlierChannel times their median.
/// Leaves alone  x with another use or that is a graph output; channels without values or weights.
/// Exactness     a scaling and its inverse; computed in f64, rounded once per constant.
/// Source        Xiao et al. 2023, arXiv:2211.10438, eq. (4).
///
/// `inputs`: what the layers of this graph read. Returns the number of products whose input
/// changed. Not thread safe.
std::size_t smooth_channels(Graph& graph, const LayerInputs& inputs, double alpha);

inline constexpr double kOutlierChannel = 4;

}  // namespace tamis
