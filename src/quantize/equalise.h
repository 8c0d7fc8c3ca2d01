#pragma once

#include <string>
#include <vector>

#include "graph/graph.h"

namespace tamis {

/// Evens out channels of very different magnitude, which would share one activation scale.
///
///   before  y = Conv2(Relu(Conv1(x; W1, b1)); W2)       r1 = max |W1| per output channel of Conv1
///   after   W1 / s, b1 / s, W2 * s per channel           r2 = max |W2| per input channel of Conv2
///           s = sqrt(r1 r2) / r2                          repeated over all pairs until nothing
///           moves
///
/// Applies when  the values between have no other use; W1, b1, W2 are f32 constants; Conv2 has one
///               group or is depthwise; some r1 is kOutlier times their median.
/// Leaves alone  SiLU, Clip, LeakyRelu between (not exact there); channels with r1 or r2 of 0;
///               models without outlier channels.
/// Exactness     Relu(s x) = s Relu(x) for s > 0; computed in f64, rounded once per pair.
/// Source        Nagel et al. 2019, arXiv:1906.04721, section 4.1.
///
/// Returns the names of the first convolutions of the pairs that changed. Not thread safe.
std::vector<std::string> equalise_channels(Graph& graph);

inline constexpr double kOutlier = 8;

}  // namespace tamis
