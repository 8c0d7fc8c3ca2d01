#include "quantize/calibrate.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/base64.h"
#include "base/error.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/memory.h"
#include "quantize/first_samples.h"

namespace tamis {

namespace {

/// What the model leaves open of its inputs' shapes, as large as a sample. What it does not stays:
/// samples may have several shapes (a set of input sizes).
void fix_inputs(Graph& graph, std::span<const Tensor> sample) {
  const std::vector<TensorInfo> inputs = graph.inputs();
  for (std::size_t i = 0; i < std::min(inputs.size(), sample.size()); ++i) {
    for (onnx::ValueInfoProto& info : *graph.graph().mutable_input()) {
      if (info.name() != inputs[i].name) continue;
      auto& shape = *info.mutable_type()->mutable_tensor_type()->mutable_shape();
      const Shape& seen = sample[i].shape();
      while (shape.dim_size() < static_cast<int>(seen.size())) shape.add_dim();
      for (int d = 0; d < shape.dim_size() && d < static_cast<int>(seen.size()); ++d)
        if (!shape.dim(d).has_dim_value())
          shape.mutable_dim(d)->set_dim_value(seen[static_cast<std::size_t>(d)]);
    }
  }
}

/// A file whose outputs are the wanted values, and what the model itself reads.
struct ObservedFile {
  std::vector<TensorInfo> inputs;
  bool has_outputs = false;  ///< some value is made by a node
};

/// The first row of each plane of a value: whatever reads an output makes ONNX Runtime convert it
/// to the file's layout when it is there, instead of keeping its own layout of all outputs until
/// the end.
std::string add_reader(Graph& graph, const std::string& value) {
  const auto dimension = [&](const char* name, std::int64_t i) {
    return graph.add_initializer(name, {1}, std::span<const std::int64_t>(&i, 1));
  };
  return graph
      .add_node(
          {"Slice",
           {value, dimension("read_from", 0), dimension("read_to", 1), dimension("read_axis", -2)},
           {},
           {}})
      .output(0);
}

/// What reads values and samples layers, as outputs. The first layer's first: ONNX Runtime computes
/// what nobody else reads in the order of the file, so that each is read when it is there.
void add_readers(Graph& graph, const std::set<std::string>& values, InputSampler* sampler) {
  std::vector<std::string> added;
  for (const onnx::NodeProto* node : graph.nodes()) {
    for (const std::string& value : node->output())
      if (values.count(value) != 0 && graph.static_shape(value).value_or(Shape()).size() > 1)
        added.push_back(add_reader(graph, value));
    if (sampler == nullptr) continue;
    if (auto sample = sampler->add_sample(graph, *node)) added.push_back(std::move(*sample));
  }
  graph.sort();
  graph.infer_shapes();
  for (const std::string& value : added) graph.add_output(value);
}

/// Saves a copy whose outputs are the values that some node makes, or the sampler's, and that
/// computes nothing else.
ObservedFile save_with_outputs(const StoredGraph& graph, const std::set<std::string>& values,
                               std::span<const Tensor> sample, InputSampler* sampler,
                               const std::filesystem::path& file) {
  Graph copy = graph.load();
  ObservedFile saved{copy.inputs()};
  copy.infer_shapes();
  copy.graph().clear_output();
  fix_inputs(copy, sample);
  copy.reindex();
  copy.infer_shapes();
  add_readers(copy, values, sampler);
  for (const std::string& value : values) {
    if (!copy.is_input(value)) copy.add_output(value);
  }
  copy.remove_dead();
  copy.save(file);
  saved.has_outputs = copy.graph().output_size() > 0;
  return saved;
}

std::span<const float> elements(const Tensor& tensor, const std::string& name) {
  if (tensor.type() != DataType::f32) {
    throw Error(ErrorCode::unsupported, "quantize: '" + name + "' is " +
                                            std::string(to_text(tensor.type())) +
                                            ", only f32 values can be observed");
  }
  return {tensor.data<float>(), static_cast<std::size_t>(tensor.elements())};
}

/// A picture of one colour: every channel holds one value, or two with the border of a letterbox.
bool is_uniform(const Tensor& tensor) {
  const Shape& shape = tensor.shape();
  if (shape.size() != 4 || tensor.elements() == 0) return false;
  const auto plane = static_cast<std::size_t>(shape[2] * shape[3]);
  if (plane < 2) return false;
  const float* values = tensor.data<float>();
  const float* end = values + tensor.elements();
  for (; values != end; values += plane) {
    const float* const plane_end = values + plane;
    const float first = *values;
    const float* other = std::find_if(values, plane_end, [&](float v) { return v != first; });
    if (other == plane_end) continue;
    const float second = *other;
    if (!std::all_of(other, plane_end, [&](float v) { return v == first || v == second; }))
      return false;
  }
  return true;
}

class Watcher {
 public:
  Watcher(const std::vector<TensorInfo>& inputs, const std::set<std::string>& values,
          std::unique_ptr<Session> session, InputSampler* sampler)
      : session_(std::move(session)), sampler_(sampler) {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (values.count(inputs[i].name) != 0) fed_.emplace_back(i, inputs[i].name);
    }
    if (session_) outputs_ = make_tensors(session_->outputs());
    for (const std::string& value : values) result_.seen[value];
  }

