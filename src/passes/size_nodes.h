#pragma once

#include <map>
#include <string>
#include <vector>

#include "passes/size_probes.h"

namespace tamis {

/// Adds to a graph what computes dimensions from the picture's size: Shape → Gather → Mul, Add, Div
/// on int64. Each dimension once.
class SizeNodes {
 public:
  SizeNodes(Graph& graph, std::string image, Size size)
      : graph_(graph), image_(std::move(image)), size_(size) {}

  /// Whether a formula gives this dimension.
  bool can_compute(const DimProbe& dim) const { return fit_formula(dim, size_).has_value(); }
  /// An int64 [1] value. Requires can_compute().
  std::string dim(const DimProbe& dim);
  /// An int64 [n] value.
  std::string list(const std::vector<DimProbe>& dims);
  /// An int64 scalar.
  std::string scalar(const DimProbe& dim);

  /// What height and width must be multiples of for every dimension computed so far.
  std::int64_t stride() const { return stride_; }
  Size size() const { return size_; }

 private:
  std::string side(int axis);
  std::string times(const std::string& value, std::int64_t factor);
  std::string number(std::int64_t value);
  std::string node(const char* op, const std::vector<std::string>& inputs);

  Graph& graph_;
  std::string image_;
  Size size_;
  std::string shape_;
  std::map<int, std::string> sides_;
  std::map<DimProbe, std::string> made_;
  std::map<std::int64_t, std::string> numbers_;
  std::int64_t stride_ = 1;
};

}  // namespace tamis
