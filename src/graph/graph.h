#pragma once

#include <onnx/onnx_pb.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/tensor.h"
#include "graph/attributes.h"
#include "graph/tensor_data.h"

namespace tamis {

/// Outermost first; an absent dimension is dynamic.
using PartialShape = std::vector<std::optional<std::int64_t>>;

/// What a value is known to be. `type` is an onnx::TensorProto_DataType; an absent shape means that
/// not even the rank is known.
struct ValueType {
  int type = 0;
  std::optional<PartialShape> shape;
};

/// A node to be added. Missing `outputs` get unique names (`output_count` of them); a missing name
/// is made from the operator.
struct NodeSpec {
  std::string op_type;
  std::vector<std::string> inputs = {};   ///< "" = an optional input that is left out
  std::vector<std::string> outputs = {};  ///< empty: output_count new ones
  std::string name = {};
  std::string domain = {};
  int output_count = 1;
};

/// An ONNX model that can be looked at and edited, with an index from each value to its producer
/// and consumers.
///
/// Pointers to nodes and initializers stay valid until that node or initializer is erased (adding
/// others does not move them). The index follows every edit made through this class. Whoever edits
/// proto() by hand in a way that touches names, inputs, outputs, nodes or initializers calls
/// reindex() afterwards (attributes can be edited freely). Values used inside the bodies of If,
/// Loop and Scan count as consumed by the node that holds the body. What is taken in is rewritten:
/// `Constant` nodes to the tensor form (`value`), IR version 3 to 4; weights that are listed among
/// the inputs, as IR version 3 demands and later ones allow, are constants and no longer inputs.
/// Copies are deep. Const members may be called from several threads at once; others from one.
class Graph {
 public:
  /// Reads a model file; external data is read from inside the model's folder only, and becomes
  /// part of the model. Nodes are put in order where they are not. Throws, in one line that names
  /// the file or thing and the remedy: not_found, io; corrupt_data (not ONNX, truncated, external
  /// data missing or too short, inconsistent); invalid_argument (external data outside the folder);
  /// unsupported (unknown operator or opset newer than this program). Prints nothing.
  static Graph load(const std::filesystem::path& file);

  /// The same from bytes, without external data. `what` names the source in messages.
  static Graph parse_bytes(std::span<const std::uint8_t> bytes, const std::string& what);

  /// ONNX's text syntax (a model: `<ir_version: 8, opset_import: ["" : 17]> g (float[1,3] x) =>
  /// (float[1,3] y) {y = Relu(x)}`). Throws corrupt_data.
  static Graph parse_text(std::string_view text);

  /// Takes a model over, without any check (see verify()). `source` is what messages call it.
  explicit Graph(onnx::ModelProto model, std::string source = "model");
  Graph(const Graph& other);
  Graph& operator=(const Graph& other);
  Graph(Graph&&) noexcept = default;
  Graph& operator=(Graph&&) noexcept = default;
  ~Graph() = default;

  /// Writes one file, all data inside, atomically. Throws io, or unsupported from 2 GB on.
  void save(const std::filesystem::path& file) const;
  std::string to_bytes() const;  ///< deterministic: the same model gives the same bytes
  std::string to_text() const;   ///< ONNX's text syntax, for people and tests

  const onnx::ModelProto& proto() const { return model_; }
  onnx::ModelProto& proto() { return model_; }
  const onnx::GraphProto& graph() const { return model_.graph(); }
  onnx::GraphProto& graph() { return *model_.mutable_graph(); }
  const std::string& source() const { return source_; }
  /// What was done to the model when it was taken in that people should know, a sentence each.
  const std::vector<std::string>& notes() const { return notes_; }
  void note(const std::string& text) { notes_.push_back(text); }

  // ---- looking ----

  /// Graph inputs, all of which a caller feeds. Throws unsupported for a type that Tensor has not.
  std::vector<TensorInfo> inputs() const;
  std::vector<TensorInfo> outputs() const;
  bool is_input(const std::string& value) const { return inputs_.count(value) != 0; }
  bool is_output(const std::string& value) const { return outputs_.count(value) != 0; }

  /// The nodes in the order of the file, as pointers: safe to walk while nodes are added or erased.
  std::vector<const onnx::NodeProto*> nodes() const;
  std::vector<onnx::NodeProto*> nodes();
  std::vector<onnx::NodeProto*> nodes_of(std::string_view op_type);  ///< of the domain ""
  std::vector<const onnx::NodeProto*> nodes_of(std::string_view op_type) const;

  /// The node whose output the value is; null for graph inputs, initializers and unknown names.
  const onnx::NodeProto* producer(const std::string& value) const;
  onnx::NodeProto* producer(const std::string& value);

  /// Each consuming node once, in the order of the file at the time of indexing. Graph outputs are
  /// no consumers: ask is_output().
  std::vector<const onnx::NodeProto*> consumers(const std::string& value) const;
  std::vector<onnx::NodeProto*> consumers(const std::string& value);

  /// Its only consumer if exactly one node uses the value and it is no graph output, else null.
  const onnx::NodeProto* only_consumer(const std::string& value) const;
  onnx::NodeProto* only_consumer(const std::string& value);

  /// The tensor of an initializer or of a Constant node, else null. Read it with tensor_data.h.
  const onnx::TensorProto* constant(const std::string& value) const;
  bool is_constant(const std::string& value) const { return constant(value) != nullptr; }
  const onnx::TensorProto* initializer(const std::string& name) const;
  onnx::TensorProto* initializer(const std::string& name);

