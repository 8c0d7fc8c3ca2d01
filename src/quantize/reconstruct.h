#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "quantize/corrections.h"
#include "quantize/gram.h"

namespace tamis {

/// A row of weights with the second moments of what it is multiplied with.
struct WeightRow {
  NodeConstants& node;
  std::size_t row;
  const Gram& gram;

  std::vector<float> errors() const;         ///< rounded minus original, per column
  std::vector<std::int8_t> rounded() const;  ///< the weights, per column
};

/// Calls `change` for each row of weights of the form whose layer's input was kept; whether it says
/// that it changed something. Returns the changed form with the number of layers in which something
/// changed, or nothing.
std::vector<Attempt> attempt_rows(const Form& form,
                                  const std::function<bool(const WeightRow&)>& change);

}  // namespace tamis
