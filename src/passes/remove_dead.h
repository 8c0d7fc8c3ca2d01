#pragma once

#include "passes/passes.h"

namespace tamis {

/// Erases nodes and initializers that no graph output needs.
///
///   before  y = Relu(x); z = Exp(x)        outputs: y
///   after   y = Relu(x)
///
/// Applies when  always.
/// Leaves alone  graph inputs, used or not; initializers that callers may replace.
/// Exactness     the same bits.
PassResult remove_dead(Graph& graph, const PassContext& context);

}  // namespace tamis
