#include "quantize/placement.h"

#include <algorithm>
#include <numeric>
#include <unordered_map>
#include <unordered_set>

#include "quantize/tail.h"

namespace tamis {

namespace {

/// Which value sits in which group, while groups are being joined (union-find over dense numbers).
class Joiner {
 public:
  std::size_t number(const std::string& value) {
    const auto [at, fresh] = numbers_.try_emplace(value, parents_.size());
    if (fresh) parents_.push_back(parents_.size());
    return at->second;
  }
  std::size_t root(const std::string& value) {
    std::size_t at = number(value);
    while (parents_[at] != at) at = parents_[at] = parents_[parents_[at]];
    return at;
  }
  void join(const std::string& a, const std::string& b) { parents_[root(a)] = root(b); }

 private:
  std::unordered_map<std::string, std::size_t> numbers_;
  std::vector<std::size_t> parents_;
};

class Placer {
 public:
  Placer(const Graph& graph, const QuantizeOptions& options, Plan& plan)
      : graph_(graph),
        plan_(plan),
        for_openvino_(options.target == QuantizeTarget::openvino ||
                      options.target == QuantizeTarget::tensorrt),
        for_tensorrt_(options.target == QuantizeTarget::tensorrt),
        free_tail_(options.target == QuantizeTarget::portable && has_open_sides(graph)),
        pools_zero_points_(options.target == QuantizeTarget::portable &&
                           writes_quick_gelu(options) && !options.symmetric),
        standard_only_(!for_openvino_ && !writes_quick_gelu(options)),
        share_concat_(options.share_concat_scale.value_or(true)) {
    nodes_ = graph.nodes();
    for (const ComputeNode& c : plan.compute) compute_.emplace(c.node, &c);
    for (const onnx::NodeProto* node : nodes_) {
      if (const std::optional<Silu> silu = as_silu(graph, *node)) silus_.emplace(node, *silu);
    }
  }

  void place() {
    find_region();
    for_openvino_ ? choose_read_values() : choose_all_values();
    note_silus();
    choose_movements();
    make_groups();
  }

 private:
  /// What a node of the region reads as activations.
  std::vector<std::string> reads(const onnx::NodeProto* node) const {
    if (const auto c = compute_.find(node); c != compute_.end())
      return {node->input(c->second->activation)};
    if (const auto s = silus_.find(node); s != silus_.end()) return {s->second.x};
    return data_inputs(graph_, *node);
  }

  /// The region: compute nodes, and what leads to one through nodes that can run on u8.
  void find_region() {
    std::unordered_set<std::string> wanted;
    const auto tail = output_tail(graph_);
    for (auto it = nodes_.rbegin(); it != nodes_.rend(); ++it) {
      const onnx::NodeProto* node = *it;
      const bool feeds = std::any_of(node->output().begin(), node->output().end(),
                                     [&](const std::string& v) { return wanted.count(v) != 0; });
      if (compute_.count(node) == 0 && (!feeds || tail.count(node) != 0)) continue;
      const std::vector<std::string> inputs = reads(node);
      if (inputs.empty()) continue;
      region_.insert(node);
      wanted.insert(inputs.begin(), inputs.end());
    }
  }

  bool absorbed(const std::string& value) const {
    const onnx::NodeProto* user = graph_.only_consumer(value);
    return user != nullptr && region_.count(user) != 0 && cuts_at_zero(graph_, *user);
  }

  /// Between a convolution that stays in float and its SiLU a Q/DQ pair would only cost.
  bool float_into_silu(const onnx::NodeProto* node, const std::string& value) const {
    const onnx::NodeProto* producer = graph_.producer(value);
    return silus_.count(node) != 0 && producer != nullptr && region_.count(producer) == 0;
  }

  void quantise(const std::string& value) { quantised_.insert(value); }

  /// ONNX Runtime: everything that a node of the region reads or writes.
  void choose_all_values() {
    for (const onnx::NodeProto* node : nodes_) {
      if (region_.count(node) == 0) continue;
      for (const std::string& value : reads(node)) {
        if (!absorbed(value) && !float_into_silu(node, value)) quantise(value);
      }
      for (const std::string& value : node->output()) {
        if (!value.empty() && !absorbed(value) && !free_output(*node, value)) quantise(value);
      }
    }
  }

