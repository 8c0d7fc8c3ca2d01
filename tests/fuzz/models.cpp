#include "fuzz/models.h"

#include <array>

#include "base/error.h"
#include "card/card.h"
#include "graph/graph.h"
#include "graph/inspect.h"
#include "graph/model_checks.h"
#include "passes/free_shapes.h"
#include "passes/half_precision.h"
#include "passes/head_cut.h"
#include "passes/input_u8.h"
#include "passes/passes.h"

namespace tamis::fuzz {
namespace {

constexpr const char* kConvolutions = R"(
<ir_version: 8, opset_import: ["" : 17]>
g (float[1,3,16,16] images) => (float[1,4] y)
<float[4,3,3,3] w, float[4] b, float[4] s, float[4] h, float[4] m, float[4] v>
{
  c = Conv<pads = [1,1,1,1], strides = [2,2]>(images, w, b)
  n = BatchNormalization(c, s, h, m, v)
  r = Relu(n)
  p = GlobalAveragePool(r)
  f = Flatten(p)
  y = Softmax(f)
})";

constexpr const char* kShapes = R"(
<ir_version: 8, opset_import: ["" : 17]>
g (float[N,8,H,W] x) => (float[N,M] y)
<int64[1] zero = {0}, int64[1] one = {1}, int64[1] last = {-1}, int64[2] all = {0,-1},
 int64[1] end = {9223372036854775807}, int64[1] step = {1}, int64[3] perm = {2,1,3}>
{
  s = Shape(x)
  a = Slice(s, zero, one, zero, step)
  t = Concat<axis = 0>(a, last)
  k = Slice(perm, zero, end, zero, step)
  u = Cast<to = 7>(k)
  d = ReduceProd<keepdims = 0>(u)
  e = Unsqueeze(d, zero)
  q = Concat<axis = 0>(e, u, e)
  y = Reshape(x, t)
})";

constexpr const char* kConstants = R"(
<ir_version: 8, opset_import: ["" : 17]>
g (float[1,12] x) => (float[1,12] y)
<int64[2] dims = {3,4}, int64[4] pads = {0,1,0,1}, int64[2] axes = {0,1}, int64[2] from = {0,0},
 int64[2] to = {2,9}, int64[1] flat = {-1}, int64[2] steps = {1,2}, float k = {2.0}>
{
  c = ConstantOfShape<value = int64[1] {5}>(dims)
  t = Transpose<perm = [1,0]>(c)
  r = Reshape(t, dims)
  s = Slice(r, from, to, axes, steps)
  f = Reshape(s, flat)
  h = Reshape(f, flat)
  j = Concat<axis = 0>(h, flat)
  z = Mul(x, k)
  y = Identity(z)
})";

constexpr const char* kDetector = R"(
<ir_version: 8, opset_import: ["" : 17]>
g (float[1,3,32,32] images) => (float[1,6,20] output0)
<float[6,3,1,1] w, float[6,3,1,1] v, int64[3] a = {1,6,16}, int64[3] b = {1,6,4},
 int64[2] parts = {4,2}, float[1,2,20] grid, float[4] scales = {1,1,2,2}>
{
  p = MaxPool<kernel_shape = [8,8], strides = [8,8]>(images)
  q = MaxPool<kernel_shape = [16,16], strides = [16,16]>(images)
  r = Resize<mode = "nearest">(q, , scales)
  m = Add(p, r)
  c = Conv(m, w)
  d = Conv(q, v)
  e = Reshape(c, a)
  f = Reshape(d, b)
  j = Concat<axis = 2>(e, f)
  boxes, scores = Split<axis = 1>(j, parts)
  lt, rb = Split<axis = 1>(boxes)
  x = Sub(grid, lt)
  u = Add(grid, rb)
  z = Sigmoid(scores)
  output0 = Concat<axis = 1>(x, u, z)
})";

constexpr const char* kAttention = R"(
<ir_version: 8, opset_import: ["" : 17]>
g (float[1,8,16] x) => (float[1,8,16] y)
<float[16,16] wq, float[16,16] wk, float[16] scale, float[16] bias, int64[4] heads = {1,8,2,8},
 int64[3] back = {1,8,16}>
{
  n = LayerNormalization<axis = -1>(x, scale, bias)
  q = MatMul(n, wq)
  k = MatMul(n, wk)
  a = Reshape(q, heads)
  b = Reshape(k, heads)
  c = Transpose<perm = [0,2,1,3]>(a)
  d = Transpose<perm = [0,2,3,1]>(b)
  e = MatMul(c, d)
  f = Softmax<axis = -1>(e)
  h = MatMul(f, c)
  i = Transpose<perm = [0,2,1,3]>(h)
  j = Reshape(i, back)
  y = Add(x, j)
})";