  void look(std::span<const Tensor> inputs) {
    judge(inputs);
    for (const auto& [i, name] : fed_) result_.seen.at(name).add(elements(inputs[i], name));
    if (session_) {
      session_->run(inputs, outputs_);
      for (std::size_t i = 0; i < outputs_.size(); ++i) {
        const std::string& name = session_->outputs()[i].name;
        if (sampler_ != nullptr && sampler_->take(name, outputs_[i])) continue;
        // What is not there was only read.
        if (const auto seen = result_.seen.find(name); seen != result_.seen.end())
          seen->second.add(elements(outputs_[i], name));
      }
    }
    ++result_.samples;
  }

  void judge(std::span<const Tensor> inputs) {
    std::string content;
    bool uniform = true;
    for (const Tensor& tensor : inputs) {
      content += hash_bytes({static_cast<const std::uint8_t*>(tensor.raw()), tensor.bytes()});
      uniform = uniform && tensor.type() == DataType::f32 && is_uniform(tensor);
    }
    result_.uniform += uniform ? 1 : 0;
    result_.distinct += contents_.insert(content).second ? 1 : 0;
  }

  Observations take() { return std::move(result_); }

 private:
  std::unique_ptr<Session> session_;
  InputSampler* const sampler_;
  std::vector<std::pair<std::size_t, std::string>> fed_;
  std::vector<Tensor> outputs_;
  std::set<std::string> contents_;
  Observations result_;
};

void demand_numbers(const Observations& observations) {
  if (observations.samples == 0) {
    throw Error(ErrorCode::invalid_argument,
                "quantize: there is no calibration image; name some with --calibration");
  }
  if (observations.uniform == observations.samples) {
    throw Error(ErrorCode::invalid_argument,
                "quantize: every calibration image has only one colour; name real images with "
                "--calibration");
  }
  for (const auto& [name, histogram] : observations.seen) {
    if (!histogram.empty()) continue;
    throw Error(ErrorCode::corrupt_data,
                "quantize: '" + name + "' is never a finite number on the calibration " +
                    "images; check the model and the card's scale, mean and std");
  }
}

/// Raised whenever what observe() gives for the same model and samples may differ.
constexpr std::string_view kObserverVersion = "observer/5";

bool holds(const Observations& observations, const std::set<std::string>& values) {
  return std::all_of(values.begin(), values.end(),
                     [&](const std::string& v) { return observations.seen.count(v) != 0; });
}

/// As they lie in memory: a text of so many numbers would be several times as large, and would have
/// to be read for each form.
std::span<const std::uint8_t> bytes_of(const std::vector<float>& values) {
  return {reinterpret_cast<const std::uint8_t*>(values.data()), values.size() * sizeof(float)};
}

Json to_json(const LayerInputs& inputs) {
  Json json = Json::object();
  for (const auto& [key, input] : inputs)
    json[key] = {{"count", input.count},     {"sums", input.sums},
                 {"largest", input.largest}, {"inside", input.inside},
                 {"block", input.block},     {"products", to_base64(bytes_of(input.products))}};
  return json;
}

LayerInputs parse_inputs(const Json& json) {
  LayerInputs inputs;
  for (const auto& [key, one] : json.items()) {
    LayerInput input;
    input.count = one.at("count");
    input.sums = one.at("sums").get<std::vector<double>>();
    input.largest = one.at("largest").get<std::vector<float>>();
    input.inside = one.at("inside").get<std::vector<double>>();
    input.block = one.at("block");
    input.products.resize(input.sums.size() * input.block);
    const std::vector<std::uint8_t> products =
        from_base64(one.at("products").get_ref<const std::string&>());
    if (input.sums.empty() || input.largest.size() != input.sums.size() || input.block == 0 ||
        input.inside.empty() || input.sums.size() % input.inside.size() != 0 ||
        products.size() != bytes_of(input.products).size())
      throw Error(ErrorCode::corrupt_data, "statistics: not readable: inputs of " + key);
    std::memcpy(input.products.data(), products.data(), products.size());
    input.columns = input.sums.size();
    inputs.emplace(key, std::move(input));
  }
  return inputs;
}

std::optional<Statistics> find_known(const StatisticsStore& known, const std::string& key) {
  if (!known.find) return std::nullopt;
  const std::optional<Json> json = known.find(key);
  if (!json) return std::nullopt;
  Statistics statistics{parse_observations(*json), std::nullopt, true};
  if (json->contains("inputs")) statistics.inputs = parse_inputs(json->at("inputs"));
  return statistics;
}

}  // namespace

Json to_json(const Observations& observations) {
  Json seen = Json::object();
  for (const auto& [name, histogram] : observations.seen) seen[name] = histogram.to_json();
  return {{"samples", observations.samples},
          {"distinct", observations.distinct},
          {"uniform", observations.uniform},
          {"seen", std::move(seen)}};
}

