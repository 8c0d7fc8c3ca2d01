#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "quantize/constants.h"
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

/// Rounds each weight up or down so that e^T G e is least, e the errors of the row, by coordinate
/// descent from the present values; what has to fit into 16 bits still does. Returns whether
/// something changed.
///
/// Source        the objective of Nagel et al. 2020 (AdaRound), arXiv:2004.10568, eq. (20); the
///               closed form over G as in Frantar et al. 2022, arXiv:2210.17323.
bool descend(const WeightRow& row);

}  // namespace tamis
