#pragma once

#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "passes/position_grid.h"

namespace tamis {

/// Walks a graph once, in order, and replaces what was written out for one picture size; see
/// free_shapes(). Throws unsupported naming the node; the graph is then half changed.
class ShapeFreer {
 public:
  ShapeFreer(Graph& graph, const std::string& image, Size size);

  /// Returns the nodes that were changed, described.
  std::vector<std::string> run();
  std::int64_t stride() const { return sizes_.stride(); }
  const SizeProbes& probes() const { return probes_; }

 private:
  using Dims = std::vector<DimProbe>;
  struct Rule {
    std::string_view op;
    void (ShapeFreer::*apply)(onnx::NodeProto& node);
  };
  static const std::vector<Rule>& rules();

  void visit(onnx::NodeProto& node);
  void check_numbers(const onnx::NodeProto& node) const;
  void learn(const onnx::NodeProto& node);
  [[noreturn]] void refuse(const onnx::NodeProto& node, const std::string& why) const;

  // Rules. Each changes the node where a constant of it hangs on the size.
  void free_reshape(onnx::NodeProto& node);
  void free_expand(onnx::NodeProto& node);
  void free_resize(onnx::NodeProto& node);
  void free_slice(onnx::NodeProto& node);
  void free_split(onnx::NodeProto& node);
  void free_pool(onnx::NodeProto& node);
  void free_operands(onnx::NodeProto& node);
  void free_concat(onnx::NodeProto& node);
  void refuse_weights(onnx::NodeProto& node);
  void refuse_indices(onnx::NodeProto& node);

  std::optional<Dims> dims(const onnx::NodeProto& node, int input) const;
  bool any_varies(const std::optional<Dims>& dims) const;
  std::optional<std::vector<std::int64_t>> integers(const onnx::NodeProto& node, int input) const;
  std::string constant_of(const std::vector<std::int64_t>& values);
  void set_output(const onnx::NodeProto& node, int output, const Dims& dims);
  void note(const onnx::NodeProto& node) { replaced_.insert(describe(node)); }
  std::string computed(const onnx::NodeProto& node, const Dims& wanted);
  std::vector<DimProbe> factors_of(const DimProbe& dim) const;
  AxisParts parts_of(const DimProbe& dim) const;
  void replace_constant(onnx::NodeProto& node, int input, const Dims& whole, bool expand);
  bool are_sides(const Dims& factors) const;
  std::optional<Dims> regroup(const Dims& from, const std::vector<std::int64_t>& to);
  std::optional<DimProbe> known_side(std::size_t axis, std::int64_t length) const;

  Graph& graph_;
  std::string image_;
  Size size_;
  SizeProbes probes_;
  SizeNodes sizes_;
  std::set<std::string> replaced_;
  std::map<DimProbe, Dims> products_;         ///< dimension → factors, outermost first
  std::set<DimProbe> ambiguous_;              ///< made of the same factors in two orders
  std::map<DimProbe, Dims> sums_;             ///< dimension → lengths that were joined
  std::array<std::set<DimProbe>, 2> sides_;   ///< heights and widths of maps met so far
  std::map<std::string, std::string> grids_;  ///< constant and lengths → what computes it
};

}  // namespace tamis