Observations parse_observations(const Json& json) {
  for (const char* key : {"samples", "distinct", "uniform", "seen"}) {
    if (!json.contains(key))
      throw Error(ErrorCode::corrupt_data,
                  std::string("statistics: not readable: ") + key + " is missing");
  }
  Observations observations;
  observations.samples = json.at("samples").get<std::size_t>();
  observations.distinct = json.at("distinct").get<std::size_t>();
  observations.uniform = json.at("uniform").get<std::size_t>();
  for (const auto& [name, histogram] : json.at("seen").items())
    observations.seen.emplace(name, Histogram::parse(histogram));
  return observations;
}

std::vector<std::string> suspicious_samples(const Observations& observations) {
  constexpr std::size_t kFew = 8;
  std::vector<std::string> lines;
  const auto of_all = [&](std::size_t count) {
    return std::to_string(count) + " of " + std::to_string(observations.samples);
  };
  if (observations.samples < kFew)
    lines.push_back("only " + std::to_string(observations.samples) +
                    " calibration images: ranges may be too narrow; give more");
  if (observations.distinct < observations.samples)
    lines.push_back(of_all(observations.samples - observations.distinct) +
                    " calibration images repeat others");
  if (observations.uniform > 0)
    lines.push_back(of_all(observations.uniform) + " calibration images have only one colour");
  std::size_t broken = 0;
  for (const auto& [name, histogram] : observations.seen) broken += histogram.not_finite() > 0;
  if (broken > 0)
    lines.push_back(std::to_string(broken) +
                    " values of the model are infinite or not a number on some calibration images; "
                    "check the card's scale, mean and std");
  return lines;
}

Observations observe(const StoredGraph& graph, const std::set<std::string>& values,
                     const OpenSession& open, const FeedCalibration& feed, InputSampler* sampler) {
  TemporaryFolder folder("tamis-calibrate");
  const std::filesystem::path file = folder.path() / "observed.onnx";
  std::optional<Watcher> watcher;
  feed([&](std::span<const Tensor> inputs) {
    if (!watcher) {
      const ObservedFile saved = save_with_outputs(graph, values, inputs, sampler, file);
      return_free_memory();
      watcher.emplace(saved.inputs, values, saved.has_outputs ? open(file) : nullptr, sampler);
    }
    watcher->look(inputs);
  });
  Observations observations = watcher ? watcher->take() : Observations();
  demand_numbers(observations);
  return observations;
}

LayerInputs sample_rows(const StoredGraph& graph, const OpenSession& open,
                        const FeedCalibration& feed) {
  constexpr std::size_t kMost = InputSampler::kRows / InputSampler::kPositions;
  TemporaryFolder folder("tamis-sample");
  InputSampler sampler(true);
  std::unique_ptr<Session> session;
  std::vector<Tensor> outputs;
  std::size_t count = 0;
  feed_while(feed, [&](std::span<const Tensor> inputs) {
    if (!session) {
      const std::filesystem::path file = folder.path() / "sampled.onnx";
      if (!save_with_outputs(graph, {}, inputs, &sampler, file).has_outputs) return false;
      return_free_memory();
      session = open(file);
      outputs = make_tensors(session->outputs());
    }
    session->run(inputs, outputs);
    for (std::size_t i = 0; i < outputs.size(); ++i)
      sampler.take(session->outputs()[i].name, outputs[i]);
    return ++count < kMost;
  });
  return sampler.result();
}

StatisticsStore statistics_in_memory() {
  auto all = std::make_shared<std::map<std::string, Json>>();
  return {[all](const std::string& key) -> std::optional<Json> {
            const auto at = all->find(key);
            if (at == all->end()) return std::nullopt;
            return at->second;
          },
          [all](const std::string& key, const Json& statistics) { (*all)[key] = statistics; }};
}

Statistics find_statistics(const StoredGraph& graph, const StatisticsWanted& wanted,
                           const OpenSession& open, const FeedCalibration& feed,
                           const StatisticsStore& known) {
  const std::string key = hash_text(graph.hash() + std::string(kObserverVersion));
  std::optional<Statistics> found = find_known(known, key);
  if (found && holds(found->ranges, wanted.ranges) && (!wanted.inputs || found->inputs))
    return std::move(*found);
  Watched all = wanted.all();
  if (found) {
    for (const auto& [name, histogram] : found->ranges.seen) all.ranges.insert(name);
  }
  std::optional<InputSampler> sampler;
  if (wanted.inputs || (found && found->inputs))
    sampler.emplace(false, std::move(all.layer_inputs));
  Statistics statistics{observe(graph, all.ranges, open, feed, sampler ? &*sampler : nullptr), {}};
  if (sampler) statistics.inputs = sampler->result();
  if (known.keep) {
    Json json = to_json(statistics.ranges);
    if (statistics.inputs) json["inputs"] = to_json(*statistics.inputs);
    known.keep(key, json);
  }
  return statistics;
}

}  // namespace tamis
