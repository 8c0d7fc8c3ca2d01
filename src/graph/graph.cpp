#include "graph/graph.h"

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <onnx/defs/printer.h>

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/files.h"
#include "base/printable.h"

namespace tamis {
namespace {

template <typename T>
onnx::TensorProto constant_tensor(int type, const T& values, bool is_scalar) {
  onnx::TensorProto tensor;
  tensor.set_data_type(type);
  if (!is_scalar) tensor.add_dims(static_cast<std::int64_t>(values.size()));
  std::string& raw = *tensor.mutable_raw_data();
  for (auto value : values) raw.append(reinterpret_cast<const char*>(&value), sizeof value);
  return tensor;
}

std::optional<onnx::TensorProto> tensor_form(const onnx::NodeProto& node) {
  using onnx::TensorProto;
  if (auto f = float_attribute(node, "value_float"))
    return constant_tensor(TensorProto::FLOAT, std::vector<float>{*f}, true);
  if (auto i = int_attribute(node, "value_int"))
    return constant_tensor(TensorProto::INT64, std::vector<std::int64_t>{*i}, true);
  if (auto f = floats_attribute(node, "value_floats"))
    return constant_tensor(TensorProto::FLOAT, *f, false);
  if (auto i = ints_attribute(node, "value_ints"))
    return constant_tensor(TensorProto::INT64, *i, false);
  return std::nullopt;
}

}  // namespace

Graph::Graph(onnx::ModelProto model, std::string source)
    : model_(std::move(model)), source_(std::move(source)) {
  list_no_weights_as_inputs();
  normalise_constants();
  reindex();
}

Graph::Graph(const Graph& other)
    : model_(other.model_), source_(other.source_), notes_(other.notes_) {
  reindex();
  types_ = other.types_;
}

Graph& Graph::operator=(const Graph& other) {
  if (this != &other) *this = Graph(other);
  return *this;
}

// Before IR version 4 every initializer had to be listed as an input too; from then on that makes
// it a default that callers may replace, which nobody does here.
void Graph::list_no_weights_as_inputs() {
  if (!model_.has_graph()) return;
  std::set<std::string> weights;
  for (const auto& tensor : model_.graph().initializer()) weights.insert(tensor.name());
  auto& inputs = *model_.mutable_graph()->mutable_input();
  const int listed = inputs.size();
  inputs.erase(std::remove_if(inputs.begin(), inputs.end(),
                              [&](const auto& input) { return weights.count(input.name()) != 0; }),
               inputs.end());
  if (model_.ir_version() >= 4 && inputs.size() < listed)
    notes_.push_back(
        fmt::format("{} weights that the file also lists as inputs are treated as constants",
                    listed - inputs.size()));
  model_.set_ir_version(std::max<std::int64_t>(model_.ir_version(), 4));
}

void Graph::normalise_constants() {
  for (auto& node : *graph().mutable_node()) {
    if (!is_op(node, "Constant")) continue;
    std::optional<onnx::TensorProto> tensor = tensor_form(node);
    if (!tensor) continue;
    node.clear_attribute();
    set_attribute(node, "value", std::move(*tensor));
  }
}

std::string Graph::to_bytes() const {
  if (model_.ByteSizeLong() > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()))
    throw Error(ErrorCode::unsupported, "save " + source_ +
                                            ": the model has 2 GB or more; ONNX files of that size "
                                            "need external data, which is only read, not written");
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  model_.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

void Graph::save(const std::filesystem::path& file) const { save_file(file, to_bytes()); }

std::string Graph::to_text() const { return onnx::ProtoToString(model_); }

std::optional<int> Graph::opset(const std::string& domain) const {
  std::string wanted = domain == "ai.onnx" ? "" : domain;
  for (const auto& import : model_.opset_import())
    if ((import.domain() == "ai.onnx" ? "" : import.domain()) == wanted)
      return static_cast<int>(import.version());
  return std::nullopt;
}

void Graph::set_opset(const std::string& domain, int version) {
  std::string wanted = domain == "ai.onnx" ? "" : domain;
  for (auto& import : *model_.mutable_opset_import())
    if ((import.domain() == "ai.onnx" ? "" : import.domain()) == wanted)
      return import.set_version(version);
  auto& import = *model_.add_opset_import();
  import.set_domain(wanted);
  import.set_version(version);
}

std::map<std::string, std::string> Graph::metadata() const {
  std::map<std::string, std::string> all;
  for (const auto& entry : model_.metadata_props()) all[entry.key()] = entry.value();
  return all;
}

void Graph::set_metadata(const std::string& key, const std::string& value) {
  for (auto& entry : *model_.mutable_metadata_props())
    if (entry.key() == key) return entry.set_value(value);
  auto& entry = *model_.add_metadata_props();
  entry.set_key(key);
  entry.set_value(value);
}

std::string describe(const onnx::NodeProto& node) {
  const std::string op = printable(node.op_type());
  if (!node.name().empty()) return fmt::format("{} \"{}\"", op, printable(node.name()));
  if (node.output_size() > 0)
    return fmt::format("{} that makes \"{}\"", op, printable(node.output(0)));
  return op + " without a name";
}

}  // namespace tamis
