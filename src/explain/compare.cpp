#include "explain/compare.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "base/files.h"

namespace tamis {
namespace {

/// Nodes of one side that compute, with their layers.
struct Side {
  const Graph& graph;
  const Executed& run;

  bool computes(const onnx::NodeProto& node) const {
    if (is_quantise(node) || is_dequantise(node) || node.output_size() == 0) return false;
    auto found = run.layer_of.find(node.output(0));
    return found != run.layer_of.end() && run.layers[found->second].kind == LayerKind::compute;
  }
  std::size_t layer(const onnx::NodeProto& node) const { return run.layer_of.at(node.output(0)); }
};

class DisjointSets {
 public:
  explicit DisjointSets(std::size_t n) : parent_(n) {
    std::iota(parent_.begin(), parent_.end(), std::size_t{0});
  }
  std::size_t find(std::size_t i) {
    while (parent_[i] != i) i = parent_[i] = parent_[parent_[i]];
    return i;
  }
  void join(std::size_t a, std::size_t b) { parent_[find(a)] = find(b); }

 private:
  std::vector<std::size_t> parent_;
};

/// The node of the parent that a node of the variant stands for.
class Counterparts {
 public:
  explicit Counterparts(const Graph& parent) : parent_(parent) {
    for (const onnx::NodeProto* node : parent.nodes())
      if (!node->name().empty()) by_name_.emplace(node->name(), node);
  }

  const onnx::NodeProto* of(const Graph& variant, const onnx::NodeProto& node) const {
    for (const std::string& output : node.output())
      for (const std::string& name : {dequantised(variant, output), output})
        if (const onnx::NodeProto* found = parent_.producer(name)) return found;
    auto named = by_name_.find(node.name());
    bool same = named != by_name_.end() && named->second->op_type() == node.op_type();
    return same ? named->second : nullptr;
  }

