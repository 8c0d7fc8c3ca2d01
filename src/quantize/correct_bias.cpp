#include "quantize/corrections.h"

namespace tamis {

std::vector<Attempt> attempt_bias(const Form& form, const CorrectionTools&) {
  const Planned& planned = *form.planned;
  Form corrected = form;
  std::size_t layers = 0;
  for (std::size_t n = 0; n < corrected.constants.size(); ++n) {
    NodeConstants& node = corrected.constants[n];
    const LayerInput* input = input_of(planned, planned.plan.compute[n]);
    if (input == nullptr || node.bias.empty()) continue;
    const std::size_t columns = node.columns();
    for (std::size_t row = 0; row < node.channels; ++row) {
      const std::size_t first = node.first_column(row);
      double moved = 0;
      for (std::size_t k = 0; k < columns; ++k)
        moved += node.error(row, k) * input->mean(first + k);
      node.bias[row] = static_cast<float>(static_cast<double>(node.bias[row]) - moved);
    }
    ++layers;
  }
  if (layers == 0) return {};
  return {{std::move(corrected), layers_text(layers)}};
}

}  // namespace tamis