constexpr const char* kQuantised = R"(
<ir_version: 8, opset_import: ["" : 17]>
g (float[1,4,8,8] x) => (float[1,4,8,8] y)
<float s = {0.5}, uint8 z = {128}, int8[4,4,1,1] w = {1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16},
 float[4] ws = {1,1,1,1}, int8[4] wz = {0,0,0,0}>
{
  a = QuantizeLinear(x, s, z)
  b = DequantizeLinear(a, s, z)
  c = DequantizeLinear<axis = 0>(w, ws, wz)
  d = Conv(b, c)
  e = QuantizeLinear(d, s, z)
  y = DequantizeLinear(e, s, z)
})";

constexpr const char* kFunctions = R"(
<ir_version: 8, opset_import: ["" : 17, "f" : 1]>
g (float[2,2] x, bool c) => (float[2,2] y)
{
  a = f.Twice(x)
  b = f.Twice(a)
  y = If(c) <then_branch = t () => (float[2,2] u) { u = Relu(b) },
             else_branch = e () => (float[2,2] v) { v = Add(a, b) }>
}
<domain: "f", opset_import: ["" : 17]>
Twice (p) => (q) { o = Add(p, p) q = Relu(o) })";

using Nodes = google::protobuf::RepeatedPtrField<onnx::NodeProto>;

template <typename Repeated>
auto* any_of(Repeated* all, Random& random) {
  return all->empty()
             ? nullptr
             : all->Mutable(static_cast<int>(below(random, static_cast<std::size_t>(all->size()))));
}

void change_shape(onnx::TensorShapeProto& shape, Random& random) {
  if (below(random, 6) == 0)
    for (std::size_t n = 1 + below(random, 12); n > 0; --n)
      shape.add_dim()->set_dim_value(awkward_number(random));
  if (below(random, 6) == 0) shape.mutable_dim()->Clear();
  if (auto* dim = any_of(shape.mutable_dim(), random))
    below(random, 4) == 0 ? dim->set_dim_param("n") : dim->set_dim_value(awkward_number(random));
}

void change_value(onnx::GraphProto& graph, Random& random) {
  auto* all = below(random, 2) == 0 ? graph.mutable_input() : graph.mutable_output();
  onnx::ValueInfoProto* value = any_of(all, random);
  if (value == nullptr) return;
  auto& type = *value->mutable_type()->mutable_tensor_type();
  if (below(random, 4) == 0) type.set_elem_type(static_cast<int>(below(random, 24)));
  change_shape(*type.mutable_shape(), random);
}

void change_tensor(onnx::TensorProto* tensor, Random& random) {
  if (tensor == nullptr) return;
  const std::size_t what = below(random, 6);
  if (what == 0) tensor->add_dims(awkward_number(random));
  if (what == 1) tensor->clear_dims();
  if (what == 2) tensor->set_data_type(static_cast<int>(below(random, 24)));
  if (what == 3) tensor->set_raw_data(std::string(below(random, 64), static_cast<char>(random())));
  if (what >= 4 && tensor->dims_size() > 0)
    tensor->set_dims(static_cast<int>(below(random, static_cast<std::size_t>(tensor->dims_size()))),
                     awkward_number(random));
  // Values, too: shapes, axes, starts and steps are mostly constants.
  if (below(random, 2) == 0 && tensor->int64_data_size() > 0) {
    const auto count = static_cast<std::size_t>(tensor->int64_data_size());
    tensor->set_int64_data(static_cast<int>(below(random, count)), awkward_number(random));
    if (below(random, 4) == 0)  // more of them, in a shape that fits
      for (std::size_t n = below(random, 600); n > 0; --n)
        tensor->add_int64_data(tensor->int64_data(0));
    if (tensor->dims_size() == 1) tensor->set_dims(0, tensor->int64_data_size());
  }
}

void change_attribute(onnx::NodeProto& node, Random& random) {
  onnx::AttributeProto* attribute = any_of(node.mutable_attribute(), random);
  if (attribute == nullptr) return;
  if (attribute->has_i()) attribute->set_i(awkward_number(random));
  if (attribute->ints_size() > 0) {
    const auto count = static_cast<std::size_t>(attribute->ints_size());
    attribute->set_ints(static_cast<int>(below(random, count)), awkward_number(random));
    if (below(random, 4) == 0) attribute->mutable_ints()->RemoveLast();
    if (below(random, 4) == 0) attribute->add_ints(awkward_number(random));
  }
  if (attribute->has_t()) change_tensor(attribute->mutable_t(), random);
  if (below(random, 10) == 0) attribute->set_name("axis");
}

