#pragma once

#include <vector>

#include "graph/graph.h"
#include "quantize/affine.h"
#include "quantize/constants.h"
#include "quantize/plan.h"

namespace tamis {

/// Writes the plan into the graph it was made for; `affines` has one entry per group,
/// `constants` one per compute node. The plan's node pointers are no longer valid afterwards.
/// Cannot fail for a plan of this graph.
///
///   before  y = Conv(x, W, b)
///   after   xq = Q(x)   y' = Conv(DQ(xq), DQ(Wq), DQ(bq))   yq = Q(y')   y = DQ(yq)
///           W s8 per channel, b s32 with scale s_x * s_W
///
/// Every user of a quantised value, graph outputs included, sees what came through 8 bits. With
/// `with_quick_gelu` a SiLU whose input is quantised becomes com.microsoft.QuickGelu (x *
/// sigmoid(alpha x), alpha = 1), which OpenVINO reads as its Swish. Returns for each compute node
/// the name of the value that it makes in the written graph.
std::vector<std::string> write_quantised(Graph& graph, const Plan& plan,
                                         const std::vector<Affine>& affines,
                                         const std::vector<NodeConstants>& constants,
                                         bool with_quick_gelu);

}  // namespace tamis
