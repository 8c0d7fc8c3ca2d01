#include "quantize/stored_graph.h"

#include "base/hash.h"

namespace tamis {

StoredGraph::StoredGraph(const Graph& graph) : folder_("tamis-graph") {
  graph.save(file());
  hash_ = hash_file(file());
}

Graph StoredGraph::load() const {
  Graph graph = Graph::load(file());
  graph.infer_shapes();
  return graph;
}

}  // namespace tamis
