#include "quantize/equalise.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <utility>

#include "quantize/corrections.h"
#include "quantize/roles.h"

namespace tamis {

namespace {

/// Two convolutions with at most a Relu between them.
struct Pair {
  onnx::NodeProto* first;
  onnx::NodeProto* second;
  bool depthwise;
};

bool is_plain_conv(const Graph& graph, const onnx::NodeProto& node) {
  std::string reason;
  if (!is_op(node, "Conv")) return false;
  const std::optional<ComputeNode> compute = as_compute(graph, node, reason);
  const bool has_bias = node.input_size() > 2 && !node.input(2).empty();
  return compute && (!has_bias || compute->bias);
}

std::optional<Pair> pair_from(Graph& graph, onnx::NodeProto& first) {
  if (!is_plain_conv(graph, first)) return std::nullopt;
  onnx::NodeProto* user = graph.only_consumer(first.output(0));
  if (user != nullptr && is_op(*user, "Relu")) user = graph.only_consumer(user->output(0));
  if (user == nullptr || !is_plain_conv(graph, *user)) return std::nullopt;
  const Shape one = shape_of(*graph.constant(first.input(1)));
  const Shape two = shape_of(*graph.constant(user->input(1)));
  const std::int64_t groups = int_attribute(*user, "group").value_or(1);
  const bool depthwise = groups == one[0] && two[1] == 1 && groups > 1;
  if (!depthwise && (groups != 1 || two[1] != one[0])) return std::nullopt;
  return Pair{&first, user, depthwise};
}

/// Weights [outer, channels, inner] of which one channel can be measured and scaled.
struct Channels {
  Shape shape;
  std::vector<float> values;
  std::size_t outer, count, inner;

  double largest(std::size_t channel) const {
    double most = 0;
    for (std::size_t o = 0; o < outer; ++o) {
      for (std::size_t i = 0; i < inner; ++i)
        most = std::max(most, std::abs(double{values[(o * count + channel) * inner + i]}));
    }
    return most;
  }
  void scale(std::size_t channel, double by) {
    for (std::size_t o = 0; o < outer; ++o) {
      for (std::size_t i = 0; i < inner; ++i) {
        float& v = values[(o * count + channel) * inner + i];
        v = static_cast<float>(v * by);
      }
    }
  }
};

Channels read_channels(const Graph& graph, const onnx::NodeProto& conv, bool by_input,
                       std::size_t count) {
  const onnx::TensorProto& tensor = *graph.constant(conv.input(1));
  Channels c{shape_of(tensor), floats(tensor), 1, count, 1};
  if (by_input) c.outer = static_cast<std::size_t>(c.shape[0]);
  c.inner = c.values.size() / (c.outer * count);
  return c;
}

void write_input(Graph& graph, onnx::NodeProto& node, int index, const Shape& shape,
                 const std::vector<float>& values) {
  graph.set_input(node, index,
                  graph.add_initializer(node.input(index) + "_equalised", shape,
                                        std::span<const float>(values)));
}

bool has_outlier(const Channels& channels) {
  std::vector<double> all;
  for (std::size_t i = 0; i < channels.count; ++i) all.push_back(channels.largest(i));
  std::sort(all.begin(), all.end());
  return all.back() > kOutlier * all[all.size() / 2];
}

/// Whether anything moved by more than rounding.
bool equalise(Graph& graph, const Pair& pair) {
  const auto count = static_cast<std::size_t>(shape_of(*graph.constant(pair.first->input(1)))[0]);
  Channels one = read_channels(graph, *pair.first, false, count);
  Channels two = read_channels(graph, *pair.second, !pair.depthwise, count);
  if (!has_outlier(one)) return false;
  const bool has_bias = pair.first->input_size() > 2 && !pair.first->input(2).empty();
  std::vector<float> bias;
  if (has_bias) bias = floats(*graph.constant(pair.first->input(2)));
  bool moved = false;
  for (std::size_t i = 0; i < count; ++i) {
    const double r1 = one.largest(i);
    const double r2 = two.largest(i);
    if (!(r1 > 0 && r2 > 0)) continue;
    const double s = std::sqrt(r1 / r2);
    moved |= std::abs(s - 1) > 1e-3;
    one.scale(i, 1 / s);
    two.scale(i, s);
    if (has_bias) bias[i] = static_cast<float>(bias[i] / s);
  }
  if (!moved) return false;
  write_input(graph, *pair.first, 1, one.shape, one.values);
  write_input(graph, *pair.second, 1, two.shape, two.values);
  if (has_bias) write_input(graph, *pair.first, 2, {static_cast<std::int64_t>(count)}, bias);
  return true;
}

}  // namespace

std::vector<std::string> equalise_channels(Graph& graph) {
  constexpr int kMostRounds = 20;
  std::vector<Pair> pairs;
  for (onnx::NodeProto* node : graph.nodes_of("Conv")) {
    if (const std::optional<Pair> pair = pair_from(graph, *node)) pairs.push_back(*pair);
  }
  std::set<std::string> changed;
  for (int round = 0; round < kMostRounds; ++round) {
    bool moved = false;
    for (const Pair& pair : pairs) {
      if (!equalise(graph, pair)) continue;
      moved = true;
      changed.insert(pair.first->name().empty() ? pair.first->output(0) : pair.first->name());
    }
    if (!moved) break;
  }
  graph.remove_dead();
  return {changed.begin(), changed.end()};
}

std::vector<Attempt> attempt_equalising(const Form& form, const CorrectionTools& tools) {
  Graph equalised = form.parent->load();
  const std::vector<std::string> changed = equalise_channels(equalised);
  if (changed.empty()) return {};
  equalised.infer_shapes();
  return {{tools.form_of(std::move(equalised)), layers_text(changed.size())}};
}

}  // namespace tamis
