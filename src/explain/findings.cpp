#include "explain/findings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <numeric>
#include <set>

namespace tamis {
namespace {

using Indices = std::vector<std::size_t>;

bool computes(const Layer& layer) { return layer.kind == LayerKind::compute; }
bool in_int8(const Layer& layer) { return computes(layer) && layer.precision == "int8"; }
/// Integers wider than 8 bits are shapes and indices, which nobody wants in INT8.
bool in_float(const Layer& layer) {
  return computes(layer) && (layer.precision == "f32" || layer.precision == "bf16" ||
                             layer.precision == "f16" || layer.precision == "f64");
}

double time_of(const Executed& run, const Indices& layers) {
  double us = 0;
  for (std::size_t i : layers) us += run.layers[i].us();
  return us;
}

/// "QuickGelu (57), Add (2)": what the layers are, most frequent first.
std::string kinds_text(const std::vector<std::string>& kinds) {
  std::map<std::string, int> counts;
  for (const std::string& kind : kinds) ++counts[kind];
  std::vector<std::pair<int, std::string>> sorted;
  for (const auto& [kind, count] : counts) sorted.emplace_back(-count, kind);
  std::sort(sorted.begin(), sorted.end());
  constexpr std::size_t kShown = 5;
  std::string text;
  for (std::size_t i = 0; i < std::min(kShown, sorted.size()); ++i)
    text += fmt::format("{}{} ({})", i == 0 ? "" : ", ", sorted[i].second, -sorted[i].first);
  return text + (sorted.size() > kShown ? ", …" : "");
}

std::string types_text(const Executed& run, const Indices& layers) {
  std::vector<std::string> types;
  for (std::size_t i : layers) types.push_back(run.layers[i].type);
  return kinds_text(types);
}

std::string count_text(std::size_t n, const std::string& noun) {
  return fmt::format("{} {}{}", n, noun, n == 1 ? "" : "s");
}

Finding make_finding(const std::string& id, const Executed& run, Indices layers, std::string text) {
  std::sort(layers.begin(), layers.end(),
            [&](std::size_t a, std::size_t b) { return run.layers[a].us() > run.layers[b].us(); });
  Finding finding{id, std::move(text), time_of(run, layers), std::nullopt, {}};
  for (std::size_t i : layers) finding.layers.push_back(run.layers[i].name);
  return finding;
}

template <typename Keep>
Indices select(const Executed& run, Keep keep) {
  Indices found;
  for (std::size_t i = 0; i < run.layers.size(); ++i)
    if (keep(run.layers[i])) found.push_back(i);
  return found;
}

/// Layers that the flow reaches from (or that reach) those for which `start` holds.
std::vector<bool> reached(const Executed& run, bool forward) {
  std::vector<Indices> next(run.layers.size());
  for (const auto& [from, to] : run.flow) next[forward ? from : to].push_back(forward ? to : from);
  std::vector<bool> seen(run.layers.size());
  Indices open = select(run, in_int8);
  while (!open.empty()) {
    std::size_t here = open.back();
    open.pop_back();
    for (std::size_t there : next[here]) {
      if (seen[there]) continue;
      seen[there] = true;
      open.push_back(there);
    }
  }
  return seen;
}

// ---- conversions ----

/// Operators whose layers stand at the other side of a layer that is a Q or DQ alone, and are not
/// executed in INT8.
void float_neighbours(const Evidence& e, const Layer& layer, std::vector<std::string>& kinds) {
  auto note = [&](const onnx::NodeProto* node) {
    if (node == nullptr || node->output_size() == 0) return;
    auto found = e.run.layer_of.find(node->output(0));
    if (found == e.run.layer_of.end()) return;
    const Layer& other = e.run.layers[found->second];
    if (in_float(other)) kinds.push_back(other.type);
  };
  for (const std::string& output : layer.nodes) {
    const onnx::NodeProto* node = e.graph.producer(output);
    if (node == nullptr) continue;
    if (is_quantise(*node)) note(source_of(e.graph, node->input(0)));
    if (is_dequantise(*node))
      for (const onnx::NodeProto* user : e.graph.consumers(output)) note(user);
  }
}

bool of_input(const Evidence& e, const Layer& layer) {
  for (const std::string& output : layer.nodes)
    if (const onnx::NodeProto* node = e.graph.producer(output))
      if (is_quantise(*node) && e.graph.is_input(node->input(0))) return true;
  return false;
}

bool of_constant(const Evidence& e, const Layer& layer) {
  for (const std::string& output : layer.nodes)
    if (const onnx::NodeProto* node = e.graph.producer(output))
      if (is_dequantise(*node) && e.graph.is_constant(node->input(0))) return true;
  return layer.from == "i32";
}

void find_conversions(const Evidence& e, std::vector<Finding>& findings) {
  Indices values, constants, input;
  for (std::size_t i = 0; i < e.run.layers.size(); ++i) {
    const Layer& layer = e.run.layers[i];
    if (layer.kind != LayerKind::conversion || layer.type == "DynamicQuantizeLinear") continue;
    (of_input(e, layer) ? input : of_constant(e, layer) ? constants : values).push_back(i);
  }
  if (!values.empty()) {
    std::vector<std::string> kinds;
    for (std::size_t i : values) float_neighbours(e, e.run.layers[i], kinds);
    std::string text =
        fmt::format("{} left in the executed graph: {}", count_text(values.size(), "conversion"),
                    types_text(e.run, values));
    if (!kinds.empty()) text += "; they connect to float layers: " + kinds_text(kinds);
    findings.push_back(make_finding("unfused_qdq", e.run, values, text));
    findings.back().gain_us = findings.back().us;
  }
  if (!constants.empty()) {
    findings.push_back(
        make_finding("constants_dequantised", e.run, constants,
                     fmt::format("weights and biases are dequantised in every inference, by {}",
                                 count_text(constants.size(), "layer"))));
    findings.back().gain_us = findings.back().us;
  }
  if (!input.empty()) {
    findings.push_back(make_finding("input_quantised", e.run, input,
                                    "the input arrives as float and is quantised first"));
    findings.back().gain_us = findings.back().us;
  }
}

// ---- float where the file wants INT8 ----

bool is_signed(const Graph& graph, const onnx::NodeProto& dequantise) {
  if (dequantise.input_size() < 3) return false;
  const onnx::TensorProto* zero = graph.constant(dequantise.input(2));
  return zero != nullptr && zero->data_type() == onnx::TensorProto::INT8;
}

/// Why ONNX Runtime does not fuse the node with the Q/DQ around it, where one of its conditions is
/// seen to fail. https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html
/// `signed_run`: layers with signed inputs do run in INT8, so that cannot be it.
std::string ort_obstacle(const Graph& graph, const onnx::NodeProto& node, bool signed_run) {
  if (graph.is_output(node.output(0))) return "output is a float output of the model";
  std::vector<std::string> readers;
  for (const onnx::NodeProto* user : graph.consumers(node.output(0)))
    if (!is_quantise(*user)) readers.push_back(user->op_type());
  if (readers.empty()) {
    const onnx::NodeProto* data = graph.producer(node.input(0));
    return signed_run ? "" : is_signed(graph, *data) ? "signed" : "";
  }
  std::sort(readers.begin(), readers.end());
  readers.erase(std::unique(readers.begin(), readers.end()), readers.end());
  return fmt::format("output is not quantised before {}", fmt::join(readers, ", "));
}

bool runs_signed_in_int8(const Evidence& e) {
  for (const onnx::NodeProto* node : e.graph.nodes()) {
    if (!wants_int8(e.graph, *node)) continue;
    auto found = e.run.layer_of.find(node->output(0));
    if (found != e.run.layer_of.end() && in_int8(e.run.layers[found->second]) &&
        is_signed(e.graph, *e.graph.producer(node->input(0))))
      return true;
  }
  return false;
}

void find_float_instead(const Evidence& e, std::set<std::size_t>& taken,
                        std::vector<Finding>& findings) {
  std::map<std::string, Indices> by_reason;
  const bool signed_run = runs_signed_in_int8(e);
  for (const onnx::NodeProto* node : e.graph.nodes()) {
    if (!wants_int8(e.graph, *node)) continue;
    auto found = e.run.layer_of.find(node->output(0));
    if (found == e.run.layer_of.end() || !in_float(e.run.layers[found->second])) continue;
    if (!taken.insert(found->second).second) continue;
    by_reason[e.backend == "ort" ? ort_obstacle(e.graph, *node, signed_run) : ""].push_back(
        found->second);
  }
  std::optional<double> ratio = int8_ratio(e);
  for (const auto& [reason, layers] : by_reason) {
    std::string id = reason == "signed" ? "signed_activations" : "float_where_int8";
    std::string text = fmt::format("{} of the file's quantised layers run in float ({})",
                                   layers.size(), types_text(e.run, layers));
    if (reason == "signed")
      text += ": their inputs are signed (int8), and no layer with such inputs runs in INT8";
    else
      text += reason.empty() ? "; neither the graph nor the profile shows why"
                             : ": ONNX Runtime uses an integer kernel only if Q/DQ pairs are on "
                               "both sides, but their " +
                                   reason;
    findings.push_back(make_finding(id, e.run, layers, text));
    if (ratio && *ratio < 1) findings.back().gain_us = findings.back().us * (1 - *ratio);
  }
}

void find_other_float(const Evidence& e, std::set<std::size_t>& taken,
                      std::vector<Finding>& findings) {
  if (select(e.run, in_int8).empty() && taken.empty()) return;
  Indices between, rest;
  for (std::size_t i : between_int8(e.run))
    if (taken.insert(i).second) between.push_back(i);
  for (std::size_t i : select(e.run, in_float))
    if (taken.count(i) == 0) rest.push_back(i);
  if (!between.empty())
    findings.push_back(
        make_finding("float_between_int8", e.run, between,
                     fmt::format("{} executed in float between INT8 layers: {}",
                                 count_text(between.size(), "layer"), types_text(e.run, between))));
  if (!rest.empty())
    findings.push_back(
        make_finding("float_in_file", e.run, rest,
                     fmt::format("{} outside the INT8 part, which the file has in float: {}",
                                 count_text(rest.size(), "layer"), types_text(e.run, rest))));
}

// ---- the rest ----

void find_layout(const Evidence& e, std::vector<Finding>& findings) {
  Indices layers = select(e.run, [](const Layer& l) { return l.kind == LayerKind::layout; });
  if (layers.empty()) return;
  findings.push_back(
      make_finding("layout", e.run, layers,
                   fmt::format("the runtime added {} of the memory layout: {}",
                               count_text(layers.size(), "change"), types_text(e.run, layers))));
  findings.back().gain_us = findings.back().us;
}

void find_dynamic(const Evidence& e, std::vector<Finding>& findings) {
  Indices layers = select(e.run, [](const Layer& l) {
    return l.type.find("Integer") != std::string::npos || l.type.rfind("DynamicQuantize", 0) == 0;
  });
  if (layers.empty()) return;
  findings.push_back(make_finding(
      "dynamic", e.run, layers,
      fmt::format("ranges are computed again in every inference (dynamic quantisation): {}",
                  types_text(e.run, layers))));
}

void find_missing_instructions(const Evidence& e, std::vector<Finding>& findings) {
  bool x86 = e.architecture == "x86_64", arm = e.architecture == "aarch64";
  auto has = [&](const char* name) {
    return std::find(e.isa.begin(), e.isa.end(), name) != e.isa.end();
  };
  bool dot = has("avx512_vnni") || has("avx_vnni") || has("amx_int8") || has("asimddp");
  Indices layers = select(e.run, in_int8);
  if (dot || !(x86 || arm) || layers.empty()) return;
  findings.push_back(make_finding("no_dot_product", e.run, layers,
                                  x86 ? "this CPU has neither VNNI nor AMX: a product of 8-bit "
                                        "integers takes three instructions instead of one"
                                      : "this CPU has no dot product of 8-bit integers (asimddp)"));
}

/// Of weights: DequantizeLinear has an axis, and so a scale per channel, from opset 13 on.
void find_per_tensor(const Evidence& e, std::vector<Finding>& findings) {
  if (e.graph.opset().value_or(0) >= 13) return;
  std::set<std::size_t> layers;
  for (const onnx::NodeProto* node : e.graph.nodes()) {
    if (!wants_int8(e.graph, *node)) continue;
    const onnx::NodeProto* weights = e.graph.producer(node->input(1));
    auto found = e.run.layer_of.find(node->output(0));
    if (found != e.run.layer_of.end() && e.graph.is_constant(weights->input(0)))
      layers.insert(found->second);
  }
  if (layers.empty()) return;
  findings.push_back(
      make_finding("per_tensor_weights", e.run, {layers.begin(), layers.end()},
                   fmt::format("opset {} allows only one scale for all of a layer's weights; opset "
                               "13 and later allow one per channel (this costs accuracy, not time)",
                               *e.graph.opset())));
}

/// Nodes from which no convolution or matrix product is reached.
std::set<std::string> tail_of(const Graph& graph) {
  std::set<std::string> leads_on;  // values that a heavy node needs, directly or not
  std::vector<const onnx::NodeProto*> nodes = graph.nodes();
  for (auto node = nodes.rbegin(); node != nodes.rend(); ++node) {
    bool on = is_heavy(**node);
    for (const std::string& output : (*node)->output()) on = on || leads_on.count(output) != 0;
    if (on)
      for (const std::string& input : (*node)->input()) leads_on.insert(input);
  }
  std::set<std::string> tail;
  for (const onnx::NodeProto* node : nodes) {
    bool on = is_heavy(*node);
    for (const std::string& output : node->output()) on = on || leads_on.count(output) != 0;
    if (!on && node->output_size() > 0) tail.insert(node->output(0));
  }
  return tail;
}

/// A node that mixes values and reads dequantised ones: its result has the resolution of 8 bits.
bool mixes_quantised(const Graph& graph, const onnx::NodeProto& node) {
  const std::string& op = node.op_type();
  if (op != "Concat" && op != "Mul" && op != "Add" && op != "Sub" && op != "Div") return false;
  const onnx::NodeProto* next = graph.only_consumer(node.output(0));
  return next != nullptr && is_quantise(*next);
}

void find_head(const Evidence& e, std::vector<Finding>& findings) {
  std::set<std::size_t> layers;
  for (const std::string& output : tail_of(e.graph)) {
    const onnx::NodeProto* node = e.graph.producer(output);
    auto found = e.run.layer_of.find(output);
    if (found != e.run.layer_of.end() && mixes_quantised(e.graph, *node))
      layers.insert(found->second);
  }
  if (layers.empty()) return;
  Indices all(layers.begin(), layers.end());
  findings.push_back(make_finding(
      "head_quantised", e.run, all,
      fmt::format("the file quantises layers after the last convolutions ({}): this saves little "
                  "time, and one scale for boxes and scores loses the scores",
                  types_text(e.run, all))));
}

void find_slower(const Evidence& e, std::vector<Finding>& findings) {
  if (e.parent == nullptr) return;
  Indices slower;
  double excess = 0;
  for (const LayerGroup& group : e.groups) {
    if (group.parent.empty() || group.variant.empty()) continue;
    auto has_int8 = [&](std::size_t i) { return in_int8(e.run.layers[i]); };
    if (std::none_of(group.variant.begin(), group.variant.end(), has_int8)) continue;
    LayerTime parent = time_together(*e.parent, group.parent);
    LayerTime variant = time_together(e.run, group.variant);
    if (variant.low <= parent.high) continue;
    slower.insert(slower.end(), group.variant.begin(), group.variant.end());
    excess += variant.us - parent.us;
  }
  if (slower.empty()) return;
  findings.push_back(make_finding(
      "slower_in_int8", e.run, slower,
      fmt::format("slower than in the original: {} that run fully or partly in INT8 ({})",
                  count_text(slower.size(), "layer"), types_text(e.run, slower))));
  findings.back().gain_us = excess;
}

}  // namespace

std::vector<std::size_t> between_int8(const Executed& run) {
  std::vector<bool> behind = reached(run, true), before = reached(run, false);
  Indices found;
  for (std::size_t i = 0; i < run.layers.size(); ++i)
    if (in_float(run.layers[i]) && behind[i] && before[i]) found.push_back(i);
  return found;
}

std::vector<std::size_t> int8_islands(const Executed& run) {
  std::vector<std::size_t> root(run.layers.size());
  std::iota(root.begin(), root.end(), std::size_t{0});
  auto find = [&](std::size_t i) {
    while (root[i] != i) i = root[i];
    return i;
  };
  for (const auto& [from, to] : run.flow)
    if (in_int8(run.layers[from]) && in_int8(run.layers[to])) root[find(from)] = find(to);
  std::map<std::size_t, std::size_t> sizes;
  for (std::size_t i : select(run, in_int8)) ++sizes[find(i)];
  std::vector<std::size_t> islands;
  for (const auto& [island, size] : sizes) islands.push_back(size);
  std::sort(islands.rbegin(), islands.rend());
  return islands;
}

std::optional<double> int8_ratio(const Evidence& e) {
  if (e.parent == nullptr) return std::nullopt;
  double parent = 0, variant = 0;
  for (const LayerGroup& group : e.groups) {
    bool heavy = group.op == "Conv" || group.op == "Gemm" || group.op == "MatMul";
    if (!heavy || group.parent.empty() || group.variant.empty()) continue;
    if (!in_int8(e.run.layers[group.variant.front()])) continue;
    parent += time_of(*e.parent, group.parent);
    variant += time_of(e.run, group.variant);
  }
  if (parent <= 0) return std::nullopt;
  return variant / parent;
}

std::vector<Finding> find_obstacles(const Evidence& evidence) {
  std::vector<Finding> findings;
  std::set<std::size_t> taken;
  find_float_instead(evidence, taken, findings);
  find_other_float(evidence, taken, findings);
  find_conversions(evidence, findings);
  find_layout(evidence, findings);
  find_dynamic(evidence, findings);
  find_missing_instructions(evidence, findings);
  find_per_tensor(evidence, findings);
  find_head(evidence, findings);
  find_slower(evidence, findings);
  std::stable_sort(findings.begin(), findings.end(),
                   [](const Finding& a, const Finding& b) { return a.us > b.us; });
  return findings;
}

}  // namespace tamis
