#include "quantize/weight_row.h"

#include <algorithm>
#include <cmath>

namespace tamis {

namespace {

/// What one block's descent works on: the row as it is, and its errors.
struct Descent {
  const WeightRow& at;
  std::vector<float> errors;
  std::vector<std::int8_t> row;

  /// Each weight in turn takes the step that lowers the error most. `slope` is G e, kept up to
  /// date.
  bool through(const Gram::Block& block) {
    constexpr int kMostSweeps = 4;
    const float scale = at.node.weights.scales[at.row];
    std::vector<float> slope(block.size);
    for (std::size_t i = 0; i < block.size; ++i) {
      const float* g = block.values.data() + i * block.size;
      for (std::size_t j = 0; j < block.size; ++j) slope[i] += g[j] * errors[block.first + j];
    }
    bool changed = false;
    for (int sweep = 0; sweep < kMostSweeps; ++sweep) {
      bool moved = false;
      for (std::size_t i = 0; i < block.size; ++i) {
        const float* g = block.values.data() + i * block.size;
        const int steps = step_of(block.first + i, slope[i], g[i] * scale);
        if (steps == 0) continue;
        const float by = scale * static_cast<float>(steps);
        errors[block.first + i] += by;
        for (std::size_t j = 0; j < block.size; ++j) slope[j] += g[j] * by;
        moved = true;
      }
      changed |= moved;
      if (!moved) break;
    }
    return changed;
  }

  /// Takes it in the row; 0 where none helps or fits.
  int step_of(std::size_t column, float slope, float curvature) {
    if (!(curvature > 0)) return 0;
    const float wanted = std::nearbyint(-slope / curvature);
    if (wanted == 0) return 0;
    const PairSums& sums = at.node.sums;
    const int q = row[column];  // NOLINT(bugprone-signed-char-misuse): a number, no character
    const int steps =
        std::clamp(static_cast<int>(std::clamp(wanted, -1.0F, 1.0F)),
                   -sums.most(column, true, row) - q, sums.most(column, false, row) - q);
    row[column] = static_cast<std::int8_t>(q + steps);
    return steps;
  }
};

}  // namespace

std::vector<float> WeightRow::errors() const {
  std::vector<float> errors(node.columns());
  for (std::size_t k = 0; k < errors.size(); ++k)
    errors[k] = static_cast<float>(node.error(row, k));
  return errors;
}

std::vector<std::int8_t> WeightRow::rounded() const {
  std::vector<std::int8_t> rounded(node.columns());
  for (std::size_t k = 0; k < rounded.size(); ++k)
    rounded[k] = node.weights.values[node.at(row, k)];
  return rounded;
}

bool descend(const WeightRow& row) {
  Descent descent{row, row.errors(), row.rounded()};
  bool changed = false;
  for (const Gram::Block& block : row.gram.blocks) changed |= descent.through(block);
  if (!changed) return false;
  for (std::size_t k = 0; k < descent.row.size(); ++k)
    row.node.weights.values[row.node.at(row.row, k)] = descent.row[k];
  return true;
}

}  // namespace tamis
