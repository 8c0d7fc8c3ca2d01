#include <algorithm>
#include <optional>
#include <utility>

#include "base/files.h"
#include "quantize/corrections.h"
#include "quantize/first_samples.h"

namespace tamis {

namespace {

constexpr std::size_t kSamples = 8;

using Means = std::vector<double>;

/// An output needs one, and behind operators of a runtime's own it cannot be inferred. All values
/// here are those of convolutions.
void demand_shape(Graph& graph, std::size_t channels) {
  auto& type = *graph.graph().mutable_output(0)->mutable_type()->mutable_tensor_type();
  if (type.has_shape()) return;
  for (int d = 0; d < 4; ++d) {
    auto& dim = *type.mutable_shape()->add_dim();
    if (d == 1) dim.set_dim_value(static_cast<std::int64_t>(channels));
  }
}

/// Mean of each channel (second axis).
void add_means(const Tensor& tensor, Means& sums) {
  const std::size_t channels = sums.size();
  const auto outer = static_cast<std::size_t>(tensor.shape().at(0));
  const std::size_t inner = static_cast<std::size_t>(tensor.elements()) / (outer * channels);
  const float* value = tensor.data<float>();
  for (std::size_t o = 0; o < outer; ++o) {
    for (std::size_t c = 0; c < channels; ++c) {
      double sum = 0;
      for (std::size_t i = 0; i < inner; ++i) sum += static_cast<double>(*value++);
      sums[c] += sum / static_cast<double>(outer * inner);
    }
  }
}

/// Means over the samples of one value of a graph; nothing where a channel count does not fit.
class MeansOf {
 public:
  MeansOf(const OpenSession& open, const std::vector<std::vector<Tensor>>& samples)
      : open_(open), samples_(samples) {}

  std::optional<Means> operator()(const Graph& graph, const std::string& value,
                                  std::size_t channels) const {
    Graph part = graph;
    part.infer_shapes();
    part.graph().clear_output();
    part.reindex();
    part.infer_shapes();
    part.add_output(value);
    demand_shape(part, channels);
    part.remove_dead();
    TemporaryFolder folder("tamis-means");
    part.save(folder.path() / "part.onnx");
    const std::unique_ptr<Session> session = open_(folder.path() / "part.onnx");
    std::vector<Tensor> outputs = make_tensors(session->outputs());
    Means sums(channels);
    for (const std::vector<Tensor>& inputs : samples_) {
      session->run(inputs, outputs);
      const Shape& shape = outputs.at(0).shape();
      if (shape.size() < 2 || shape[1] != static_cast<std::int64_t>(channels)) return std::nullopt;
      add_means(outputs[0], sums);
    }
    for (double& sum : sums) sum /= static_cast<double>(samples_.size());
    return sums;
  }

 private:
  const OpenSession& open_;
  const std::vector<std::vector<Tensor>>& samples_;
};

}  // namespace

std::vector<Attempt> attempt_sequential_bias(const Form& form, const CorrectionTools& tools) {
  const Planned& planned = *form.planned;
  const std::vector<std::vector<Tensor>> samples = first_samples(tools.feed, kSamples);
  const MeansOf means(tools.open, samples);
  Form corrected = form;
  std::size_t layers = 0;
  for (std::size_t n = 0; n < corrected.constants.size(); ++n) {
    NodeConstants& node = corrected.constants[n];
    if (node.bias.empty() || node.shape.size() != 4) continue;
    const std::string& value = planned.plan.compute[n].node->output(0);
    const Written written = write_form(corrected, tools.options);
    const auto wanted = means(planned.graph, value, node.channels);
    const auto made = means(written.graph, written.computed[n], node.channels);
    if (!wanted || !made) continue;
    for (std::size_t c = 0; c < node.channels; ++c)
      node.bias[c] += static_cast<float>((*wanted)[c] - (*made)[c]);
    ++layers;
  }
  if (layers == 0) return {};
  return {{std::move(corrected), layers_text(layers)}};
}

}  // namespace tamis
