#include "graph/skeleton.h"

#include <cctype>
#include <exception>

#include "base/error.h"
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
    if (may_propagate_values(out))
      onnx::shape_inference::InferShapes(out, onnx::OpSchemaRegistry::Instance(), values, data);
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
