#include "passes/size_nodes.h"

#include <numeric>

namespace tamis {

std::string SizeNodes::node(const char* op, const std::vector<std::string>& inputs) {
  return graph_.add_node({op, inputs}).output(0);
}

std::string SizeNodes::number(std::int64_t value) {
  auto known = numbers_.find(value);
  if (known != numbers_.end()) return known->second;
  const std::int64_t one[] = {value};
  return numbers_[value] = graph_.add_initializer("size_number", {1}, std::span(one));
}

std::string SizeNodes::side(int axis) {
  if (auto known = sides_.find(axis); known != sides_.end()) return known->second;
  if (shape_.empty()) shape_ = node("Shape", {image_});
  return sides_[axis] = node("Gather", {shape_, number(axis)});
}

std::string SizeNodes::times(const std::string& value, std::int64_t factor) {
  return factor == 1 ? value : node("Mul", {value, number(factor)});
}

std::string SizeNodes::dim(const DimProbe& dim) {
  if (!varies(dim)) return number(dim[0]);
  if (auto known = made_.find(dim); known != made_.end()) return known->second;
  const SizeFormula f = *fit_formula(dim, size_);
  stride_ = std::lcm(stride_, f.stride);
  std::vector<std::string> terms;
  if (f.height != 0) terms.push_back(times(side(2), f.height));
  if (f.width != 0) terms.push_back(times(side(3), f.width));
  if (f.area != 0) terms.push_back(times(node("Mul", {side(2), side(3)}), f.area));
  if (f.one != 0) terms.push_back(number(f.one));
  std::string sum = terms[0];
  for (std::size_t i = 1; i < terms.size(); ++i) sum = node("Add", {sum, terms[i]});
  if (f.divisor != 1) sum = node("Div", {sum, number(f.divisor)});
  return made_[dim] = sum;
}

std::string SizeNodes::list(const std::vector<DimProbe>& dims) {
  if (dims.size() == 1) return dim(dims[0]);
  std::vector<std::string> parts;
  for (const DimProbe& d : dims) parts.push_back(dim(d));
  onnx::NodeProto& concat = graph_.add_node({"Concat", parts});
  set_attribute(concat, "axis", std::int64_t{0});
  return concat.output(0);
}

std::string SizeNodes::scalar(const DimProbe& d) {
  const std::int64_t zero[] = {0};
  return node("Gather", {dim(d), graph_.add_initializer("size_first", {}, std::span(zero))});
}

}  // namespace tamis
