#include "quantize/plan.h"

#include <algorithm>
#include <numeric>
#include <unordered_map>
#include <unordered_set>

#include "base/error.h"
#include "base/units.h"
#include "quantize/input_kinds.h"
#include "quantize/placement.h"
#include "quantize/tail.h"

namespace tamis {

namespace {

bool worth_a_reason(const Graph& graph, const onnx::NodeProto& node) {
  for (const std::string_view op :
       {"Add", "Sub", "Mul", "Div", "Concat", "Softmax", "Sigmoid", "Conv", "MatMul"}) {
    if (!is_op(node, op)) continue;
    const std::optional<int> type = graph.type(node.output(0));
    return type && *type == onnx::TensorProto::FLOAT && !graph.is_constant(node.output(0));
  }
  return false;
}

/// Splits the nodes into those computed in INT8 and those kept in float with their reason.
class Sorter {
 public:
  Sorter(const Graph& graph, const QuantizeOptions& options,
         const std::map<std::string, std::string>& too_wide)
      : graph_(graph), tail_(output_tail(graph)) {
    for (const auto& [name, reason] : too_wide) asked_[name] = reason;
    std::vector<std::string> known;
    for (const onnx::NodeProto* node : graph.nodes()) known.push_back(node_name(*node));
    for (const std::string& name : options.keep_float) {
      if (std::find(known.begin(), known.end(), name) == known.end()) {
        throw Error(ErrorCode::invalid_argument,
                    "quantize: no node is called '" + name + "'; " + suggest(name, known));
      }
      asked_[name] = "asked for";
    }
  }

  void sort(Plan& plan) const {
    for (const onnx::NodeProto* node : graph_.nodes()) {
      std::string reason;
      std::optional<ComputeNode> compute = as_compute(graph_, *node, reason);
      if (reason.empty()) reason = reason_of_bodies(*node);
      if (const auto asked = asked_.find(node_name(*node)); asked != asked_.end()) {
        reason = asked->second;
      } else if (tail_.count(node) != 0) {
        if (compute || worth_a_reason(graph_, *node)) {
          reason = "output tail, after the last convolution: ranges differ too much for one scale";
        }
      } else if (compute) {
        plan.compute.push_back(*compute);
      } else if (is_op(*node, "Softmax")) {
        reason = "Softmax is computed in float";
      }
      if (!reason.empty()) plan.kept_in_float.push_back({node_name(*node), reason});
    }
  }

  bool in_tail(const onnx::NodeProto* node) const { return tail_.count(node) != 0; }

 private:
  const Graph& graph_;
  std::unordered_set<const onnx::NodeProto*> tail_;
  std::map<std::string, std::string> asked_;
};

}  // namespace

std::string node_name(const onnx::NodeProto& node) {
  return node.name().empty() ? node.output(0) : node.name();
}

Plan plan_quantisation(const Graph& graph, const QuantizeOptions& options,
                       const std::map<std::string, std::string>& too_wide) {
  Plan plan;
  plan.sums_in_16_bits = options.sums_in_16_bits;
  Sorter(graph, options, too_wide).sort(plan);
  place(graph, options, plan);
  return plan;
}

std::set<std::string> observed_values(const Plan& plan) {
  std::set<std::string> values;
  for (const Group& group : plan.groups) {
    for (const RangeSource& source : group.sources) {
      if (!source.value.empty()) values.insert(source.value);
    }
  }
  return values;
}

}  // namespace tamis