  /// Runs ONNX's shape inference (with data propagation) and keeps its result for shape() and
  /// type(); the model itself gains nothing. Values that cannot be inferred stay unknown. Call
  /// again after edits. Throws corrupt_data / unsupported naming node and operator when operators
  /// contradict each other.
  void infer_shapes();

  /// Known after infer_shapes(): of inputs, outputs, constants and all that could be inferred (a
  /// size of 0 is a size).
  std::optional<PartialShape> shape(const std::string& value) const;
  std::optional<Shape> static_shape(
      const std::string& value) const;                      ///< only if every dimension is known
  std::optional<int> type(const std::string& value) const;  ///< onnx::TensorProto_DataType

  /// Version of an operator set ("" = ONNX's own); absent when the model does not import it.
  std::optional<int> opset(const std::string& domain = "") const;
  /// Imports an operator set or changes its number, without converting any node.
  void set_opset(const std::string& domain, int version);
  /// Converts the ONNX operators up to at least `version` (nothing to do if already there). Inputs,
  /// outputs and metadata stay. Throws unsupported naming what cannot be converted.
  void upgrade_opset(int version);

  std::map<std::string, std::string> metadata() const;
  void set_metadata(const std::string& key, const std::string& value);

  // ---- editing ----

  /// A name that no value (or node) has: `hint` itself if free, else hint_1, hint_2 … Reserved from
  /// then on.
  std::string unique_value_name(const std::string& hint);
  std::string unique_node_name(const std::string& hint);

  /// Adds an initializer under a unique name made from `hint` and returns that name. A scalar has
  /// the shape {}.
  std::string add_initializer(const std::string& hint, const Shape& shape,
                              std::span<const float> values);
  std::string add_initializer(const std::string& hint, const Shape& shape,
                              std::span<const double> values);
  std::string add_initializer(const std::string& hint, const Shape& shape,
                              std::span<const std::int64_t> values);
  std::string add_initializer(const std::string& hint, const Shape& shape,
                              std::span<const std::int32_t> values);
  std::string add_initializer(const std::string& hint, const Shape& shape,
                              std::span<const std::int8_t> values);
  std::string add_initializer(const std::string& hint, const Shape& shape,
                              std::span<const std::uint8_t> values);
  /// The tensor's own name is the hint.
  std::string add_initializer(onnx::TensorProto tensor);
  void erase_initializer(const std::string& name);

  /// Appends a node (sort() afterwards puts it where it belongs). Attributes: set_attribute() on
  /// what comes back.
  onnx::NodeProto& add_node(const NodeSpec& spec);
  void erase_node(const onnx::NodeProto& node);

  void set_input(onnx::NodeProto& node, int index, const std::string& value);
  void add_input(onnx::NodeProto& node, const std::string& value);
  /// Renames what the node produces; consumers keep the old name.
  void set_output(onnx::NodeProto& node, int index, const std::string& value);

  /// Makes all nodes that use `from` use `to`. Graph outputs named `from` stay: see bypass().
  /// `except`: a node that keeps `from`. Returns the number of input slots changed.
  std::size_t replace_uses(const std::string& from, const std::string& to,
                           const onnx::NodeProto* except = nullptr);

  /// Whether bypass() can take the node out of the way of input `index`.
  bool can_bypass(const onnx::NodeProto& node, int index = 0) const;
  /// Users of the node's first output use its input `index` instead, and the node goes. Where the
  /// output is a graph output, the producer of the input takes over that name. Requires
  /// can_bypass().
  void bypass(onnx::NodeProto& node, int index = 0);

  /// Marks a value as a graph output of its known type (call infer_shapes() before). For
  /// calibration copies of a model.
  void add_output(const std::string& value);

  /// Puts nodes after what they need, keeping the order otherwise. Throws corrupt_data for a cycle
  /// or a value that nothing makes.
  void sort();

  /// Erases nodes, initializers and shape notes that no graph output needs; graph inputs stay.
  /// Returns the number of nodes and initializers erased.
  std::size_t remove_dead();

  /// ONNX's checker (structure, types, attributes), every operator known, then shape inference.
  /// Other domains (com.microsoft) are allowed. Throws corrupt_data or unsupported in one line
  /// naming node and operator.
  void verify() const;

  /// Builds the index anew, after edits made through proto().
  void reindex();

 private:
  void list_no_weights_as_inputs();
  void normalise_constants();
  void index_node(onnx::NodeProto& node);
  void unindex_node(const onnx::NodeProto& node);
  void remove_use(const std::string& value, const onnx::NodeProto& node);

  onnx::ModelProto model_;
  std::string source_;
  std::vector<std::string> notes_;
  std::unordered_map<std::string, onnx::NodeProto*> producers_;
  std::unordered_map<std::string, std::vector<onnx::NodeProto*>>
      consumers_;  // one entry per node, in order
  std::unordered_map<std::string, onnx::TensorProto*> initializers_;
  std::unordered_set<std::string> inputs_;  // graph inputs that callers feed
  std::unordered_set<std::string> outputs_;
  std::unordered_set<std::string> value_names_;
  std::unordered_set<std::string> node_names_;
  std::unordered_map<std::string, ValueType> types_;
};

/// For messages: `Conv "/model.0/conv/Conv"`, or the first output where the node has no name.
std::string describe(const onnx::NodeProto& node);

}  // namespace tamis
