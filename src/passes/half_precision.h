#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "graph/graph.h"

namespace tamis {

/// What became of the nodes.
struct HalfPrecision {
  std::size_t converted = 0;                ///< nodes that compute in f16 now
  std::map<std::string, std::string> kept;  ///< node → why it stays in f32
};

/// f16 holds 65504 at most; a value is trusted to stay below where it was seen to stay this far
/// below.
inline constexpr double kHalfMost = 65504;
inline constexpr double kHalfMargin = 4;

/// Turns f32 arithmetic into f16: weights rounded once, Casts where f32 meets f16; inputs and
/// outputs of the model keep their types.
///
///   before  y = Conv(x, W)            x, y f32 of the model
///   after   y = Cast(Conv(Cast(x), W16))
///
/// `largest`: of values, the largest magnitude that was seen; values that are not in it are taken
/// to be small. Leaves alone  nodes whose operator has no f16 form in ONNX at the model's opset, or
/// a body; whose constants are beyond f16 or vanish in it; whose values are beyond kHalfMost /
/// kHalfMargin; quantised arithmetic (DequantizeLinear and what only reads its output). Needs
/// infer_shapes().
HalfPrecision to_half_precision(Graph& graph, const std::map<std::string, double>& largest);

}  // namespace tamis
