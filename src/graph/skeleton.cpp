#include "graph/skeleton.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <exception>
#include <map>
#include <set>
#include <string>

#include "base/error.h"
#include "graph/attributes.h"
#include "graph/propagation.h"

namespace tamis {
namespace {

bool is_bulk(const onnx::TensorProto& tensor) {
  bool floating = tensor.data_type() == onnx::TensorProto::FLOAT ||
                  tensor.data_type() == onnx::TensorProto::FLOAT16 ||
                  tensor.data_type() == onnx::TensorProto::BFLOAT16 ||
                  tensor.data_type() == onnx::TensorProto::INT8 ||
                  tensor.data_type() == onnx::TensorProto::UINT8;
  return floating && tensor.ByteSizeLong() > 4096;
}

onnx::ModelProto skeleton(const onnx::ModelProto& model) {
  onnx::ModelProto out;
  out.set_ir_version(model.ir_version());
  *out.mutable_opset_import() = model.opset_import();
  *out.mutable_functions() = model.functions();
  onnx::GraphProto& graph = *out.mutable_graph();
  graph.set_name(model.graph().name());
  *graph.mutable_node() = model.graph().node();
  *graph.mutable_input() = model.graph().input();
  *graph.mutable_output() = model.graph().output();
  *graph.mutable_value_info() = model.graph().value_info();
  *graph.mutable_sparse_initializer() = model.graph().sparse_initializer();
  for (const auto& tensor : model.graph().initializer()) {
    onnx::TensorProto& copy = *graph.add_initializer();
    if (!is_bulk(tensor)) {
      copy = tensor;
      continue;
    }
    copy.set_name(tensor.name());
    copy.set_data_type(tensor.data_type());
    *copy.mutable_dims() = tensor.dims();
  }
  return out;
}

/// ONNX's own definitions of some operators (MeanVarianceNormalization) hold a Constant that its
/// strict inference refuses.
bool is_onnx_own(const std::string& text) {
  return text.find("(op_type:Constant)") != text.npos &&
         text.find("One and only one of the attributes") != text.npos;
}

/// Reshape's shape function follows values that were computed from version 14 on only.
constexpr std::int64_t kFollowsShapes = 14;

bool is_default_domain(const std::string& domain) { return domain.empty() || domain == "ai.onnx"; }

/// Whether some Reshape of an older version has an output of unknown rank.
bool stops_at_reshape(const onnx::ModelProto& inferred) {
  const auto& imports = inferred.opset_import();
  const bool old = std::any_of(imports.begin(), imports.end(), [](const auto& import) {
    return is_default_domain(import.domain()) && import.version() < kFollowsShapes;
  });
  if (!old) return false;
  std::set<std::string> known;
  for (const auto* values : {&inferred.graph().value_info(), &inferred.graph().output()})
    for (const auto& value : *values)
      if (value.type().tensor_type().has_shape()) known.insert(value.name());
  const auto& nodes = inferred.graph().node();
  return std::any_of(nodes.begin(), nodes.end(), [&](const onnx::NodeProto& node) {
    return is_op(node, "Reshape") && node.output_size() == 1 && known.count(node.output(0)) == 0;
  });
}

/// What was an attribute until version 12 is an input from 13 on.
void move_attribute_to_input(onnx::GraphProto& graph, onnx::NodeProto& node) {
  constexpr std::array<std::array<const char*, 2>, 4> kMoved{
      {{"Squeeze", "axes"}, {"Unsqueeze", "axes"}, {"ReduceSum", "axes"}, {"Split", "split"}}};
  for (const auto& [op, attribute] : kMoved) {
    if (!is_op(node, op) || node.input_size() != 1) continue;
    const auto values = ints_attribute(node, attribute);
    if (!values) continue;
    onnx::TensorProto& tensor = *graph.add_initializer();
    tensor.set_name(node.output_size() > 0 ? node.output(0) + "\n" + attribute : attribute);
    tensor.set_data_type(onnx::TensorProto::INT64);
    tensor.add_dims(static_cast<std::int64_t>(values->size()));
    for (const std::int64_t value : *values) tensor.add_int64_data(value);
    node.add_input(tensor.name());
    auto& attributes = *node.mutable_attribute();
    attributes.erase(std::remove_if(attributes.begin(), attributes.end(),
                                    [&](const auto& a) { return a.name() == attribute; }),
                     attributes.end());
  }
}

/// The same operators in the version that follows shapes. Of those between, the four above alone
/// have other inputs; what else is not inferred in it keeps the types that are known already.
onnx::ModelProto in_later_version(const onnx::ModelProto& inferred) {
  onnx::ModelProto later = inferred;
  for (auto& import : *later.mutable_opset_import())
    if (is_default_domain(import.domain()))
      import.set_version(std::max<std::int64_t>(import.version(), kFollowsShapes));
  for (auto& node : *later.mutable_graph()->mutable_node())
    move_attribute_to_input(*later.mutable_graph(), node);
  return later;
}

/// Gives `inferred` the types that only the later version's functions find; none where these refuse
/// the model, which is of an older version after all.
void infer_in_later_version(onnx::ModelProto& inferred, const onnx::ShapeInferenceOptions& values,
                            onnx::shape_inference::DataValueMap* data) {
  onnx::ModelProto later = in_later_version(inferred);
  try {
    onnx::shape_inference::InferShapes(later, onnx::OpSchemaRegistry::Instance(), values, data);
  } catch (const std::exception&) {
    return;
  }
  std::map<std::string, onnx::ValueInfoProto*> own;
  for (auto& value : *inferred.mutable_graph()->mutable_value_info()) own[value.name()] = &value;
  for (const auto& value : later.graph().value_info()) {
    const auto found = own.find(value.name());
    if (found == own.end())
      *inferred.mutable_graph()->add_value_info() = value;
    else if (!found->second->type().tensor_type().has_shape())
      *found->second = value;
  }
}

}  // namespace

onnx::ModelProto inferred_skeleton(const onnx::ModelProto& model, const std::string& source,
                                   Strictness strictness,
                                   onnx::shape_inference::DataValueMap* data) {
  onnx::ModelProto out = skeleton(model);
  bool strict = strictness == Strictness::strict;
  onnx::ShapeInferenceOptions shapes{strict, strict ? 1 : 0, false};
  onnx::ShapeInferenceOptions values{strict, strict ? 1 : 0, true};
  try {
    onnx::shape_inference::InferShapes(out, onnx::OpSchemaRegistry::Instance(), shapes);
    const bool propagate = may_propagate_values(out);
    if (propagate)
      onnx::shape_inference::InferShapes(out, onnx::OpSchemaRegistry::Instance(), values, data);
    if (propagate && !strict && stops_at_reshape(out)) infer_in_later_version(out, values, data);
  } catch (const std::exception& error) {
    if (strict && is_onnx_own(error.what()))
      return inferred_skeleton(model, source, Strictness::lenient, data);
    throw Error(ErrorCode::corrupt_data,
                "infer shapes of " + source + ": " + one_line(error.what()) +
                    "; check the model with onnx.checker and export it again");
  }
  return out;
}

std::string one_line(std::string_view text) {
  std::string line;
  for (char c : text) {
    bool space = std::isspace(static_cast<unsigned char>(c)) != 0;
    if (!space) line += c;
    if (space && !line.empty() && line.back() != ' ') line += ' ';
  }
  while (!line.empty() && (line.back() == ' ' || line.back() == '.')) line.pop_back();
  if (line.size() > 400) line = line.substr(0, 400) + "…";
  return line;
}

}  // namespace tamis
