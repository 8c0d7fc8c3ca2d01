#include "passes/stem_space_to_depth.h"

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "graph/attributes.h"
#include "graph/tensor_data.h"

namespace tamis {

namespace {

constexpr std::int64_t kBlock = 2;
constexpr std::int64_t kMostChannels = 4;

using Integers = std::vector<std::int64_t>;

/// One side of the picture, before and after.
struct Side {
  std::int64_t kernel, pad, size, out;

  /// Of the row that tap `k` reads for output 0, in the picture: its block, and where it is there.
  std::int64_t block(std::int64_t k) const { return (k - pad + kBlock * kMore) / kBlock - kMore; }
  std::int64_t within(std::int64_t k) const { return (k - pad + kBlock * kMore) % kBlock; }
  std::int64_t blocks_before() const { return -block(0); }
  std::int64_t blocks() const { return block(kernel - 1) + blocks_before() + 1; }
  std::int64_t pad_after() const { return out - size / kBlock - blocks_before() + blocks() - 1; }

  static constexpr std::int64_t kMore = 64;  ///< keeps the operands of / and % positive
};

struct StemMatch {
  const onnx::NodeProto* conv = nullptr;
  Shape weights;
  std::array<Side, 2> sides{};
};

Integers attribute(const onnx::NodeProto& node, const char* name, std::size_t count,
                   std::int64_t otherwise) {
  return ints_attribute(node, name).value_or(Integers(count, otherwise));
}

/// Empty: it is one. Else why not.
std::string match(const Graph& graph, const onnx::NodeProto& conv, StemMatch& m) {
  const std::optional<PartialShape> x = graph.shape(conv.input(0));
  if (!x || x->size() != 4 || !(*x)[1] || !(*x)[2] || !(*x)[3]) return "its input's size is open";
  const onnx::TensorProto* weights = graph.constant(conv.input(1));
  if (weights == nullptr || weights->data_type() != onnx::TensorProto::FLOAT)
    return "its weights are not an f32 constant";
  if (*(*x)[1] > kMostChannels) return "it has channels enough";
  if (attribute(conv, "strides", 2, 1) != Integers(2, kBlock)) return "its strides are not 2";
  if (attribute(conv, "dilations", 2, 1) != Integers(2, 1)) return "it is dilated";
  if (int_attribute(conv, "group").value_or(1) != 1) return "it has groups";
  if (string_attribute(conv, "auto_pad").value_or("NOTSET") != "NOTSET")
    return "it is padded by auto_pad";
  if (graph.only_consumer(conv.input(0)) != &conv) return "its input has several users";
  m.conv = &conv;
  m.weights = shape_of(*weights);
  const Integers pads = attribute(conv, "pads", 4, 0);
  if (m.weights.size() != 4 || pads.size() != 4) return "its window is not two-dimensional";
  for (std::size_t i = 0; i < 2; ++i) {
    if (m.weights[i + 2] < 1 || m.weights[i + 2] > Side::kMore || pads[i] < 0 ||
        pads[i] > Side::kMore || pads[i + 2] < 0 || pads[i + 2] > Side::kMore)
      return "its window is larger than that of any first layer";
    const std::int64_t size = *(*x)[i + 2], kernel = m.weights[i + 2];
    m.sides[i] = {kernel, pads[i], size, (size + pads[i] + pads[i + 2] - kernel) / kBlock + 1};
    if (size % kBlock != 0) return "its input has an odd side";
    if (m.sides[i].pad_after() < 0) return "its last rows are not read";
  }
  return {};
}

std::vector<float> rearranged(const std::vector<float>& w, const StemMatch& m) {
  const auto& [rows, columns] = m.sides;
  const std::int64_t channels = m.weights[1], deep = kBlock * kBlock * channels;
  std::vector<float> v(
      static_cast<std::size_t>(m.weights[0] * deep * rows.blocks() * columns.blocks()), 0.0F);
  std::size_t from = 0;
  for (std::int64_t out = 0; out < m.weights[0]; ++out)
    for (std::int64_t c = 0; c < channels; ++c)
      for (std::int64_t r = 0; r < rows.kernel; ++r)
        for (std::int64_t q = 0; q < columns.kernel; ++q) {
          // The channels of SpaceToDepth: place in the block first, then the channel of before.
          const std::int64_t channel = (rows.within(r) * kBlock + columns.within(q)) * channels + c;
          const std::int64_t row = rows.block(r) + rows.blocks_before();
          const std::int64_t column = columns.block(q) + columns.blocks_before();
          const std::int64_t to =
              ((out * deep + channel) * rows.blocks() + row) * columns.blocks() + column;
          v[static_cast<std::size_t>(to)] = w[from++];
        }
  return v;
}

void rewrite(Graph& graph, const StemMatch& m) {
  const std::string name = m.conv->name(), x = m.conv->input(0), w = m.conv->input(1);
  const auto& [rows, columns] = m.sides;
  const std::vector<float> v = rearranged(floats(*graph.constant(w)), m);
  const std::string weights = graph.add_initializer(
      w + "_deep", {m.weights[0], kBlock * kBlock * m.weights[1], rows.blocks(), columns.blocks()},
      std::span<const float>(v));
  onnx::NodeProto& conv = const_cast<onnx::NodeProto&>(*m.conv);  // of this very graph
  onnx::NodeProto& deep =
      graph.add_node({"SpaceToDepth", {x}, {}, graph.unique_node_name(name + "/SpaceToDepth")});
  set_attribute(deep, "blocksize", kBlock);
  graph.set_input(conv, 0, deep.output(0));
  graph.set_input(conv, 1, weights);
  set_attribute(conv, "kernel_shape", Integers{rows.blocks(), columns.blocks()});
  set_attribute(conv, "strides", Integers{1, 1});
  set_attribute(conv, "pads",
                Integers{rows.blocks_before(), columns.blocks_before(), rows.pad_after(),
                         columns.pad_after()});
}

}  // namespace

PassResult stem_space_to_depth(Graph& graph, const PassContext&) {
  PassResult result;
  graph.infer_shapes();
  for (const onnx::NodeProto* conv : graph.nodes_of("Conv")) {
    if (!graph.is_input(conv->input(0))) continue;
    StemMatch m;
    const std::string reason = match(graph, *conv, m);
    if (reason.empty()) {
      rewrite(graph, m);
      ++result.changes;
    } else {
      result.skipped.push_back("Conv \"" + conv->name() + "\": " + reason);
    }
  }
  if (result.changes != 0) {
    graph.sort();
    graph.remove_dead();
    graph.infer_shapes();
  }
  return result;
}

}  // namespace tamis
