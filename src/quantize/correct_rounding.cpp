#include <algorithm>
#include <cmath>

#include "quantize/reconstruct.h"

namespace tamis {

namespace {

/// Coordinate descent on e^T G e within one block: each weight in turn takes the step that lowers
/// the error most. `slope` is G e, kept up to date.
bool descend(const WeightRow& r, const Gram::Block& block, std::vector<float>& e) {
  constexpr int kMostSweeps = 4;
  const float scale = r.node.weights.scales[r.row];
  std::vector<std::int8_t> row = r.rounded();
  std::vector<float> slope(block.size);
  for (std::size_t i = 0; i < block.size; ++i) {
    const float* g = block.values.data() + i * block.size;
    for (std::size_t j = 0; j < block.size; ++j) slope[i] += g[j] * e[block.first + j];
  }
  bool changed = false;
  for (int sweep = 0; sweep < kMostSweeps; ++sweep) {
    bool moved = false;
    for (std::size_t i = 0; i < block.size; ++i) {
      const float* g = block.values.data() + i * block.size;
      if (!(g[i] > 0)) continue;
      const std::size_t column = block.first + i;
      const int q = row[column];
      const float wanted = std::nearbyint(-slope[i] / (g[i] * scale));
      const int steps = std::clamp(static_cast<int>(std::clamp(wanted, -1.0F, 1.0F)),
                                   -r.node.sums.most(column, true, row) - q,
                                   r.node.sums.most(column, false, row) - q);
      if (steps == 0) continue;
      row[column] = static_cast<std::int8_t>(q + steps);
      r.node.weights.values[r.node.at(r.row, column)] = row[column];
      const float by = scale * static_cast<float>(steps);
      e[block.first + i] += by;
      for (std::size_t j = 0; j < block.size; ++j) slope[j] += g[j] * by;
      moved = true;
    }
    changed |= moved;
    if (!moved) break;
  }
  return changed;
}

bool round_row(const WeightRow& r) {
  std::vector<float> e = r.errors();
  bool changed = false;
  for (const Gram::Block& block : r.gram.blocks) changed |= descend(r, block, e);
  return changed;
}

}  // namespace

std::vector<Attempt> attempt_rounding(const Form& form, const CorrectionTools&) {
  return attempt_rows(form, round_row);
}

}  // namespace tamis
