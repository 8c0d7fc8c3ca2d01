#include "graph/model_checks.h"

#include <fmt/format.h>
#include <onnx/checker.h>
#include <onnx/defs/schema.h>

#include <exception>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/printable.h"
#include "base/units.h"
#include "graph/graph.h"
#include "graph/skeleton.h"
#include "graph/subgraphs.h"

namespace tamis {
namespace {

using TensorVisitor = std::function<void(onnx::TensorProto&)>;

void visit_graph(onnx::GraphProto& graph, const TensorVisitor& visit);

void visit_nodes(google::protobuf::RepeatedPtrField<onnx::NodeProto>& nodes,
                 const TensorVisitor& visit) {
  for (auto& node : nodes) {
    for (auto& attribute : *node.mutable_attribute()) {
      if (attribute.has_t()) visit(*attribute.mutable_t());
      for (auto& tensor : *attribute.mutable_tensors()) visit(tensor);
      if (attribute.has_g()) visit_graph(*attribute.mutable_g(), visit);
      for (auto& body : *attribute.mutable_graphs()) visit_graph(body, visit);
    }
  }
}

void visit_graph(onnx::GraphProto& graph, const TensorVisitor& visit) {
  for (auto& tensor : *graph.mutable_initializer()) visit(tensor);
  visit_nodes(*graph.mutable_node(), visit);
}

std::string plain_domain(const std::string& domain) { return domain == "ai.onnx" ? "" : domain; }

// Domains whose operators ONNX itself defines; others belong to runtimes and are theirs to judge.
const std::map<std::string, std::pair<int, int>>& known_domains() {
  static const std::map<std::string, std::pair<int, int>> domains = [] {
    std::map<std::string, std::pair<int, int>> all;
    for (const auto& [domain, range] :
         onnx::OpSchemaRegistry::DomainToVersionRange::Instance().Map())
      if (domain.empty() || domain == "ai.onnx.ml") all[domain] = range;
    return all;
  }();
  return domains;
}

class OperatorCheck {
 public:
  OperatorCheck(const onnx::ModelProto& model, const std::string& operation)
      : operation_(operation) {
    for (const auto& import : model.opset_import())
      opsets_[plain_domain(import.domain())] = static_cast<int>(import.version());
    for (const auto& function : model.functions())
      functions_.insert({plain_domain(function.domain()), function.name()});
    check_versions();
  }

  void check(const onnx::GraphProto& graph) const {
    for (const auto& node : graph.node()) {
      check(node);
      for_each_body(node, [this](const onnx::GraphProto& body) { check(body); });
    }
  }

 private:
  void check_versions() const {
    for (const auto& [domain, version] : opsets_) {
      auto known = known_domains().find(domain);
      if (known == known_domains().end() || version <= known->second.second) continue;
      throw Error(
          ErrorCode::unsupported,
          fmt::format("{}: it needs opset {}{}, this program knows up to {}; export the model "
                      "with a lower opset",
                      operation_, version, domain.empty() ? "" : " of " + domain,
                      known->second.second));
    }
  }

  void check(const onnx::NodeProto& node) const {
    std::string domain = plain_domain(node.domain());
    if (functions_.count({domain, node.op_type()}) != 0) return;
    auto opset = opsets_.find(domain);
    if (opset == opsets_.end())
      throw Error(
          ErrorCode::corrupt_data,
          fmt::format("{}: node {} is of the domain \"{}\", which the model does not import; "
                      "export the model again",
                      operation_, describe(node), domain.empty() ? "ai.onnx" : printable(domain)));
    if (known_domains().count(domain) == 0) return;
    if (onnx::OpSchemaRegistry::Schema(node.op_type(), opset->second, domain) != nullptr) return;
    throw Error(ErrorCode::unsupported,
                fmt::format("{}: unknown operator: node {}: opset {} has no {}; {}", operation_,
                            describe(node), opset->second, printable(node.op_type()),
                            remedy(node, domain)));
  }

  static std::string remedy(const onnx::NodeProto& node, const std::string& domain) {
    if (const auto* later = onnx::OpSchemaRegistry::Schema(node.op_type(), domain))
      return fmt::format("it is there from opset {} on: export the model with that",
                         later->SinceVersion());
    std::set<std::string> names;
    for (const auto& schema : onnx::OpSchemaRegistry::get_all_schemas())
      if (schema.domain() == domain) names.insert(schema.Name());
    auto near = nearest_names(node.op_type(), {names.begin(), names.end()});
    std::string hint = near.empty() ? "" : fmt::format("did you mean {}? ", near.front());
    return hint + "Export the model with standard operators, or give the operator its own domain";
  }

