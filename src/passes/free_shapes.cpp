#include "passes/free_shapes.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <utility>

#include "base/error.h"
#include "graph/attributes.h"
#include "graph/inspect.h"
#include "graph/skeleton.h"
#include "passes/shape_freer.h"

namespace tamis {
namespace {

[[noreturn]] void fail(const Graph& graph, const std::string& what) {
  throw Error(ErrorCode::invalid_argument, "free shapes of " + graph.source() + ": " + what);
}

onnx::ValueInfoProto& picture_input(Graph& graph) {
  onnx::ValueInfoProto* found = nullptr;
  for (auto& input : *graph.graph().mutable_input()) {
    if (!graph.is_input(input.name())) continue;
    if (found != nullptr) fail(graph, "has several inputs; a vision model has one, the image");
    found = &input;
  }
  if (found == nullptr || found->type().tensor_type().shape().dim_size() != 4)
    fail(graph, "has no image input [N,C,H,W]");
  return *found;
}

onnx::TensorShapeProto& shape_of_input(onnx::ValueInfoProto& input) {
  return *input.mutable_type()->mutable_tensor_type()->mutable_shape();
}

/// Whether height and width are dynamic already. Throws where they contradict `size`.
bool is_free(Graph& graph, onnx::ValueInfoProto& input, Size size) {
  auto& shape = shape_of_input(input);
  const std::int64_t wanted[] = {size.height, size.width};
  int open = 0;
  for (int i : {2, 3}) {
    if (!shape.dim(i).has_dim_value())
      ++open;
    else if (shape.dim(i).dim_value() != wanted[i - 2])
      fail(graph, fmt::format("its input is not {}x{}", size.height, size.width));
  }
  return open == 2;
}

void open_sizes(Graph& graph, onnx::ValueInfoProto& input, const SizeProbes& probes) {
  auto& shape = shape_of_input(input);
  shape.mutable_dim(2)->set_dim_param("height");
  shape.mutable_dim(3)->set_dim_param("width");
  graph.graph().clear_value_info();
  for (auto& output : *graph.graph().mutable_output()) {
    auto dims = probes.dims(output.name());
    if (!dims || !output.type().tensor_type().has_shape()) continue;
    auto& own = *output.mutable_type()->mutable_tensor_type()->mutable_shape();
    for (int d = 0; d < own.dim_size() && d < static_cast<int>(dims->size()); ++d)
      if (varies((*dims)[static_cast<std::size_t>(d)]))
        own.mutable_dim(d)->set_dim_param(fmt::format("{}_{}", output.name(), d));
  }
}

/// "" where every operator agrees with its inputs at this size.
std::string contradiction_at(Graph& graph, const std::string& input, std::int64_t height,
                             std::int64_t width) {
  onnx::ModelProto model = graph.proto();
  model.mutable_graph()->clear_value_info();
  for (auto& value : *model.mutable_graph()->mutable_input())
    if (value.name() == input) {
      shape_of_input(value).mutable_dim(0)->set_dim_value(1);
      shape_of_input(value).mutable_dim(2)->set_dim_value(height);
      shape_of_input(value).mutable_dim(3)->set_dim_value(width);
    }
  for (auto& value : *model.mutable_graph()->mutable_output())
    value.mutable_type()->mutable_tensor_type()->clear_shape();
  try {
    inferred_skeleton(model, graph.source(), Strictness::strict);
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

/// The bulk of a model is weights, which shapes do not need.
Graph without_weights(const Graph& graph) {
  return Graph(inferred_skeleton(graph.proto(), graph.source(), Strictness::lenient),
               graph.source());
}

/// The smallest divisor of the model's own size, a multiple of `least`, of which odd multiples
/// contradict nothing.
std::int64_t find_stride(const Graph& graph, const std::string& input, Size size,
                         std::int64_t least) {
  Graph light = without_weights(graph);
  const std::int64_t common = std::gcd(std::int64_t{size.height}, std::int64_t{size.width});
  for (std::int64_t s = least; s <= common; s += least) {
    if (common % s != 0) continue;
    // Odd multiples around the model's own size: a further halving would show.
    const std::int64_t h = size.height / s / 2 * 2 + 1, w = size.width / s / 2 * 2 + 3;
    const bool fits = contradiction_at(light, input, s * h, s * w).empty() &&
                      contradiction_at(light, input, s * (w + 2), s * h).empty();
    if (fits) return s;
  }
  return common;
}

}  // namespace

Json to_json(const FreedShapes& freed) {
  return {{"stride", freed.stride}, {"replaced", freed.replaced}};
}

FreedShapes free_shapes(Graph& graph, Size size) {
  Graph work = graph;
  onnx::ValueInfoProto& input = picture_input(work);
  const std::string name = input.name();
  FreedShapes freed;
  if (!is_free(work, input, size)) {
    constexpr int kRange = 11;  // Range, Resize with sizes, Expand
    if (work.opset().value_or(0) < kRange) work.upgrade_opset(13);
    ShapeFreer freer(work, name, size);
    freed.replaced = freer.run();
    freed.stride = freer.stride();
    open_sizes(work, picture_input(work), freer.probes());
    work.sort();
    work.remove_dead();
    work.verify();
  }
  freed.stride = find_stride(work, name, size, freed.stride);
  graph = std::move(work);
  return freed;
}

Graph fix_shapes(const Graph& graph, const FreedShapes& freed, Size size) {
  const std::int64_t s = freed.stride;
  if (size.height % s != 0 || size.width % s != 0) {
    auto around = [&](std::int64_t side) {
      return std::max<std::int64_t>((side + s / 2) / s, 1) * s;
    };
    throw Error(ErrorCode::invalid_argument,
                fmt::format("resolution {}x{}: {} halves and joins its maps, so both sides must be "
                            "multiples of {}; the nearest such size is {}x{}",
                            size.height, size.width, graph.source(), s, around(size.height),
                            around(size.width)));
  }
  Graph copy = graph;
  const std::string input = picture_input(copy).name();
  const std::string problem = contradiction_at(copy, input, size.height, size.width);
  if (!problem.empty())
    throw Error(ErrorCode::invalid_argument,
                fmt::format("resolution {}x{}: {}", size.height, size.width, problem));
  return with_fixed_inputs(graph, 1, size);
}

}  // namespace tamis
