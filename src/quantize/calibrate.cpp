#include "quantize/calibrate.h"

#include <utility>
#include <vector>

#include "base/error.h"
#include "base/files.h"

namespace tamis {

namespace {

/// A copy whose outputs are the values that some node makes, and that computes nothing else.
Graph with_outputs(const Graph& graph, const std::set<std::string>& values) {
  Graph copy = graph;
  copy.infer_shapes();
  copy.graph().clear_output();
  copy.reindex();
  copy.infer_shapes();
  for (const std::string& value : values) {
    if (!copy.is_input(value)) copy.add_output(value);
  }
  copy.remove_dead();
  return copy;
}

std::span<const float> elements(const Tensor& tensor, const std::string& name) {
  if (tensor.type() != DataType::f32) {
    throw Error(ErrorCode::unsupported, "quantize: '" + name + "' is " +
                                            std::string(to_text(tensor.type())) +
                                            ", only f32 values can be observed");
  }
  return {tensor.data<float>(), static_cast<std::size_t>(tensor.elements())};
}

class Watcher {
 public:
  Watcher(const Graph& graph, const std::set<std::string>& values, std::unique_ptr<Session> session)
      : session_(std::move(session)) {
    const std::vector<TensorInfo> inputs = graph.inputs();
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (values.count(inputs[i].name) != 0) fed_.emplace_back(i, inputs[i].name);
    }
    if (session_) outputs_ = make_tensors(session_->outputs());
    for (const std::string& value : values) result_.seen[value];
  }

  void look(std::span<const Tensor> inputs) {
    for (const auto& [i, name] : fed_) result_.seen.at(name).add(elements(inputs[i], name));
    if (session_) {
      session_->run(inputs, outputs_);
      for (std::size_t i = 0; i < outputs_.size(); ++i) {
        const std::string& name = session_->outputs()[i].name;
        result_.seen.at(name).add(elements(outputs_[i], name));
      }
    }
    ++result_.samples;
  }

  Observations take() { return std::move(result_); }

 private:
  std::unique_ptr<Session> session_;
  std::vector<std::pair<std::size_t, std::string>> fed_;
  std::vector<Tensor> outputs_;
  Observations result_;
};

void demand_numbers(const Observations& observations) {
  if (observations.samples == 0) {
    throw Error(ErrorCode::invalid_argument,
                "quantize: there is no calibration image; name some with --calibration");
  }
  for (const auto& [name, histogram] : observations.seen) {
    if (!histogram.empty()) continue;
    throw Error(ErrorCode::corrupt_data,
                "quantize: '" + name + "' is never a finite number on the calibration " +
                    "images; check the model and the card's scale, mean and std");
  }
}

}  // namespace

Observations observe(const Graph& graph, const std::set<std::string>& values,
                     const OpenSession& open, const FeedCalibration& feed) {
  const Graph copy = with_outputs(graph, values);
  TemporaryFolder folder("tamis-calibrate");
  const std::filesystem::path file = folder.path() / "observed.onnx";
  copy.save(file);
  Watcher watcher(graph, values, copy.graph().output_size() == 0 ? nullptr : open(file));
  feed([&](std::span<const Tensor> inputs) { watcher.look(inputs); });
  Observations observations = watcher.take();
  demand_numbers(observations);
  return observations;
}

}  // namespace tamis
