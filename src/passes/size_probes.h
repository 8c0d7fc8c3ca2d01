#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/geometry.h"
#include "graph/graph.h"

namespace tamis {

/// The picture sizes at which a model's shapes are inferred side by side: the model's own size
/// first, then multiples of it, so that whatever stride divides it divides these too.
inline constexpr std::size_t kSizeProbes = 7;
inline constexpr std::array<std::array<std::int64_t, 2>, kSizeProbes> kProbeFactors{
    {{1, 1}, {3, 1}, {1, 5}, {3, 5}, {7, 2}, {2, 11}, {5, 7}}};

/// One dimension at each of these sizes. It varies if it hangs on the picture's size.
using DimProbe = std::array<std::int64_t, kSizeProbes>;
DimProbe constant_dim(std::int64_t value);
bool varies(const DimProbe& dim);
DimProbe operator*(const DimProbe& a, const DimProbe& b);

/// dim(H, W) = (one + height·H + width·W + area·H·W) / divisor, in whole numbers, exact at every
/// probe where H and W are multiples of `stride`.
struct SizeFormula {
  std::int64_t one = 0, height = 0, width = 0, area = 0, divisor = 1;
  std::int64_t stride = 1;
};
/// The formula through the probes; absent where none of this form fits. `size`: the model's own.
std::optional<SizeFormula> fit_formula(const DimProbe& dim, Size size);

/// Shapes of a graph's values at all probes, inferred node by node with ONNX's own functions, so
/// that a node can be mended before the next one is looked at. One thread at a time.
class SizeProbes {
 public:
  /// Constants and the graph's inputs are known from the start; `image` is [N, C, H, W].
  SizeProbes(const Graph& graph, const std::string& image, Size size);

  /// Dimensions of a value; absent where its rank or a dimension is unknown at some probe.
  std::optional<std::vector<DimProbe>> dims(const std::string& value) const;
  /// Names a value's shape by hand, for nodes that are added.
  void set(const std::string& value, int type, const std::vector<DimProbe>& dims);
  /// A constant that was added to the graph.
  void add_constant(const onnx::TensorProto& tensor);

  /// Infers the node's outputs at every probe. Returns what ONNX says where the node contradicts
  /// its inputs at one of them, "" otherwise. Operators that ONNX does not know, and those with
  /// bodies, leave their outputs unknown.
  std::string infer(const onnx::NodeProto& node);

  int type(const std::string& value) const;  ///< onnx::TensorProto_DataType; 0: unknown

 private:
  void infer_at(std::size_t probe, onnx::NodeProto& node, int version);

  std::array<std::map<std::string, onnx::TypeProto>, kSizeProbes> types_;
  std::map<std::string, onnx::TensorProto> constants_;  // integers in full, others without data
  std::map<std::string, int> opsets_;
};

}  // namespace tamis