  std::string operation_;
  std::map<std::string, int> opsets_;
  std::set<std::pair<std::string, std::string>> functions_;
};

/// Functions are written out wherever they are called, by inference and by runtimes: a few lines
/// can stand for more nodes than any memory holds, or for a function that calls itself.
class FunctionCheck {
 public:
  FunctionCheck(const onnx::ModelProto& model, const std::string& operation)
      : operation_(operation) {
    for (const auto& function : model.functions())
      functions_[{plain_domain(function.domain()), function.name()}].nodes = &function.node();
  }

  void check(const onnx::GraphProto& graph) { require(size_of(graph.node(), 0)); }

 private:
  static constexpr std::uint64_t kMostNodes = 1'000'000;
  static constexpr int kMostDepth = 64;
  using Nodes = google::protobuf::RepeatedPtrField<onnx::NodeProto>;
  struct Function {
    const Nodes* nodes = nullptr;
    std::optional<std::uint64_t> size;  // once it is known
  };

  std::uint64_t size_of(const Nodes& nodes, int depth) {
    if (depth > kMostDepth)
      refuse(fmt::format("functions are nested more than {} deep, or call themselves", kMostDepth));
    std::uint64_t size = 0;
    for (const auto& node : nodes) {
      size += 1 + called_size(node, depth);
      for_each_body(node,
                    [&](const onnx::GraphProto& body) { size += size_of(body.node(), depth + 1); });
      require(size);
    }
    return size;
  }

  std::uint64_t called_size(const onnx::NodeProto& node, int depth) {
    auto found = functions_.find({plain_domain(node.domain()), node.op_type()});
    if (found == functions_.end()) return 0;
    Function& function = found->second;
    if (!function.size) function.size = size_of(*function.nodes, depth + 1);
    return *function.size;
  }

  void require(std::uint64_t size) const {
    if (size > kMostNodes)
      refuse(fmt::format("its functions stand for more than {} nodes", kMostNodes));
  }
  [[noreturn]] void refuse(const std::string& problem) const {
    throw Error(ErrorCode::unsupported,
                operation_ + ": " + problem + "; export the model without functions");
  }

  std::string operation_;
  std::map<std::pair<std::string, std::string>, Function> functions_;
};

void check_tensor_size(const onnx::TensorProto& tensor, const std::string& operation) {
  std::size_t want = 0;
  try {
    want = data_bytes(tensor);
  } catch (const Error& error) {
    throw Error(ErrorCode::corrupt_data,
                operation + ": " + error.what() + "; export the model again");
  }
  if (want == 0 || !tensor.has_raw_data() || tensor.raw_data().size() == want) return;
  throw Error(
      ErrorCode::corrupt_data,
      fmt::format("{}: tensor \"{}\" of shape {} needs {} bytes and has {}; export the model again",
                  operation, printable(tensor.name()), to_text(shape_of(tensor)), want,
                  tensor.raw_data().size()));
}

}  // namespace

void for_each_tensor(onnx::ModelProto& model, const TensorVisitor& visit) {
  visit_graph(*model.mutable_graph(), visit);
  for (auto& function : *model.mutable_functions()) visit_nodes(*function.mutable_node(), visit);
}

void check_model(const onnx::ModelProto& model, const std::string& operation) {
  // The visitor only looks; for_each_tensor serves readers and writers alike.
  for_each_tensor(const_cast<onnx::ModelProto&>(model),
                  [&](onnx::TensorProto& tensor) { check_tensor_size(tensor, operation); });
  OperatorCheck(model, operation).check(model.graph());
  FunctionCheck(model, operation).check(model.graph());
  try {
    onnx::checker::check_model(model);
  } catch (const std::exception& error) {
    throw Error(ErrorCode::corrupt_data,
                operation + ": " + one_line(error.what()) + "; export the model again");
  }
}

void Graph::verify() const {
  check_model(model_, "verify " + source_);
  inferred_skeleton(model_, source_, Strictness::strict);
}

}  // namespace tamis
