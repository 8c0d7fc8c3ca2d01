#include "quantize/layer_times.h"

#include <algorithm>
#include <cctype>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/files.h"
#include "quantize/first_samples.h"

namespace tamis {

namespace {

constexpr int kOpenings = 3;
constexpr int kRuns = 5;  // the last one counts, or the median where the runtime keeps all

/// Node name or first output → the layer that it belongs to: itself, or the one that it follows.
std::unordered_map<std::string, std::string> owners(const Graph& graph,
                                                    const std::vector<std::string>& layers) {
  const std::unordered_set<std::string> wanted(layers.begin(), layers.end());
  std::unordered_map<std::string, std::string> of_value, of_name;
  for (const onnx::NodeProto* node : graph.nodes()) {
    if (node->output_size() == 0) continue;
    const std::string& name = node->name().empty() ? node->output(0) : node->name();
    std::string owner = wanted.count(name) != 0 ? name : std::string();
    for (int i = 0; i < node->input_size() && owner.empty(); ++i) {
      const auto before = of_value.find(node->input(i));
      if (before != of_value.end()) owner = before->second;
    }
    if (owner.empty()) continue;
    for (const std::string& value : node->output()) of_value[value] = owner;
    of_name[name] = owner;
    of_name[node->output(0)] = owner;
  }
  return of_name;
}

/// The owner of the longest known name that the row's name begins with, up to a separator.
const std::string* owner_of(const std::unordered_map<std::string, std::string>& owners,
                            const std::string& row) {
  for (std::size_t length = row.size(); length > 0; --length) {
    const bool ends_here =
        length == row.size() || std::isalnum(static_cast<unsigned char>(row[length])) == 0;
    if (!ends_here) continue;
    const auto at = owners.find(row.substr(0, length));
    if (at != owners.end()) return &at->second;
  }
  return nullptr;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// Opened several times: some runtimes end their profile with the first look at it.
std::map<std::string, double> profiled(const Graph& graph, const std::vector<std::string>& layers,
                                       const OpenSession& open, const std::vector<Tensor>& inputs) {
  TemporaryFolder folder("tamis-profile");
  graph.save(folder.path() / "model.onnx");
  std::map<std::string, std::vector<double>> seen;
  for (int opening = 0; opening < kOpenings; ++opening) {
    const std::unique_ptr<Session> session = open(folder.path() / "model.onnx");
    std::vector<Tensor> outputs = make_tensors(session->outputs());
    for (int i = 0; i < kRuns; ++i) session->run(inputs, outputs);
    for (const auto& [layer, us] : layer_times_us(graph, layers, profile_of(*session)))
      seen[layer].push_back(us);
  }
  std::map<std::string, double> times;
  for (const auto& [layer, all] : seen) times[layer] = median(all);
  return times;
}

}  // namespace

std::map<std::string, double> layer_times_us(const Graph& graph,
                                             const std::vector<std::string>& layers,
                                             const Json& profile) {
  const auto known = owners(graph, layers);
  std::map<std::string, double> times;
  for (const Json& row : profile) {
    const std::string* owner = owner_of(known, row.value("name", ""));
    if (owner == nullptr) continue;
    const auto runs = row.value("runs_us", std::vector<double>());
    times[*owner] += runs.empty() ? row.value("us", 0.0) : median(runs);
  }
  return times;
}

std::map<std::string, double> extra_times_us(const Graph& float_graph, const Graph& int8_graph,
                                             const std::vector<std::string>& layers,
                                             const OpenSession& open_profiled,
                                             const FeedCalibration& feed) {
  const auto samples = first_samples(feed, 1);
  if (samples.empty()) return {};
  const std::vector<Tensor>& inputs = samples[0];
  const auto in_float = profiled(float_graph, layers, open_profiled, inputs);
  const auto in_int8 = profiled(int8_graph, layers, open_profiled, inputs);
  std::map<std::string, double> extra;
  for (const auto& [layer, us] : in_float) {
    const auto other = in_int8.find(layer);
    if (other != in_int8.end()) extra[layer] = us - other->second;
  }
  return extra;
}

}  // namespace tamis