 private:
  const Graph& parent_;
  std::map<std::string, const onnx::NodeProto*> by_name_;
};

struct Match {
  const onnx::NodeProto* parent;
  const onnx::NodeProto* variant;
};

std::vector<Match> match_nodes(const Side& parent, const Side& variant) {
  Counterparts counterparts(parent.graph);
  std::vector<Match> matches;
  for (const onnx::NodeProto* node : variant.graph.nodes()) {
    if (!variant.computes(*node)) continue;
    const onnx::NodeProto* other = counterparts.of(variant.graph, *node);
    if (other != nullptr && parent.computes(*other)) matches.push_back({other, node});
  }
  return matches;
}

bool is_activation(const onnx::NodeProto& node) {
  static const std::set<std::string> kActivations{"Relu",      "LeakyRelu", "Clip", "HardSwish",
                                                  "PRelu",     "Elu",       "Gelu", "Swish",
                                                  "QuickGelu", "Mish",      "Tanh"};
  return kActivations.count(node.op_type()) != 0;
}

/// The activation behind a convolution or product: a node, or Sigmoid and product (SiLU) in two.
std::vector<const onnx::NodeProto*> activation_of(const Graph& graph, const onnx::NodeProto& node) {
  std::vector<const onnx::NodeProto*> found;
  for (const onnx::NodeProto* user : graph.consumers(node.output(0))) {
    if (is_activation(*user)) found.push_back(user);
    if (user->op_type() != "Sigmoid" && user->op_type() != "HardSigmoid") continue;
    const onnx::NodeProto* product = graph.only_consumer(user->output(0));
    if (product == nullptr || product->op_type() != "Mul") continue;
    found.push_back(user);
    found.push_back(product);
  }
  return found;
}

/// A convolution and its activation are one layer for people, also where a runtime takes two.
void join_activations(const Side& side, DisjointSets& sets, std::size_t shift) {
  for (const onnx::NodeProto* node : side.graph.nodes()) {
    if (!is_heavy(*node) || !side.computes(*node)) continue;
    for (const onnx::NodeProto* next : activation_of(side.graph, *node))
      if (side.computes(*next)) sets.join(shift + side.layer(*node), shift + side.layer(*next));
  }
}

/// The one node that reads the result, where it computes.
const onnx::NodeProto* graph_next(const Side& side, const onnx::NodeProto& node) {
  const onnx::NodeProto* next = side.graph.only_consumer(node.output(0));
  return next != nullptr && side.computes(*next) ? next : nullptr;
}

/// A dynamic product is one of integers, then a cast and scales: together they are the parent's.
void join_dynamic(const Side& side, DisjointSets& sets) {
  for (const onnx::NodeProto* node : side.graph.nodes()) {
    if (node->op_type() != "ConvInteger" && node->op_type() != "MatMulInteger") continue;
    const onnx::NodeProto* next = graph_next(side, *node);
    for (; next != nullptr && (next->op_type() == "Cast" || next->op_type() == "Mul");
         next = graph_next(side, *next))
      if (side.computes(*node)) sets.join(side.layer(*node), side.layer(*next));
  }
}

/// How much a node says about what its group is.
int weight(const onnx::NodeProto& node) {
  if (is_heavy(node)) return 3;
  const std::string& op = node.op_type();
  bool mere = op == "Sigmoid" || op == "Relu" || op == "Reshape" || op == "Cast";
  return mere ? 1 : 2;
}

void name_group(LayerGroup& group, const Side& side, const std::vector<std::size_t>& layers) {
  int best = 0;
  for (std::size_t layer : layers)
    for (const std::string& output : side.run.layers[layer].nodes) {
      const onnx::NodeProto* node = side.graph.producer(output);
      if (node == nullptr || !side.computes(*node) || weight(*node) <= best) continue;
      best = weight(*node);
      group.name = node->name().empty() ? output : node->name();
      group.op = node->op_type();
    }
  if (best > 0 || layers.empty()) return;
  group.name = side.run.layers[layers.front()].name;
  group.op = side.run.layers[layers.front()].type;
}

void add_edges(std::vector<LayerGroup>& groups, const Executed& run,
               std::vector<std::size_t> LayerGroup::*side) {
  std::map<std::size_t, std::size_t> group_of;
  for (std::size_t g = 0; g < groups.size(); ++g)
    for (std::size_t layer : groups[g].*side) group_of[layer] = g;
  std::set<std::pair<std::size_t, std::size_t>> seen;
  for (const auto& [from, to] : run.flow) {
    auto a = group_of.find(from), b = group_of.find(to);
    if (a == group_of.end() || b == group_of.end() || a->second == b->second) continue;
    if (seen.emplace(a->second, b->second).second) groups[b->second].before.push_back(a->second);
  }
}

bool is_f32(const Graph& graph, const std::string& value) {
  return graph.type(value) == onnx::TensorProto::FLOAT;
}

Graph with_only(const Graph& graph, const std::set<std::string>& values) {
  Graph copy = graph;
  copy.graph().clear_output();
  copy.reindex();
  copy.infer_shapes();
  for (const std::string& value : values) copy.add_output(value);
  copy.remove_dead();
  return copy;
}

std::map<std::string, Tensor> run_once(const Graph& graph, const Tensor& input,
                                       const OpenModelFile& open) {
  TemporaryFolder folder("tamis-explain");
  graph.save(folder.path() / "exposed.onnx");
  std::unique_ptr<Session> session = open(folder.path() / "exposed.onnx");
  std::vector<Tensor> outputs = make_tensors(session->outputs());
  session->run({&input, 1}, outputs);
  // By their place: a runtime may know a value by another of its names.
  std::map<std::string, Tensor> by_name;
  for (int i = 0; i < graph.graph().output_size(); ++i)
    by_name.emplace(graph.graph().output(i).name(),
                    std::move(outputs.at(static_cast<std::size_t>(i))));
  return by_name;
}

}  // namespace

std::vector<LayerGroup> match_layers(const Graph& parent, const Executed& parent_run,
                                     const Graph& variant, const Executed& variant_run) {
  Side a{parent, parent_run}, b{variant, variant_run};
  const std::size_t shift = variant_run.layers.size();
  std::vector<Match> matches = match_nodes(a, b);
  DisjointSets sets(shift + parent_run.layers.size());
  for (const Match& m : matches) sets.join(b.layer(*m.variant), shift + a.layer(*m.parent));
  join_activations(a, sets, shift);
  join_dynamic(b, sets);
  std::vector<LayerGroup> groups;
  std::map<std::size_t, std::size_t> group_of;
  auto group_at = [&](std::size_t member) -> LayerGroup& {
    auto [found, added] = group_of.emplace(sets.find(member), groups.size());
    if (added) groups.emplace_back();
    return groups[found->second];
  };
  for (std::size_t i = 0; i < shift; ++i)
    if (variant_run.layers[i].kind == LayerKind::compute) group_at(i).variant.push_back(i);
  for (std::size_t i = 0; i < parent_run.layers.size(); ++i)
    if (parent_run.layers[i].kind == LayerKind::compute) group_at(shift + i).parent.push_back(i);
  for (const Match& m : matches)
    if (is_f32(parent, m.parent->output(0)) && activation_of(parent, *m.parent).empty())
      group_at(b.layer(*m.variant)).output = {m.parent->output(0),
                                              dequantised(variant, m.variant->output(0))};
  for (LayerGroup& group : groups) {
    name_group(group, b, group.variant);
    if (!group.parent.empty()) name_group(group, a, group.parent);
  }
  add_edges(groups, parent_run, &LayerGroup::parent);
  return groups;
}

std::vector<LayerGroup> own_layers(const Graph& graph, const Executed& run) {
  Side side{graph, run};
  std::vector<LayerGroup> groups;
  for (std::size_t i = 0; i < run.layers.size(); ++i) {
    if (run.layers[i].kind != LayerKind::compute) continue;
    LayerGroup group;
    group.variant.push_back(i);
    name_group(group, side, group.variant);
    groups.push_back(std::move(group));
  }
  add_edges(groups, run, &LayerGroup::variant);
  return groups;
}

std::optional<double> snr_db(const Tensor& reference, const Tensor& value) {
  if (reference.type() != DataType::f32 || value.type() != DataType::f32 ||
      reference.elements() != value.elements())
    return std::nullopt;
  double signal = 0, noise = 0;
  for (std::int64_t i = 0; i < reference.elements(); ++i) {
    double r = reference.data<float>()[i], difference = value.data<float>()[i] - r;
    signal += r * r;
    noise += difference * difference;
  }
  if (!std::isfinite(signal) || !std::isfinite(noise)) return std::nullopt;
  if (noise <= signal * 1e-20) return 200.0;
  return signal > 0 ? std::max(-200.0, 10 * std::log10(signal / noise)) : -200.0;
}

std::vector<std::optional<double>> compare_tensors(const Graph& parent, const Graph& variant,
                                                   const std::vector<TensorPair>& pairs,
                                                   const Tensor& input, const OpenModelFile& open) {
  std::set<std::string> of_parent, of_variant;
  for (const TensorPair& pair : pairs) {
    of_parent.insert(pair.parent);
    of_variant.insert(pair.variant);
  }
  auto expected = run_once(with_only(parent, of_parent), input, open);
  auto found = run_once(with_only(variant, of_variant), input, open);
  std::vector<std::optional<double>> ratios;
  for (const TensorPair& pair : pairs) {
    auto a = expected.find(pair.parent), b = found.find(pair.variant);
    bool both = a != expected.end() && b != found.end();
    ratios.push_back(both ? snr_db(a->second, b->second) : std::nullopt);
  }
  return ratios;
}

}  // namespace tamis
