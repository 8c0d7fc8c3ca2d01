#include "quantize/input_errors.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <utility>

#include "base/files.h"
#include "base/hash.h"
#include "base/json.h"
#include "quantize/first_samples.h"

namespace tamis {

namespace {

/// Every place of this many pictures: more change the means by less than rounding does.
constexpr std::size_t kSamples = 8;
constexpr std::string_view kVersion = "input-errors/1";

bool has_body(const onnx::NodeProto& node) {
  return std::any_of(
      node.attribute().begin(), node.attribute().end(),
      [](const onnx::AttributeProto& a) { return a.has_g() || a.graphs_size() > 0; });
}

/// Adds values to a float graph as its quantised form has them, given exact convolutions.
class Shadow {
 public:
  Shadow(Graph& graph, const Plan& plan, const std::vector<Affine>& affines)
      : graph_(graph), plan_(plan), affines_(affines) {
    for (const ComputeNode& compute : plan.compute)
      for (const std::string& value : compute.node->output())
        known_[value] = in_8_bits(value, value);
  }

  /// The value itself where nothing on the way is quantised.
  const std::string& of(const std::string& value) {
    if (const auto at = known_.find(value); at != known_.end()) return at->second;
    const onnx::NodeProto* producer = graph_.producer(value);
    if (producer == nullptr || has_body(*producer)) return known_[value] = in_8_bits(value, value);
    follow(*producer);
    return known_.at(value);
  }

 private:
  /// The node once more, on what its inputs are in 8 bits.
  void follow(const onnx::NodeProto& node) {
    NodeSpec spec{node.op_type(), {}, {}, {}, node.domain()};
    bool differs = false;
    for (const std::string& input : node.input()) {
      spec.inputs.push_back(input.empty() ? input : of(input));
      differs |= spec.inputs.back() != input;
    }
    for (const std::string& output : node.output())
      spec.outputs.push_back(output.empty() || !differs
                                 ? output
                                 : graph_.unique_value_name(output + "_through_8_bits"));
    if (differs) *graph_.add_node(spec).mutable_attribute() = node.attribute();
    for (int i = 0; i < node.output_size(); ++i)
      if (!node.output(i).empty())
        known_[node.output(i)] =
            in_8_bits(node.output(i), spec.outputs[static_cast<std::size_t>(i)]);
  }

  /// `made` as the 8 bits of `value` have it.
  std::string in_8_bits(const std::string& value, const std::string& made) {
    const auto group = plan_.group_of.find(value);
    if (group == plan_.group_of.end()) return made;
    const Affine& affine = affines_[group->second];
    const std::string scale =
        graph_.add_initializer("error_scale", {}, std::span<const float>(&affine.scale, 1));
    const std::string zero = graph_.add_initializer(
        "error_zero_point", {}, std::span<const std::uint8_t>(&affine.zero_point, 1));
    const std::string u8 =
        graph_.add_node({"QuantizeLinear", {made, scale, zero}, {}, {}}).output(0);
    return graph_.add_node({"DequantizeLinear", {u8, scale, zero}, {}, {}}).output(0);
  }

  Graph& graph_;
  const Plan& plan_;
  const std::vector<Affine>& affines_;
  std::map<std::string, std::string> known_;
};

/// What convolutions with a bias read, with its number of channels.
std::map<std::string, std::size_t> values_to_correct(const Graph& graph, const Plan& plan) {
  std::map<std::string, std::size_t> values;
  for (const ComputeNode& compute : plan.compute) {
    if (!compute.bias || !is_op(*compute.node, "Conv")) continue;
    const std::string& value = compute.node->input(compute.activation);
    const std::optional<PartialShape> shape = graph.shape(value);
    if (shape && shape->size() > 2 && (*shape)[1])
      values[value] = static_cast<std::size_t>(*(*shape)[1]);
  }
  return values;
}

/// A copy whose outputs are the means of the values' errors, in the order of the values.
void save_errors(const Graph& graph, const Plan& plan, const std::vector<Affine>& affines,
                 const std::map<std::string, std::size_t>& values,
                 const std::filesystem::path& file) {
  Graph copy = graph;
  copy.graph().clear_output();
  copy.reindex();
  Shadow shadow(copy, plan, affines);
  std::vector<std::string> means;
  for (const auto& [value, channels] : values) {
    const std::string error = copy.add_node({"Sub", {shadow.of(value), value}, {}, {}}).output(0);
    means.push_back(copy.add_node({"GlobalAveragePool", {error}, {}, {}}).output(0));
  }
  copy.sort();
  copy.infer_shapes();
  for (const std::string& mean : means) copy.add_output(mean);
  copy.remove_dead();
  copy.save(file);
}

/// A runtime that gives something else leaves the value uncorrected.
void add_to(std::vector<double>& sums, const Tensor& means) {
  if (means.type() != DataType::f32 || sums.empty() ||
      static_cast<std::size_t>(means.elements()) % sums.size() != 0)
    return;
  const float* value = means.data<float>();
  const std::size_t pictures = static_cast<std::size_t>(means.elements()) / sums.size();
  for (std::size_t i = 0; i < pictures * sums.size(); ++i)
    sums[i % sums.size()] += static_cast<double>(value[i]) / static_cast<double>(pictures);
}

std::string key_of(const Plan& plan, const std::vector<Affine>& affines, const std::string& key) {
  Json groups = Json::array();
  for (const auto& [value, group] : plan.group_of)
    groups.push_back({value, affines[group].scale, affines[group].zero_point});
  Json computed = Json::array();
  for (const ComputeNode& compute : plan.compute) computed.push_back(compute.node->output(0));
  return hash_text(key + std::string(kVersion) + groups.dump() + computed.dump());
}

InputErrors measure(const Graph& graph, const Plan& plan, const std::vector<Affine>& affines,
                    const OpenSession& open, const FeedCalibration& feed) {
  const std::map<std::string, std::size_t> values = values_to_correct(graph, plan);
  if (values.empty()) return {};
  TemporaryFolder folder("tamis-errors");
  save_errors(graph, plan, affines, values, folder.path() / "errors.onnx");
  const std::unique_ptr<Session> session = open(folder.path() / "errors.onnx");
  std::vector<Tensor> outputs = make_tensors(session->outputs());
  InputErrors errors;
  for (const auto& [value, channels] : values) errors[value].resize(channels);
  std::size_t count = 0;
  feed_while(feed, [&](std::span<const Tensor> inputs) {
    session->run(inputs, outputs);
    std::size_t i = 0;
    for (auto& [value, sums] : errors) add_to(sums, outputs[i++]);
    return ++count < kSamples;
  });
  for (auto& [value, sums] : errors)
    for (double& sum : sums) sum /= static_cast<double>(std::max<std::size_t>(count, 1));
  return errors;
}

}  // namespace

InputErrors input_errors(const Graph& graph, const Plan& plan, const std::vector<Affine>& affines,
                         const OpenSession& open, const FeedCalibration& feed,
                         const StatisticsStore& known, const std::string& key) {
  const std::string name = key_of(plan, affines, key);
  if (known.find)
    if (const auto found = known.find(name)) return found->at("errors").get<InputErrors>();
  InputErrors errors = measure(graph, plan, affines, open, feed);
  if (known.keep && !errors.empty()) known.keep(name, {{"errors", errors}});
  return errors;
}

}  // namespace tamis
