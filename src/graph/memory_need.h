#pragma once

#include <cstdint>
#include <string>

#include "graph/graph.h"

namespace tamis {

/// What running a model on one picture takes, whatever the runtime does to save memory.
struct MemoryNeed {
  std::uint64_t bytes = 0;
  std::string layer;  ///< the node that holds the most, as in messages; "" where none is counted
};

/// A lower bound: weights, inputs and outputs, and the inputs and outputs of the one layer that
/// holds the most. Counted are layers that cannot work in place and that no runtime takes apart or
/// into another: convolutions, pools, and those that make more of what they get (Resize, Expand,
/// Tile). What a runtime keeps beside them is not known here. In the types of the file; one
/// byte for each float of a layer where the model quantises, since its layers may then run in
/// INT8. Needs graph.infer_shapes(); layers of unknown shape are left out. Thread safe.
MemoryNeed least_memory(const Graph& graph);

}  // namespace tamis
