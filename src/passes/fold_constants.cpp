#include "passes/fold_constants.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_set>
#include <utility>

#include "base/error.h"
#include "graph/integers.h"
#include "graph/subgraphs.h"

namespace tamis {
namespace {

constexpr std::string_view kNeverFolded[] = {
    "Constant",     "QuantizeLinear",   "DequantizeLinear", "DynamicQuantizeLinear",
    "RandomNormal", "RandomNormalLike", "RandomUniform",    "RandomUniformLike",
    "Multinomial",  "Bernoulli",        "Dropout"};

bool may_fold(const onnx::NodeProto& node) {
  if (!is_op(node, node.op_type())) return false;
  bool has_body = false;
  for_each_body(node, [&](const onnx::GraphProto&) { has_body = true; });
  return !has_body && std::find(std::begin(kNeverFolded), std::end(kNeverFolded), node.op_type()) ==
                          std::end(kNeverFolded);
}

struct Plan {
  std::unordered_set<const onnx::NodeProto*> folded;
  std::map<std::string, onnx::TensorProto> known;  // values found by shape arithmetic
  std::vector<std::string> to_evaluate;            // values that the rest of the graph needs
  std::vector<std::string> to_replace;             // of `known`, those that the rest needs
  std::vector<std::string> skipped;
};

class Planner {
 public:
  Planner(const Graph& graph, const PassContext& context) : graph_(graph), context_(context) {}

  Plan plan() {
    plan_.known = known_integers(graph_);
    for (const onnx::NodeProto* node : graph_.nodes()) consider(*node);
    for (const onnx::NodeProto* node : graph_.nodes()) {
      if (plan_.folded.count(node) == 0) continue;
      for (const std::string& value : node->output()) find_frontier(value);
    }
    return std::move(plan_);
  }

 private:
  void consider(const onnx::NodeProto& node) {
    if (!may_fold(node) || makes_output(node)) return;
    if (node.output_size() == 1 && plan_.known.count(node.output(0)) != 0) {
      plan_.folded.insert(&node);
      return;
    }
    if (!context_.evaluate || !all_inputs_constant(node)) return;
    std::string reason = refusal(node);
    if (reason.empty())
      plan_.folded.insert(&node);
    else
      plan_.skipped.push_back(describe(node) + ": " + reason);
  }

  bool makes_output(const onnx::NodeProto& node) const {
    return std::any_of(node.output().begin(), node.output().end(),
                       [&](const std::string& value) { return graph_.is_output(value); });
  }

  bool is_folded_value(const std::string& value) const {
    const onnx::NodeProto* maker = graph_.producer(value);
    return maker != nullptr && plan_.folded.count(maker) != 0;
  }

  bool all_inputs_constant(const onnx::NodeProto& node) const {
    return std::all_of(node.input().begin(), node.input().end(), [&](const std::string& value) {
      return value.empty() || graph_.is_constant(value) || is_folded_value(value);
    });
  }

  std::optional<std::size_t> bytes_of(const std::string& value) const {
    auto shape = graph_.static_shape(value);
    auto type = graph_.type(value);
    auto ours = type ? data_type(*type) : std::nullopt;
    if (!shape || !ours) return std::nullopt;
    const auto count = find_element_count(*shape);
    return count ? std::optional(static_cast<std::size_t>(*count) * byte_size(*ours))
                 : std::nullopt;
  }

  // Why an all-constant node stays; "" if it can go. Growth: what comes minus the constants that
  // only this node uses.
  std::string refusal(const onnx::NodeProto& node) {
    std::size_t added = 0;
    for (const std::string& value : node.output()) {
      if (value.empty()) continue;
      auto bytes = bytes_of(value);
      if (!bytes) return "the shape or type of its result is not known";
      if (*bytes > kMostTensorBytes) return "its result is too large";
      added += *bytes;
    }
    std::size_t freed = 0;
    for (const std::string& value : std::set<std::string>(node.input().begin(), node.input().end()))
      if (!value.empty() && graph_.only_consumer(value) == &node)
        freed += bytes_of(value).value_or(0);
    std::size_t growth = added > freed ? added - freed : 0;
    if (growth + grown_ > context_.max_growth_bytes)
      return "folding it would make the file grow by " + std::to_string(growth) + " bytes";
    grown_ += growth;
    return "";
  }

  void find_frontier(const std::string& value) {
    if (value.empty()) return;
    auto users = graph_.consumers(value);
    bool needed = std::any_of(users.begin(), users.end(), [&](const onnx::NodeProto* user) {
      return plan_.folded.count(user) == 0;
    });
    if (!needed) return;
    (plan_.known.count(value) != 0 ? plan_.to_replace : plan_.to_evaluate).push_back(value);
  }

