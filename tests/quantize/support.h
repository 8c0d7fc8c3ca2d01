#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "graph/graph.h"
#include "quantize/quantize.h"
#include "support/real_model.h"

namespace tamis {

/// A session that does nothing but run.
class PlainSession : public Session {
 public:
  const OpenedFacts& opened() const override { return opened_; }
  Profiling* profiling() override { return nullptr; }
  Siblings* siblings() override { return nullptr; }
  Asynchronous* asynchronous() override { return nullptr; }
  EngineExport* engine_export() override { return nullptr; }

 private:
  OpenedFacts opened_;
};

/// Runs nothing: every output is filled with a rising sequence from -3 to 5. Enough where only the
/// structure is looked at.
class RampSession : public PlainSession {
 public:
  explicit RampSession(const std::filesystem::path& model) {
    const Graph graph = Graph::load(model);
    inputs_ = graph.inputs();
    outputs_ = graph.outputs();
    for (TensorInfo& info : outputs_) info.shape = {64};
  }
  const std::vector<TensorInfo>& inputs() const override { return inputs_; }
  const std::vector<TensorInfo>& outputs() const override { return outputs_; }
  void run(std::span<const Tensor>, std::span<Tensor> outputs) override {
    for (Tensor& tensor : outputs) {
      for (int i = 0; i < 64; ++i)
        tensor.data<float>()[i] = -3.0F + 8.0F * static_cast<float>(i) / 63.0F;
    }
  }

 private:
  std::vector<TensorInfo> inputs_;
  std::vector<TensorInfo> outputs_;
};

inline std::unique_ptr<Session> open_ramp(const std::filesystem::path& model) {
  return std::make_unique<RampSession>(model);
}

/// One sample whose inputs all are ramps from 0 to 1.
inline FeedCalibration feed_ramp(const std::vector<Shape>& shapes) {
  return [shapes](const std::function<void(std::span<const Tensor>)>& use) {
    std::vector<Tensor> tensors;
    for (const Shape& shape : shapes) {
      Tensor tensor(DataType::f32, shape);
      const std::int64_t count = tensor.elements();
      for (std::int64_t i = 0; i < count; ++i) {
        tensor.data<float>()[i] = static_cast<float>(i) / static_cast<float>(count - 1);
      }
      tensors.push_back(std::move(tensor));
    }
    use(tensors);
  };
}

/// "Conv QuantizeLinear DequantizeLinear …": the operators on the way from a value back to the
/// graph's input, following each node's first input.
inline std::string way_back(const Graph& graph, std::string value) {
  std::string text;
  for (const onnx::NodeProto* node = graph.producer(value); node != nullptr;
       node = graph.producer(value)) {
    const std::string& op = node->op_type();
    text += (text.empty() ? "" : " ") + (op == "QuantizeLinear"     ? "Q"
                                         : op == "DequantizeLinear" ? "DQ"
                                                                    : op);
    value = node->input(0);
  }
  return text;
}

inline QuantizeReport quantise_ramp(Graph& graph, const QuantizeOptions& options,
                                    const Shape& input) {
  return quantize_static(graph, options, open_ramp, feed_ramp({input}));
}

inline QuantizeReport quantise_ramp(Graph& graph, QuantizeTarget target, const Shape& input) {
  QuantizeOptions options;
  options.target = target;
  return quantise_ramp(graph, options, input);
}

}  // namespace tamis
