#include "quantize/reconstruct.h"

#include <utility>

namespace tamis {

namespace {

bool change_node(NodeConstants& node, const LayerInput& input,
                 const std::function<bool(const WeightRow&)>& change) {
  bool changed = false;
  const std::size_t rows = node.channels / node.groups;
  for (std::size_t g = 0; g < node.groups; ++g) {
    const Gram gram = gram_of(input, node.first_column(g * rows), node.columns());
    for (std::size_t row = g * rows; row < (g + 1) * rows; ++row)
      changed |= change(WeightRow{node, row, gram});
  }
  if (changed) take_mean_error_off(node, input);
  return changed;
}

}  // namespace

std::vector<Attempt> attempt_rows(const Form& form,
                                  const std::function<bool(const WeightRow&)>& change) {
  Form changed = form;
  std::size_t layers = 0;
  for (std::size_t n = 0; n < changed.constants.size(); ++n) {
    const LayerInput* input = input_of(*form.planned, form.planned->plan.compute[n]);
    if (input == nullptr || input->rows.empty()) continue;
    layers += change_node(changed.constants[n], *input, change) ? 1 : 0;
  }
  if (layers == 0) return {};
  return {{std::move(changed), layers_text(layers)}};
}

}  // namespace tamis