  /// A matrix product gives float as quickly as u8, so nothing is lost where nobody reads u8. A
  /// branch of a Split that only float nodes read needs no Q. Nor does a convolution in a portable
  /// file with open dimensions: with such pairs OpenVINO 2026.4 makes boxes up to 1.8 times as wide
  /// there; without them they are right (bench/README.md).
  bool free_output(const onnx::NodeProto& node, const std::string& value) const {
    if (is_op(node, "Conv") && !free_tail_) return false;
    const auto users = graph_.consumers(value);
    return std::none_of(users.begin(), users.end(),
                        [&](const onnx::NodeProto* user) { return region_.count(user) != 0; });
  }

  /// How many compute nodes lie between a value and the branching it comes from.
  std::size_t compute_behind(std::string value) const {
    std::size_t count = 0;
    for (const onnx::NodeProto* node = graph_.producer(value);
         node != nullptr && graph_.only_consumer(value) != nullptr; node = graph_.producer(value)) {
      // The input of a SiLU has two users that are one.
      if (const auto s = silus_.find(node); s != silus_.end()) node = graph_.producer(s->second.x);
      if (node == nullptr) break;
      count += compute_.count(node);
      const std::vector<std::string> inputs = reads(node);
      if (inputs.empty()) break;
      value = inputs.front();
    }
    return count;
  }

  /// TensorRT fuses an Add into the convolution of one of its inputs and puts out s8 only if the
  /// other input, the residual branch, is quantised: the one with fewer convolutions behind it.
  const std::string& residual_input(const onnx::NodeProto& add) const {
    return add.input(compute_behind(add.input(0)) < compute_behind(add.input(1)) ? 0 : 1);
  }

  /// OpenVINO: what convolutions read, and upwards through what moves data.
  void choose_read_values() {
    for (auto it = nodes_.rbegin(); it != nodes_.rend(); ++it) {
      const onnx::NodeProto* node = *it;
      if (region_.count(node) == 0) continue;
      if (for_tensorrt_ && is_op(*node, "Add")) quantise(residual_input(*node));
      const bool concat = is_op(*node, "Concat") && share_concat_;
      const bool pushes =
          (concat || moves_data(graph_, *node)) &&
          std::any_of(node->output().begin(), node->output().end(),
                      [&](const std::string& v) { return quantised_.count(v) != 0; });
      if (compute_.count(node) == 0 && !pushes) continue;
      for (const std::string& value : reads(node)) quantise(value);
      if (!pushes) continue;
      for (const std::string& value : node->output()) quantise(value);
    }
  }

  void note_silus() {
    for (const onnx::NodeProto* node : nodes_) {
      const auto silu = silus_.find(node);
      if (silu == silus_.end() || quantised_.count(silu->second.x) == 0) continue;
      plan_.silus.push_back(silu->second);
      if (standard_only_ && region_.count(node) != 0) quantise(silu->second.sigmoid->output(0));
    }
  }

  bool all_quantised(const onnx::NodeProto* node) const {
    const auto is_q = [&](const std::string& v) { return v.empty() || quantised_.count(v) != 0; };
    const std::vector<std::string> inputs = reads(node);
    return std::all_of(inputs.begin(), inputs.end(), is_q) &&
           std::all_of(node->output().begin(), node->output().end(), is_q);
  }

  /// A Split between Q and DQ costs ONNX Runtime a quarter of the whole time unless it works on the
  /// u8 tensor; everything else it fuses itself.
  void choose_movements() {
    for (const onnx::NodeProto* node : nodes_) {
      if (region_.count(node) == 0 || compute_.count(node) != 0) continue;
      const bool shared_concat = is_op(*node, "Concat") && share_concat_;
      if (!shared_concat && !moves_data(graph_, *node)) continue;
      if (is_op(*node, "Split") && quantised_.count(node->input(0)) != 0) {
        for (const std::string& value : node->output()) quantise(value);
      }
      if (!all_quantised(node)) continue;
      const bool raw = !for_tensorrt_ && ((for_openvino_ && !is_op(*node, "Pad")) ||
                                          is_op(*node, "Split") || is_op(*node, "SpaceToDepth"));
      plan_.movers.emplace(node, raw ? Movement::on_u8 : Movement::wrapped);
    }
  }

