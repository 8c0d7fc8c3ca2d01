#include "graph/inspect.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "graph/memory_need.h"

namespace tamis {
namespace {

Json dims_json(const onnx::ValueInfoProto& info, const std::optional<PartialShape>& inferred) {
  Json dims = Json::array();
  if (!info.type().tensor_type().has_shape()) {
    if (!inferred) return nullptr;
    for (const auto& dim : *inferred) dims.push_back(dim ? Json(*dim) : Json("?"));
    return dims;
  }
  for (const auto& dim : info.type().tensor_type().shape().dim()) {
    if (dim.has_dim_value() && dim.dim_value() >= 0)
      dims.push_back(dim.dim_value());
    else
      dims.push_back(dim.dim_param().empty() ? "?" : dim.dim_param());
  }
  return dims;
}

Json value_json(const Graph& graph, const onnx::ValueInfoProto& info) {
  return {{"name", info.name()},
          {"type", info.type().has_tensor_type() ? type_name(info.type().tensor_type().elem_type())
                                                 : "no tensor"},
          {"shape", dims_json(info, graph.shape(info.name()))}};
}

Json operators_json(const Graph& graph) {
  std::map<std::string, int> counts;
  for (const onnx::NodeProto* node : graph.nodes()) {
    bool own = node->domain().empty() || node->domain() == "ai.onnx";
    ++counts[own ? node->op_type() : node->domain() + "." + node->op_type()];
  }
  std::vector<std::pair<std::string, int>> sorted(counts.begin(), counts.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  Json json = Json::object();
  for (const auto& [type, count] : sorted) json[type] = count;
  return json;
}

Json dynamic_json(const Json& values, const std::string& kind) {
  Json dynamic = Json::array();
  for (const Json& value : values)
    for (const Json& dim : value["shape"])
      if (dim.is_string())
        dynamic.push_back(kind + " " + value["name"].get<std::string>() + ": " +
                          dim.get<std::string>());
  return dynamic;
}

bool counts_as_parameter(const onnx::TensorProto& tensor) {
  switch (tensor.data_type()) {
    case onnx::TensorProto::FLOAT:
    case onnx::TensorProto::DOUBLE:
    case onnx::TensorProto::FLOAT16:
    case onnx::TensorProto::BFLOAT16:
    case onnx::TensorProto::INT8:
    case onnx::TensorProto::UINT8:
      return true;
    default:
      return false;
  }
}

}  // namespace

ModelDescription describe_model(const Graph& graph) {
  Graph known = graph;
  known.infer_shapes();
  ModelDescription description{known.inputs(), known.outputs(), known.metadata(), {}};
  auto is_open = [](const TensorInfo& output) {
    return output.shape.empty() || std::any_of(output.shape.begin(), output.shape.end(),
                                               [](const auto& dim) { return !dim; });
  };
  if (std::any_of(description.outputs.begin(), description.outputs.end(), is_open))
    find_fixed_output_dims(known, description.outputs);
  for (const TensorInfo& output : description.outputs) {
    const onnx::NodeProto* maker = known.producer(output.name);
    description.last_operators.push_back(maker == nullptr ? "" : maker->op_type());
  }
  return description;
}

std::int64_t count_parameters(const Graph& graph) {
  std::int64_t total = 0;
  auto count = [&](const onnx::TensorProto& tensor) {
    if (!counts_as_parameter(tensor)) return;
    const std::int64_t most = std::numeric_limits<std::int64_t>::max() - total;
    total += std::min(element_count(shape_of(tensor)), most);
  };
  for (const auto& tensor : graph.graph().initializer())
    if (!graph.consumers(tensor.name()).empty() || graph.is_output(tensor.name())) count(tensor);
  for (const onnx::NodeProto* node : graph.nodes_of("Constant"))
    if (const auto* tensor = graph.constant(node->output(0))) count(*tensor);
  return total;
}

Json inspect_model(const Graph& graph, std::optional<Size> size) {
  Graph known = graph;
  known.infer_shapes();
  Json inputs = Json::array();
  Json outputs = Json::array();
  for (const auto& input : known.graph().input())
    if (known.is_input(input.name())) inputs.push_back(value_json(known, input));
  for (const auto& output : known.graph().output()) outputs.push_back(value_json(known, output));
  const Graph fixed = with_known_shapes(known, size);
  const MacCount macs = count_known_macs(fixed);
  const MemoryNeed memory = least_memory(fixed);
  Json opsets = Json::object();
  for (const auto& import : known.proto().opset_import())
    opsets[import.domain().empty() ? "ai.onnx" : import.domain()] = import.version();
  Json dynamic = dynamic_json(inputs, "input");
  for (const Json& entry : dynamic_json(outputs, "output")) dynamic.push_back(entry);
  return {{"inputs", inputs},
          {"outputs", outputs},
          {"operators", operators_json(known)},
          {"nodes", known.graph().node_size()},
          {"parameters", count_parameters(known)},
          {"macs", macs.total},
          {"macs_products", macs.products},
          {"macs_unknown", macs.unknown},
          {"least_memory", {{"bytes", memory.bytes}, {"layer", memory.layer}}},
          {"opsets", opsets},
          {"ir_version", known.proto().ir_version()},
          {"producer", known.proto().producer_name() +
                           (known.proto().producer_version().empty() ? "" : " ") +
                           known.proto().producer_version()},
          {"metadata", known.metadata()},
          {"dynamic", dynamic},
          {"notes", graph.notes()},
          {"file_bytes", graph.proto().ByteSizeLong()}};
}

}  // namespace tamis
