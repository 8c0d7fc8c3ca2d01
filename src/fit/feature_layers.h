#pragma once

#include <string>
#include <vector>

#include "base/geometry.h"
#include "graph/graph.h"

namespace tamis {

/// A feature map of a backbone: the value [1, channels, height, width].
struct FeatureLayer {
  std::string value;
  std::size_t channels = 0;
  Size size;
  int stride = 0;  ///< input height / map height, rounded
};

/// The maps to tap, finest first. `graph` has static shapes, one picture as input, and
/// infer_shapes() behind it.
///
/// Without `names`: at three successive strides, from 4 on as in the PaDiM paper where there are
/// three, else the three deepest, or fewer. At each stride the last value that everything deeper
/// hangs on alone; a residual sum (or its activation) before any other, since it carries what the
/// stride has found, where the expansion behind it belongs to the next one.
/// With `names`: values, or nodes for their first output, in any order.
///
/// Throws unsupported where the backbone has no spatial feature map, invalid_argument for a name
/// that is unknown (nearest ones are named) or no spatial feature map.
std::vector<FeatureLayer> choose_layers(const Graph& graph, const std::vector<std::string>& names);

}  // namespace tamis
