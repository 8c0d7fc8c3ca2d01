#include "passes/remove_dead.h"

namespace tamis {

PassResult remove_dead(Graph& graph, const PassContext&) { return {graph.remove_dead(), {}}; }

}  // namespace tamis
