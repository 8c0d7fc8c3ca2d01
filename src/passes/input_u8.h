#pragma once

#include <string>
#include <vector>

#include "graph/graph.h"

namespace tamis {

/// How the caller made the input from pixels: x = (pixel / scale − mean) / std per channel of x, in
/// RGB order or, with `bgr`, the other way round.
struct PixelForm {
  bool bgr = false;
  double scale = 255;
  std::vector<double> mean, std;  ///< one per channel
};

/// Why the model's input cannot become a picture of bytes; empty: it can. Thread safe.
std::string input_u8_reason(const Graph& graph);

/// Makes the one input, f32 [N,C,H,W], a picture as it lies in memory: u8 [N,H,W,C], RGB (or grey).
///
///   before  x = (pixel / scale − mean) / std                    y = Conv(x, W, b)
///   after   t = Transpose(pixels)   y = Conv(Cast(t) − m, W', b)   m = mean·scale   W' =
///   W/(scale·std)
///
/// m goes into b where the convolution has no padding (a padded zero of x is no zero pixel). With
/// Q(x) where every pixel's quantised value is the pixel itself, t takes the place of Q(x) and
/// nothing is computed at all. Where x is used otherwise, the formula is written as nodes, in the
/// order of prepare_picture(). A SpaceToDepth of 2 in between becomes part of the Transpose.
/// Returns which of these it was, for people. Requires input_u8_reason() to be empty. Exactness
/// folded: rounded once from double; else bit by bit.
std::string take_u8_pictures(Graph& graph, const PixelForm& form);

}  // namespace tamis