void change_node(onnx::GraphProto& graph, Random& random) {
  constexpr std::array kOperators{"Concat", "Slice",   "Reshape", "Transpose", "Gather",   "Expand",
                                  "Resize", "Conv",    "Split",   "Identity",  "Pad",      "MatMul",
                                  "Gemm",   "Squeeze", "Dropout", "Cast",      "Unsqueeze"};
  onnx::NodeProto* node = any_of(graph.mutable_node(), random);
  if (node == nullptr) return;
  const std::size_t what = below(random, 7);
  if (what == 0) node->set_op_type(kOperators[below(random, kOperators.size())]);
  if (what == 1 && node->input_size() > 0) node->mutable_input()->RemoveLast();
  if (what == 2 && node->input_size() > 0) *node->add_input() = node->input(0);
  if (what == 3) node->set_name("name \x1b\xff");
  if (what == 4)
    if (const onnx::NodeProto* other = any_of(graph.mutable_node(), random);
        other->output_size() > 0 && node->input_size() > 0)
      node->set_input(0, other->output(0));
  if (what >= 5) change_attribute(*node, random);
}

void change_model(onnx::ModelProto& model, Random& random) {
  onnx::GraphProto& graph = *model.mutable_graph();
  const std::size_t what = below(random, 10);
  if (what < 2) change_value(graph, random);
  if (what >= 2 && what < 6) change_tensor(any_of(graph.mutable_initializer(), random), random);
  if (what >= 6 && what < 9) change_node(graph, random);
  if (what == 9) {
    auto& entry = *model.add_metadata_props();
    entry.set_key(below(random, 2) == 0 ? "names" : "task");
    entry.set_value(below(random, 2) == 0 ? "{0: 'a', 1: 'b\xff'}" : "'/etc/passwd'");
  }
}

std::string serialised(const char* text) {
  Graph graph = Graph::parse_text(text);
  // Values that are only declared become initializers, so that the model itself is a good one.
  auto& values = *graph.graph().mutable_value_info();
  for (const auto& value : values) {
    const auto& type = value.type().tensor_type();
    onnx::TensorProto& tensor = *graph.graph().add_initializer();
    tensor.set_name(value.name());
    tensor.set_data_type(type.elem_type());
    for (const auto& dim : type.shape().dim()) tensor.add_dims(dim.dim_value());
    tensor.set_raw_data(std::string(data_bytes(tensor), '\0'));
  }
  values.Clear();
  return graph.to_bytes();
}

/// Each on a graph of its own; what one refuses does not keep the next from being tried.
void try_steps(const Graph& graph) {
  using Step = void (*)(Graph&);
  constexpr std::array<Step, 6> kSteps{
      [](Graph& g) { simplify(g, {}); },
      [](Graph& g) { run_passes(g, rewrite_passes("all"), {}); },
      [](Graph& g) {
        probe_inputs(with_fixed_inputs(g, 1, Size{16, 16}));
      },
      [](Graph& g) {
        free_shapes(g, Size{32, 32});
      },
      [](Graph& g) {
        g.infer_shapes();
        to_half_precision(g, {});
      },
      [](Graph& g) {
        g.infer_shapes();
        std::string reason;
        if (const auto tail = find_yolo_tail(g, reason)) cut_yolo_tail(g, *tail);
        if (!input_u8_reason(g).empty()) return;
        const std::size_t channels = g.inputs().front().shape[1] == 1 ? 1 : 3;
        take_u8_pictures(g, {false, 255, std::vector<double>(channels, 0.5),
                             std::vector<double>(channels, 0.25)});
      }};
  for (const Step step : kSteps) {
    Graph own = graph;
    try {
      step(own);
    } catch (const Error&) {
    }
  }
}

}  // namespace

std::vector<std::string> model_seeds() {
  std::vector<std::string> seeds;
  for (const char* text :
       {kConvolutions, kShapes, kConstants, kDetector, kAttention, kQuantised, kFunctions})
    seeds.push_back(serialised(text));
  return seeds;
}

std::string mutate_model(const std::vector<std::string>& seeds, Random& random) {
  const std::string& seed = seeds[below(random, seeds.size())];
  if (below(random, 3) == 0) return mutate(seed, seeds, random);
  onnx::ModelProto model;
  model.ParseFromString(seed);
  for (std::size_t n = 1 + below(random, 4); n > 0; --n) change_model(model, random);
  return model.SerializeAsString();
}

void take_model(const std::string& bytes) {
  const Graph graph = Graph::parse_bytes(
      {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}, "model.onnx");
  graph.verify();
  const ModelDescription d = describe_model(graph);
  inspect_model(graph);
  try {
    resolve_card({d.inputs, d.outputs, d.metadata, d.last_operators}, std::nullopt, {});
  } catch (const Error&) {
  }
  try_steps(graph);
}

}  // namespace tamis::fuzz