  const Graph& graph_;
  const PassContext& context_;
  Plan plan_;
  std::size_t grown_ = 0;
};

// A model without inputs that makes the values to evaluate.
class SmallModel {
 public:
  SmallModel(const Graph& graph, const Plan& plan) : graph_(graph), plan_(plan) {
    model_.set_ir_version(graph.proto().ir_version());
    *model_.mutable_opset_import() = graph.proto().opset_import();
    model_.mutable_graph()->set_name("constants");
  }

  Graph build() {
    for (const std::string& value : plan_.to_evaluate) need(value);
    std::unordered_set<const onnx::NodeProto*> wanted(nodes_.begin(), nodes_.end());
    for (const onnx::NodeProto* node : graph_.nodes())
      if (wanted.count(node) != 0) *model_.mutable_graph()->add_node() = *node;
    for (const std::string& value : plan_.to_evaluate) add_output(value);
    return Graph(std::move(model_), "constants of " + graph_.source());
  }

 private:
  /// Chains of constants can be longer than the stack is deep.
  void need(const std::string& value) {
    std::vector<std::string> open{value};
    while (!open.empty()) {
      const std::string next = std::move(open.back());
      open.pop_back();
      if (!next.empty() && seen_.insert(next).second) take(next, open);
    }
  }

  void take(const std::string& value, std::vector<std::string>& open) {
    auto known = plan_.known.find(value);
    const onnx::TensorProto* tensor =
        known != plan_.known.end() ? &known->second : graph_.constant(value);
    if (tensor != nullptr) {
      onnx::TensorProto& copy = *model_.mutable_graph()->add_initializer();
      copy = *tensor;
      copy.set_name(value);
      // Before IR version 4 an initializer must be listed as an input too; 4 lifts that.
      model_.set_ir_version(std::max<std::int64_t>(model_.ir_version(), 4));
      return;
    }
    const onnx::NodeProto* maker = graph_.producer(value);
    nodes_.push_back(maker);
    open.insert(open.end(), maker->input().begin(), maker->input().end());
  }

  void add_output(const std::string& value) {
    onnx::ValueInfoProto& output = *model_.mutable_graph()->add_output();
    output.set_name(value);
    auto& type = *output.mutable_type()->mutable_tensor_type();
    type.set_elem_type(graph_.type(value).value());
    Shape shape =
        graph_.static_shape(value).value_or(Shape());  // the planner made sure that it is known
    auto& dims = *type.mutable_shape();
    for (std::int64_t dim : shape) dims.add_dim()->set_dim_value(dim);
  }

  const Graph& graph_;
  const Plan& plan_;
  onnx::ModelProto model_;
  std::set<std::string> seen_;
  std::vector<const onnx::NodeProto*> nodes_;
};

std::vector<onnx::TensorProto> evaluate(const Graph& graph, const Plan& plan,
                                        const PassContext& context) {
  if (plan.to_evaluate.empty()) return {};
  std::vector<Tensor> results = context.evaluate(SmallModel(graph, plan).build(), {});
  if (results.size() != plan.to_evaluate.size())
    throw Error(ErrorCode::backend_failed,
                "fold constants: the runtime gave " + std::to_string(results.size()) +
                    " results instead of " + std::to_string(plan.to_evaluate.size()));
  std::vector<onnx::TensorProto> tensors;
  for (std::size_t i = 0; i < results.size(); ++i) {
    const std::string& value = plan.to_evaluate[i];
    if (results[i].shape() != graph.static_shape(value) ||
        onnx_type(results[i].type()) != graph.type(value))
      throw Error(ErrorCode::backend_failed, "fold constants: the runtime gave \"" + value +
                                                 "\" another type or shape than the model says");
    tensors.push_back(to_proto(results[i], value));
  }
  return tensors;
}

}  // namespace

PassResult fold_constants(Graph& graph, const PassContext& context) {
  graph.infer_shapes();
  Plan plan = Planner(graph, context).plan();
  std::vector<onnx::TensorProto> tensors = evaluate(graph, plan, context);
  for (const std::string& value : plan.to_replace) tensors.push_back(plan.known.at(value));
  PassResult result{plan.folded.size(), std::move(plan.skipped)};
  if (tensors.empty()) result.changes = 0;
  for (onnx::TensorProto& tensor : tensors) {
    std::string value = tensor.name();
    graph.replace_uses(value, graph.add_initializer(std::move(tensor)));
  }
  graph.remove_dead();
  return result;
}

}  // namespace tamis