  void make_groups() {
    Joiner joiner;
    for (const auto& [node, movement] : plan_.movers) {
      const std::vector<std::string> inputs = reads(node);
      for (const std::string& value : inputs) joiner.join(value, inputs.front());
      for (const std::string& value : node->output()) joiner.join(value, inputs.front());
    }
    std::unordered_map<std::size_t, std::size_t> index;
    for (const std::string& value : quantised_) {
      const auto [at, fresh] = index.try_emplace(joiner.root(value), plan_.groups.size());
      if (fresh) plan_.groups.emplace_back();
      plan_.groups[at->second].members.push_back(value);
      plan_.group_of.emplace(value, at->second);
    }
    for (Group& group : plan_.groups) {
      for (const std::string& value : group.members) add_sources(value, group);
      group.pooled_zero_point = pools_zero_points_ && group.sources.size() == 1 &&
                                group.sources[0].kind == RangeSource::Kind::before_silu;
    }
  }

  void add_sources(const std::string& value, Group& group) const {
    using Kind = RangeSource::Kind;
    const onnx::NodeProto* node = graph_.producer(value);
    if (node != nullptr && plan_.movers.count(node) != 0) return;
    if (node != nullptr && region_.count(node) != 0 && is_op(*node, "Concat") &&
        all_quantised(node)) {
      for (const std::string& input : reads(node)) {
        group.sources.push_back({Kind::group, {}, plan_.group_of.at(input)});
      }
      return;
    }
    if (node != nullptr && silus_.count(node) != 0) {
      group.sources.push_back({Kind::after_silu, silus_.at(node).x, 0});
      return;
    }
    if (node != nullptr && is_op(*node, "Sigmoid")) {
      group.sources.push_back({Kind::unit, {}, 0});
      return;
    }
    const Kind kind = only_for_silu(value)                      ? Kind::before_silu
                      : node != nullptr && read_in_float(value) ? Kind::whole
                                                                : Kind::seen;
    group.sources.push_back({kind, value, 0});
  }

  bool read_in_float(const std::string& value) const {
    const auto users = graph_.consumers(value);
    return graph_.is_output(value) ||
           std::none_of(users.begin(), users.end(),
                        [&](const onnx::NodeProto* user) { return region_.count(user) != 0; });
  }

  bool only_for_silu(const std::string& value) const {
    const auto users = graph_.consumers(value);
    return !graph_.is_output(value) && !users.empty() &&
           std::all_of(users.begin(), users.end(), [&](const onnx::NodeProto* user) {
             return std::any_of(plan_.silus.begin(), plan_.silus.end(), [&](const Silu& silu) {
               return silu.x == value && (user == silu.multiply || user == silu.sigmoid);
             });
           });
  }

  const Graph& graph_;
  Plan& plan_;
  const bool for_openvino_;  // or TensorRT, which differs in what for_tensorrt_ says
  const bool for_tensorrt_;
  const bool free_tail_;  // what float nodes alone read is put out in float
  const bool pools_zero_points_;
  const bool standard_only_;
  const bool share_concat_;
  std::vector<const onnx::NodeProto*> nodes_;
  std::unordered_map<const onnx::NodeProto*, const ComputeNode*> compute_;
  std::unordered_map<const onnx::NodeProto*, Silu> silus_;
  std::unordered_set<const onnx::NodeProto*> region_;
  std::set<std::string> quantised_;
};

}  // namespace

bool writes_quick_gelu(const QuantizeOptions& options) {
  return options.target != QuantizeTarget::openvino && options.target != QuantizeTarget::tensorrt &&
         !options.standard_ops;
}

bool has_open_sides(const Graph& graph) {
  const std::vector<TensorInfo> inputs = graph.inputs();
  if (inputs.size() != 1 || inputs[0].shape.size() != 4) return false;
  return std::any_of(inputs[0].shape.begin() + 1, inputs[0].shape.end(),
                     [](const auto& side) { return !side.has_value(); });
}

void place(const Graph& graph, const QuantizeOptions& options, Plan& plan) {
  Placer(graph, options, plan).place();
}

}  // namespace tamis
