#include "graph/propagation.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>

#include "base/error.h"
#include "graph/attributes.h"
#include "graph/subgraphs.h"
#include "graph/tensor_data.h"

namespace tamis {
namespace {

constexpr std::int64_t kLongest = 1 << 16;   // shapes have a handful of elements
constexpr std::int64_t kMostStep = 1 << 20;  // and are cut by one, or turned round by minus one

bool is_long(const onnx::ValueInfoProto& value) {
  const auto& type = value.type().tensor_type();
  return type.shape().dim_size() == 1 && type.shape().dim(0).dim_value() > kLongest;
}

class Looker {
 public:
  bool may_propagate(const onnx::ModelProto& model) {
    for (const auto& function : model.functions()) look(function.node());
    look(model.graph());
    return may_;
  }

 private:
  void look(const onnx::GraphProto& graph) {
    for (const auto& tensor : graph.initializer()) note(tensor.name(), tensor);
    for (const auto* values : {&graph.input(), &graph.value_info(), &graph.output()})
      may_ = may_ && std::none_of(values->begin(), values->end(), is_long);
    look(graph.node());
  }

  void look(const google::protobuf::RepeatedPtrField<onnx::NodeProto>& nodes) {
    for (const auto& node : nodes) {
      const onnx::AttributeProto* value = find_attribute(node, "value");
      if (node.op_type() == "Constant" && value != nullptr && node.output_size() == 1)
        note(node.output(0), value->t());
      if (node.op_type() == "Slice" && node.input_size() > 4 && !node.input(4).empty())
        may_ = may_ && has_small_steps(node.input(4));
      for_each_body(node, [this](const onnx::GraphProto& body) { look(body); });
    }
  }

  /// The largest magnitude of a small constant of integers.
  void note(const std::string& name, const onnx::TensorProto& tensor) {
    const bool whole = tensor.data_type() == onnx::TensorProto::INT64 ||
                       tensor.data_type() == onnx::TensorProto::INT32;
    if (tensor.dims_size() == 1 && tensor.dims(0) > kLongest && whole) may_ = false;
    if (!whole || find_element_count(shape_of(tensor)).value_or(kLongest) > kMostDims) return;
    std::int64_t most = 0;
    for (const std::int64_t v : ints(tensor))
      most = std::max(most, v < -kMostStep || v > kMostStep ? kMostStep + 1 : std::abs(v));
    largest_[name] = std::max(largest_[name], most);
  }

  bool has_small_steps(const std::string& name) const {
    const auto found = largest_.find(name);
    return found != largest_.end() && found->second <= kMostStep;
  }

  static constexpr std::int64_t kMostDims = 64;
  std::map<std::string, std::int64_t> largest_;
  bool may_ = true;
};

}  // namespace

bool may_propagate_values(const onnx::ModelProto& model) { return Looker().may_propagate(model); }

}  // namespace tamis
