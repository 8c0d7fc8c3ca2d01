#pragma once

#include <filesystem>
#include <string>

#include "base/files.h"
#include "graph/graph.h"

namespace tamis {

/// A graph in a temporary file, which lives as long as this: a float model of some hundred
/// megabytes then takes memory only while it is worked on. Loading is thread safe.
class StoredGraph {
 public:
  /// Throws io when the file cannot be written.
  explicit StoredGraph(const Graph& graph);

  Graph load() const;  ///< with inferred shapes
  std::filesystem::path file() const { return folder_.path() / "graph.onnx"; }
  const std::string& hash() const { return hash_; }  ///< of the graph's bytes

 private:
  TemporaryFolder folder_;
  std::string hash_;
};

}  // namespace tamis
