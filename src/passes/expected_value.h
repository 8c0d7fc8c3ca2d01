#pragma once

#include "passes/passes.h"

namespace tamis {

/// Writes the expected value over softmax bins (DFL, the box decoding of YOLOv8 and v11) as one
/// matrix product.
///
///   before  e = Reshape(Conv(Softmax(Transpose(Reshape(x, [N,S,B,L]), [0,2,1,3]), axis=1), w)) x
///   [N,S*B,L]  w [1,B,1,1]  e [N,S,L] after   t = MatMul(M, Exp(Clip(x, -60, 60)))   n, d =
///   Split(t, axis=1)   e = Div(n, d)
///           M [2S, S*B]: row s holds w at the bins of side s, row S+s ones
///
/// Applies when  all is f32 with static S, B and w, and nothing else reads what lies between.
/// Leaves alone  another permutation or axis, a Conv with bias, strides or padding.
/// Exactness     equal in real arithmetic for |x| <= 60; beyond, bins are told apart only within
/// that range. f32: about 1e-4 of a bin. Why           Softmax over the second axis needs two
/// transpositions of the tensor in ONNX Runtime: a sixth of the time of a small INT8 detector.
PassResult expected_value_as_product(Graph& graph, const PassContext& context);

}  // namespace tamis
