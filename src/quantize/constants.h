#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "base/tensor.h"
#include "graph/graph.h"
#include "quantize/affine.h"
#include "quantize/input_errors.h"
#include "quantize/layer_inputs.h"
#include "quantize/pair_sums.h"
#include "quantize/plan.h"

namespace tamis {

/// The constants of a compute node as they will be written: a matrix of s8 weights with one row per
/// output channel, and a float bias that is rounded when it is written. Corrections change these.
struct NodeConstants {
  Shape shape;               ///< of the weights in the file, seen as [outer, channels, inner]
  std::size_t outer = 1;     ///< > 1 where the output channels are not the first axis
  std::size_t channels = 1;  ///< rows
  std::size_t inner = 1;
  std::size_t groups = 1;                              ///< of a convolution
  float input_scale = 1;                               ///< of the activation
  std::shared_ptr<const std::vector<float>> original;  ///< float weights as they lie in the file
  QuantisedWeights weights;                            ///< laid out as `original`
  std::vector<float> bias;           ///< one per row; empty where the node has none
  std::vector<float> original_bias;  ///< the float model's
  std::vector<double> least;         ///< per row the least scale (affine.h); empty without bias
  std::vector<double> input_error;   ///< per column of what the node reads (LayerInput): E[x' - x],
                                     ///< by which quantising moves its mean; empty: not known
  PairSums sums;                     ///< of the columns: what has to fit into 16 bits

  std::size_t columns() const { return outer * inner; }
  /// Of what the node reads (LayerInput), where the row's own columns begin: its group's.
  std::size_t first_column(std::size_t row) const { return row / (channels / groups) * columns(); }
  /// Where the weight of a row and a column lies; columns run over [outer, inner].
  std::size_t at(std::size_t row, std::size_t column) const {
    return (column / inner * channels + row) * inner + column % inner;
  }
  double weight(std::size_t row, std::size_t column) const {
    return static_cast<double>(weights.values[at(row, column)]) *
           static_cast<double>(weights.scales[row]);
  }
  /// Rounded minus original weight.
  double error(std::size_t row, std::size_t column) const {
    return weight(row, column) - static_cast<double>((*original)[at(row, column)]);
  }
};

/// One scale per row (quantise_weights); one entry per node of plan.compute. `affines` has one
/// entry per group of the plan. Where a node's input was sampled, each weight is rounded up or down
/// so that the output's error is least (descend() over gram_of_products()), the scales of a small
/// layer go by that error too, and the bias takes the mean error off, that of the input's
/// quantising (`errors`) with it; else weights are rounded to the nearest. Thread safe.
std::vector<NodeConstants> quantise_constants(const Graph& graph, const Plan& plan,
                                              const std::vector<Affine>& affines,
                                              const LayerInputs& inputs = {},
                                              const InputErrors& errors = {});

/// Takes the mean error of each output channel off the bias: what rounding the weights makes of it,
/// and what 8 bits make of the input. Values pile up where SiLU is flat, so that a channel's
/// rounding errors have a mean, and it is the same at all places of a kernel.
///
///   before  y = W' x' + b        W' the rounded weights, x' the input in 8 bits
///   after   y = W' x' + b'       b' = b - (W' - W) E[x] - W' E[x' - x]
///
/// Leaves alone  nodes without bias: matrix products, all of the tensorrt form (float biases).
/// Source        Nagel et al. 2019, arXiv:1906.04721, section 4.2; E[x] as observed, E[x' - x] as
///               measured (input_errors.h).
void take_mean_error_off(NodeConstants& node, const LayerInput& input);

}  // namespace tamis
