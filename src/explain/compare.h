#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/tensor.h"
#include "explain/executed.h"
#include "runtime/backend.h"

namespace tamis {

/// Two values that ought to be equal: of the parent, and of the variant as its consumers see it.
struct TensorPair {
  std::string parent;
  std::string variant;
  bool operator==(const TensorPair&) const = default;
};

/// Compute layers of both that execute the same nodes. Fusion differs between the two, so each side
/// may have several layers, or none.
struct LayerGroup {
  std::string name;                          ///< of its heaviest node
  std::string op;                            ///< that node's operator, as the file has it
  std::vector<std::size_t> parent, variant;  ///< indices of layers
  std::vector<std::size_t> before;           ///< groups that feed it
  std::optional<TensorPair> output;  ///< of its last matched node that no activation follows
};

/// Matches layers by the names of their nodes' output tensors: quantising keeps a tensor's name
/// before or behind the Q/DQ pair; else by the name and operator of a node. Groups are in the
/// variant's order of execution, then those of the parent alone. A convolution or product and its
/// activation are one group.
std::vector<LayerGroup> match_layers(const Graph& parent, const Executed& parent_run,
                                     const Graph& variant, const Executed& variant_run);

/// One side alone: a group per compute layer.
std::vector<LayerGroup> own_layers(const Graph& graph, const Executed& run);

/// 10 log10(Σ reference² / Σ (value − reference)²), between −200 and 200. Both f32 and of equal
/// size; absent where not, or where a value is not finite.
std::optional<double> snr_db(const Tensor& reference, const Tensor& value);

using OpenModelFile = std::function<std::unique_ptr<Session>(const std::filesystem::path& model)>;

/// Runs both graphs on `input` with the pairs as outputs and returns the signal-to-noise ratio of
/// each; null where it cannot be told. Other outputs are dropped, so that memory holds no more than
/// the pairs. Exposing a value can keep a runtime from fusing what makes it. Throws what `open` and
/// the sessions throw. Needs inferred shapes.
std::vector<std::optional<double>> compare_tensors(const Graph& parent, const Graph& variant,
                                                   const std::vector<TensorPair>& pairs,
                                                   const Tensor& input, const OpenModelFile& open);

}  // namespace tamis
