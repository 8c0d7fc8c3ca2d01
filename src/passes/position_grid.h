#pragma once

#include <string>
#include <vector>

#include "passes/size_nodes.h"

namespace tamis {

/// How an axis of a constant is made up: levels one behind the other, each the row-major product of
/// factors ({{h8, w8}, {h16, w16}, {h32, w32}}: the anchors of three levels). Empty: the axis does
/// not hang on the picture's size.
using AxisParts = std::vector<std::vector<DimProbe>>;

/// A constant that was written out for one picture size, as a computation for all.
struct PositionGrid {
  std::string value;   ///< computed; empty: cannot be
  std::string reason;  ///< why not
};

/// Replaces a constant by base + Σ slope · position, per level, where that is what it holds: a grid
/// of cells ((x + .5, y + .5), in cells or in pixels), or what is the same at every position of a
/// level (strides, anchor sizes).
///
/// Leaves alone  constants whose values are no such function (learned for each position), that hang
///               on the position by fractions of the picture (1 / h: they would need other values
///               at another size), that are no floats, and those with two axes made of levels.
/// `expand`: every axis gets its full length; else those that hold the same at every position keep
/// length 1, for operators that broadcast.
PositionGrid make_position_grid(Graph& graph, SizeNodes& sizes, const onnx::TensorProto& constant,
                                const std::vector<AxisParts>& axes, bool expand);

}  // namespace tamis
