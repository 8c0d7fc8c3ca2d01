#include <algorithm>
#include <cmath>

#include "quantize/reconstruct.h"

namespace tamis {

namespace {

void round_with(NodeConstants& node, std::size_t row, float scale) {
  node.weights.scales[row] = scale;
  std::vector<float> exact(node.columns());
  std::vector<std::int8_t> rounded(node.columns());
  for (std::size_t k = 0; k < exact.size(); ++k) exact[k] = (*node.original)[node.at(row, k)];
  round_weights(exact, scale, node.sums, rounded);
  for (std::size_t k = 0; k < exact.size(); ++k) node.weights.values[node.at(row, k)] = rounded[k];
}

/// The scale of least output error; whether it is another one than before.
bool clip(const WeightRow& r) {
  constexpr double kStep = 0.04;
  constexpr double kLeast = 0.5;
  constexpr double kWorthIt = 0.999;
  NodeConstants& node = r.node;
  const float widest = node.weights.scales[r.row];
  const double bound = node.least.empty() ? 0 : node.least[r.row];
  const std::vector<std::int8_t> rounded = r.rounded();
  float best = widest;
  double least = kWorthIt * r.gram.error(r.errors());
  double last = least;
  for (double part = 1 - kStep; part >= kLeast; part -= kStep) {
    const auto scale = static_cast<float>(part * static_cast<double>(widest));
    if (static_cast<double>(scale) < bound) break;
    round_with(node, r.row, scale);
    const double error = r.gram.error(r.errors());
    if (error < least) least = error, best = scale;
    if (error > 4 * last) break;  // clipping has taken over
    last = std::min(last, error);
  }
  if (best != widest) {
    round_with(node, r.row, best);
    return true;
  }
  node.weights.scales[r.row] = widest;
  for (std::size_t k = 0; k < rounded.size(); ++k)
    node.weights.values[node.at(r.row, k)] = rounded[k];
  return false;
}

}  // namespace

std::vector<Attempt> attempt_clipping(const Form& form, const CorrectionTools&) {
  return attempt_rows(form, clip);
}

}  // namespace tamis
