#include <optional>
#include <utility>

#include "base/error.h"
#include "base/output_part.h"
#include "passes/passes.h"
#include "quantize/first_samples.h"
#include "recipe/steps.h"
#include "runtime/tensor_info.h"

namespace tamis {
namespace {

bool fits(const std::vector<Tensor>& sample, const Graph& fixed) {
  const std::vector<TensorInfo> wanted = fixed.inputs();
  if (sample.size() != wanted.size()) return false;
  for (std::size_t i = 0; i < wanted.size(); ++i)
    if (sample[i].type() != wanted[i].type || sample[i].shape() != concrete_shape(wanted[i]))
      return false;
  return true;
}

/// The seed-th calibration picture; absent where there are fewer, of other shapes, or none that can
/// be read: whoever needs them says so.
std::optional<std::vector<Tensor>> calibration_picture(const BuildState& state, const Graph& fixed,
                                                       unsigned seed) {
  if (!state.feed) return std::nullopt;
  try {
    std::vector<std::vector<Tensor>> samples = first_samples(state.feed, seed);
    if (samples.size() < seed || !fits(samples.back(), fixed)) return std::nullopt;
    return std::move(samples.back());
  } catch (const Error&) {
    return std::nullopt;
  }
}

double of_channel(const std::vector<double>& values, std::int64_t channel, double otherwise) {
  if (values.empty()) return otherwise;
  return values[static_cast<std::size_t>(channel) % values.size()];
}

/// From [0, 1] to what the model takes of a picture.
void normalise_as(const Card& card, Tensor& tensor) {
  const std::size_t axis = card.layout == InputLayout::nhwc ? 3 : 1;
  const ChannelWalk walk(tensor.shape(), axis);
  float* values = tensor.data<float>();
  for (std::int64_t c = 0; c < walk.channels; ++c) {
    const double mean = of_channel(card.mean, c, 0), deviation = of_channel(card.std, c, 1);
    for (std::int64_t o = 0; o < walk.outer; ++o)
      for (std::int64_t i = 0; i < walk.inner; ++i) {
        float& value = values[walk.place(o, c, i)];
        value =
            static_cast<float>((static_cast<double>(value) * 255 / card.scale - mean) / deviation);
      }
  }
}

}  // namespace

std::vector<Tensor> probe_pictures(const BuildState& state, const Graph& fixed, unsigned seed) {
  if (auto picture = calibration_picture(state, fixed, seed)) return std::move(*picture);
  std::vector<Tensor> inputs = probe_inputs(fixed, seed);
  const bool picture =
      inputs.size() == 1 && inputs[0].type() == DataType::f32 && inputs[0].shape().size() == 4;
  if (picture && state.has_card) normalise_as(state.card, inputs[0]);
  return inputs;
}

std::vector<OutputDifference> require_same_in_reference(const BuildState& state,
                                                        const Graph& before, const Graph& after) {
  const Evaluator evaluate = [&](const Graph& graph, const std::vector<Tensor>& inputs) {
    return evaluate_in_reference(state, graph, inputs);
  };
  std::vector<OutputDifference> differences =
      compare_outputs(evaluate, before, after, probe_pictures(state, before));
  require_same_outputs(differences);
  return differences;
}

}  // namespace tamis
