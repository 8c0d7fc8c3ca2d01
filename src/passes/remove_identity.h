#pragma once

#include "passes/passes.h"

namespace tamis {

/// Takes nodes out of the way that give their input back unchanged.
///
///   before  y = Relu(Identity(x))
///   after   y = Relu(x)
///
/// Applies when  Identity; Dropout outside training; Cast to the type that it has; Reshape, Flatten
/// and Expand to the shape that it has; Transpose that keeps the order; Slice with steps of 1 that
///               keeps the shape; Concat, Sum, Max, Min, Mean of one input; Pad by nothing; Mul or
///               Div by 1, Add or Sub of 0 where the shape stays.
/// Leaves alone  anything whose shape, type or constants are not known; Dropout whose mask is used;
/// a node between a graph input (or a constant) and a graph output, but it
///               becomes an Identity: OpenVINO leaves the output of others untouched.
/// Exactness     the same bits (but −0 + 0 = +0).
PassResult remove_identity(Graph& graph, const PassContext& context);

}  // namespace tamis
