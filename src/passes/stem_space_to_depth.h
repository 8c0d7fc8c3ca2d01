#pragma once

#include "passes/passes.h"

namespace tamis {

/// Gives the first convolution four times the channels on a quarter of the positions.
///
///   before  y = Conv(x, W, b)                     strides 2, W [M, C, kH, kW], x [N, C, H, L]
///   after   y = Conv(SpaceToDepth(x, 2), V, b)    strides 1, V [M, 4C, …], most of it W, else
///   zeros
///
/// Applies when  x is an input with static C <= 4 and static even H and L; W is an f32 constant;
/// group and dilations 1; pads as numbers. Leaves alone  an x that something else reads too.
/// Exactness     the same products, and products with zero, summed in another order. Why  kernels
/// work on blocks of 4 to 16 channels: with three, a stem runs at a tenth of the machine's peak.
PassResult stem_space_to_depth(Graph& graph, const PassContext& context);

}  // namespace tamis
