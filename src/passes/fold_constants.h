#pragma once

#include "passes/passes.h"

namespace tamis {

/// Replaces what depends on constants only, and shape arithmetic on known shapes, by its value.
///
///   before  y = Reshape(x, Concat(Gather(Shape(x), 0), [-1]))     x [1,64,80,80]
///   after   y = Reshape(x, [1,-1])
///
/// Applies when  every input of a node is constant (context.evaluate runs all such nodes as one
/// small model); or the result is int64 shape arithmetic
///               that known_integers() finds (needs no evaluate).
/// Leaves alone  random operators, operators of other domains, nodes with bodies; QuantizeLinear
/// and DequantizeLinear, which
///               are how a weight is stored; results of unknown shape or of types that Tensor has
///               not; what makes a graph output; what would make the file grow by more than
///               context.max_growth_bytes in all.
/// Exactness     that of the runtime behind evaluate; shape arithmetic is exact.
PassResult fold_constants(Graph& graph, const PassContext& context);

}  // namespace tamis
