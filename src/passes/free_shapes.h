#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/geometry.h"
#include "base/json.h"
#include "graph/graph.h"

namespace tamis {

/// What freeing a model's picture size came to.
struct FreedShapes {
  std::int64_t stride = 1;            ///< height and width must be multiples of this
  std::vector<std::string> replaced;  ///< nodes whose constants are computed now, described
};
Json to_json(const FreedShapes& freed);

/// Makes height and width of the model's picture dynamic, and computes from the picture's shape
/// what the exporter wrote out for one size.
///
///   before  images [1,3,640,640] … Reshape(x, [1,4,16,8400]) … Sub(anchors [1,2,8400], d)
///   after   images [1,3,height,width] … Reshape(x, [1,4,16,−1]) … Sub(Concat(Range…), d)
///
/// Found by structure and values, not by names: the shapes of all values are inferred at several
/// sizes side by side, node by node, and where a constant contradicts what varies it is replaced:
/// targets of Reshape and Expand (a side that is cut has windows of a fixed size, flattened
/// positions a fixed number of areas), lengths of Split, ends of Slice, sizes of Resize, windows of
/// pools that cover the whole map, and constants that hold a grid of positions or the same per
/// level (position_grid.h).
///
/// Applies when  the graph has one picture input [N, C, H, W] and is simplified (folded shape
///               arithmetic). `size`: the one it was made for; where its height and width are
///               dynamic already, only the stride is found.
/// Leaves alone  nothing silently: what cannot be computed (weights that belong to positions, a
///               fully connected layer behind a flattened map, positions as fractions, the
///               picture's size as a number among the values) throws unsupported, naming node and
///               reason, and leaves the graph as it was.
/// Exactness     at the model's own size every computed constant equals the one it replaces.
/// `stride` is the smallest divisor of the model's own size at which no operator contradicts its
/// inputs and each computed dimension is whole. Throws invalid_argument where there is no such
/// input.
FreedShapes free_shapes(Graph& graph, Size size);

/// The model at one height and width, all shapes known. Throws invalid_argument naming the sizes
/// around it where `freed.stride` does not divide it, or the node that cannot take it.
Graph fix_shapes(const Graph& graph, const FreedShapes& freed, Size size);

}  // namespace tamis
