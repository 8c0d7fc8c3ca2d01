#pragma once

#include "passes/passes.h"

namespace tamis {

/// Folds each BatchNormalization into the Conv that feeds it.
///
///   before  y = BN(Conv(x, W, b))      W [Cout, Cin/g, kH, kW]   b, γ, β, μ, σ² [Cout]
///   after   y = Conv(x, W', b')        s = γ / sqrt(σ² + ε)   W' = s·W   b' = s·(b − μ) + β
///
/// Applies when  the Conv output has one consumer; BN is in inference form; all six tensors are
/// constant; f32, f64. Leaves alone  f16 weights; a Conv whose output is a graph output. Exactness
/// computed in f64, rounded once. Source        Jacob et al. 2018, arXiv:1712.05877, eq. (14).
PassResult fuse_conv_bn(Graph& graph, const PassContext& context);

}  // namespace tamis
