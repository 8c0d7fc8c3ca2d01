#include "stats/accuracy.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/error.h"

namespace tamis {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
using Kind = AccuracyLimit::Kind;

double as_double(std::size_t n) { return static_cast<double>(n); }

// One kind of item: how many there are, and by how much such an item is on the wrong side of the
// limit (negative: the right side). A limit is kept where the expectation of `excess` is at most 0.
struct Cell {
  double count;
  double excess;
};

std::array<Cell, 4> cells(const PairedCounts& counts, const AccuracyLimit& limit) {
  const auto excess = [&](double baseline, double candidate) {
    switch (limit.kind) {
      case Kind::absolute_drop:
        return baseline - candidate - limit.amount;
      case Kind::relative_drop:
        return (1 - limit.amount) * baseline - candidate;
      case Kind::at_least:
        break;
    }
    return limit.amount - candidate;
  };
  return {Cell{as_double(counts.both), excess(1, 1)},
          Cell{as_double(counts.only_baseline), excess(1, 0)},
          Cell{as_double(counts.only_candidate), excess(0, 1)},
          Cell{as_double(counts.neither), excess(0, 0)}};
}

// The Lagrange multiplier m of the most likely cell probabilities, count / (n (1 + m excess)), for
// which the expected excess is 0: Newton's steps on a function that falls monotonically, kept
// within the bracket that each step narrows.
double multiplier(const std::array<Cell, 4>& cells, double low, double high) {
  double m = 0;
  for (int step = 0; step < 200 && high - low > 1e-14 * (std::abs(low) + std::abs(high)); ++step) {
    double value = 0;
    double slope = 0;
    for (const Cell& cell : cells) {
      if (cell.count == 0) continue;
      const double share = cell.excess / (1 + m * cell.excess);
      value += cell.count * share;
      slope -= cell.count * share * share;
    }
    (value > 0 ? low : high) = m;
    const double next = m - value / slope;
    if (std::abs(next - m) < 1e-14 * std::abs(m)) break;
    m = next > low && next < high ? next : (low + high) / 2;
  }
  return m;
}

// The expectation of excess² under those probabilities. Where the multiplier runs into the pole of
// a cell without items, that cell takes what the others leave.
double constrained_variance(const std::array<Cell, 4>& cells, double n) {
  const auto by_excess = [](const Cell& a, const Cell& b) { return a.excess < b.excess; };
  const Cell& smallest = *std::min_element(cells.begin(), cells.end(), by_excess);
  const Cell& largest = *std::max_element(cells.begin(), cells.end(), by_excess);
  const double m = multiplier(cells, -1 / largest.excess, -1 / smallest.excess);
  double variance = 0;
  double left = 1;
  for (const Cell& cell : cells) {
    if (cell.count == 0) continue;
    const double p = cell.count / (n * (1 + m * cell.excess));
    variance += p * cell.excess * cell.excess;
    left -= p;
  }
  const Cell& pole = m < 0 ? largest : smallest;
  if (left > 0) variance += left * pole.excess * pole.excess;
  return variance;
}

double score(const PairedCounts& counts, const AccuracyLimit& limit) {
  const auto kinds = cells(counts, limit);
  const double n = as_double(items(counts));
  double excess = 0;
  bool can_miss = false;
  bool can_keep = false;
  for (const Cell& cell : kinds) {
    excess += cell.count * cell.excess / n;
    can_miss = can_miss || cell.excess > 0;
    can_keep = can_keep || cell.excess < 0;
  }
  if (!can_miss) return kInfinity;
  if (std::abs(excess) < 1e-15) return 0;
  if (!can_keep) return -kInfinity;
  return -excess * std::sqrt(n / constrained_variance(kinds, n));
}

double score(const PairedMoments& moments, const AccuracyLimit& limit) {
  double kept = 0;
  double variance = moments.baseline_variance + moments.candidate_variance - 2 * moments.covariance;
  switch (limit.kind) {
    case Kind::absolute_drop:
      kept = limit.amount - (moments.baseline - moments.candidate);
      break;
    case Kind::relative_drop: {
      const double w = 1 - limit.amount;
      kept = moments.candidate - w * moments.baseline;
      variance = w * w * moments.baseline_variance + moments.candidate_variance -
                 2 * w * moments.covariance;
      break;
    }
    case Kind::at_least:
      kept = moments.candidate - limit.amount;
      variance = moments.candidate_variance;
      break;
  }
  if (std::abs(kept) < 1e-15) return 0;
  if (variance <= 0 || moments.items < 2) return std::copysign(kInfinity, kept);
  const double t = -std::abs(kept) / std::sqrt(variance);
  const double tail = student_cdf(t, as_double(moments.items - 1));
  const double z = tail > 0 ? -normal_quantile(tail) : kInfinity;
  return std::copysign(z, kept);
}

void require_items(const PairedEvidence& evidence) {
  if (items(evidence) == 0)
    throw Error(ErrorCode::invalid_argument, "accuracy: there are no items");
}

// The drop at which limit_score is `target`, searched from the estimated drop outwards.
double drop_with_score(const PairedEvidence& evidence, Kind kind, double drop, double target) {
  const double direction = target < 0 ? -1 : 1;
  const auto beyond = [&](double amount) {
    return limit_score(evidence, {kind, amount}) * direction >= target * direction;
  };
  double near = 0;
  double far = 1e-6;
  while (!beyond(drop + direction * far)) {
    near = far;
    far *= 2;
    if (far > 1e6) return direction * kInfinity;  // the baseline itself is not told from 0
  }
  for (int step = 0; step < 60; ++step) {
    const double middle = (near + far) / 2;
    (beyond(drop + direction * middle) ? far : near) = middle;
  }
  return drop + direction * far;
}

}  // namespace

PairedCounts count_pairs(std::span<const std::uint8_t> baseline,
                         std::span<const std::uint8_t> candidate) {
  if (baseline.size() != candidate.size()) {
    throw Error(ErrorCode::invalid_argument,
                "paired accuracy: both must be judged on the same items, got " +
                    std::to_string(baseline.size()) + " and " + std::to_string(candidate.size()));
  }
  PairedCounts counts;
  for (std::size_t i = 0; i < baseline.size(); ++i) {
    const bool right = candidate[i] != 0;
    ++(baseline[i] != 0 ? (right ? counts.both : counts.only_baseline)
                        : (right ? counts.only_candidate : counts.neither));
  }
  return counts;
}

PairedMoments bootstrap_pair(const WeightedStatistic& baseline, const WeightedStatistic& candidate,
                             std::size_t items, const BootstrapPlan& plan) {
  if (items < 2 || plan.resamples < 2) {
    throw Error(ErrorCode::invalid_argument, "paired bootstrap: needs two items and two resamples");
  }
  std::vector<std::uint32_t> weights(items, 1);
  PairedMoments moments;
  moments.items = items;
  moments.baseline = baseline(weights);
  moments.candidate = candidate(weights);
  std::vector<double> a;
  std::vector<double> b;
  for (std::size_t r = 0; r < plan.resamples; ++r) {
    draw_resample(weights, plan.seed, r);
    a.push_back(baseline(weights));
    b.push_back(candidate(weights));
  }
  PairedMoments spread = mean_moments(a, b);  // of the mean of the resamples
  const double factor = as_double(plan.resamples) * as_double(items) / as_double(items - 1);
  moments.baseline_variance = spread.baseline_variance * factor;
  moments.candidate_variance = spread.candidate_variance * factor;
  moments.covariance = spread.covariance * factor;
  return moments;
}

PairedMoments mean_moments(std::span<const double> baseline, std::span<const double> candidate) {
  if (baseline.size() != candidate.size() || baseline.size() < 2) {
    throw Error(ErrorCode::invalid_argument,
                "paired moments: needs the same items of both, at least two");
  }
  const double n = as_double(baseline.size());
  PairedMoments moments;
  moments.items = baseline.size();
  for (std::size_t i = 0; i < baseline.size(); ++i) {
    moments.baseline += baseline[i] / n;
    moments.candidate += candidate[i] / n;
  }
  const double divisor = n * (n - 1);
  for (std::size_t i = 0; i < baseline.size(); ++i) {
    const double a = baseline[i] - moments.baseline;
    const double b = candidate[i] - moments.candidate;
    moments.baseline_variance += a * a / divisor;
    moments.candidate_variance += b * b / divisor;
    moments.covariance += a * b / divisor;
  }
  return moments;
}

std::size_t items(const PairedEvidence& evidence) {
  if (const auto* moments = std::get_if<PairedMoments>(&evidence)) return moments->items;
  const auto& counts = std::get<PairedCounts>(evidence);
  return counts.both + counts.only_baseline + counts.only_candidate + counts.neither;
}

double baseline_accuracy(const PairedEvidence& evidence) {
  if (const auto* moments = std::get_if<PairedMoments>(&evidence)) return moments->baseline;
  const auto& counts = std::get<PairedCounts>(evidence);
  return as_double(counts.both + counts.only_baseline) / as_double(items(evidence));
}

double candidate_accuracy(const PairedEvidence& evidence) {
  if (const auto* moments = std::get_if<PairedMoments>(&evidence)) return moments->candidate;
  const auto& counts = std::get<PairedCounts>(evidence);
  return as_double(counts.both + counts.only_candidate) / as_double(items(evidence));
}

double limit_score(const PairedEvidence& evidence, const AccuracyLimit& limit) {
  require_items(evidence);
  return std::visit([&](const auto& known) { return score(known, limit); }, evidence);
}

DropEstimate estimate_drop(const PairedEvidence& evidence, AccuracyLimit::Kind kind,
                           double confidence) {
  require_items(evidence);
  if (!(confidence >= 0.5 && confidence < 1)) {
    throw Error(
        ErrorCode::invalid_argument,
        "accuracy drop: the confidence must lie in [0.5, 1), got " + std::to_string(confidence));
  }
  DropEstimate result;
  result.baseline = baseline_accuracy(evidence);
  result.candidate = candidate_accuracy(evidence);
  result.confidence = confidence;
  result.drop = result.baseline - result.candidate;
  if (kind == Kind::relative_drop) {
    if (!(result.baseline > 0)) {
      throw Error(ErrorCode::invalid_argument,
                  "accuracy drop: a relative drop needs a baseline above 0; ask for an absolute "
                  "one (0.5pt)");
    }
    result.drop /= result.baseline;
  }
  const Kind searched = kind == Kind::relative_drop ? kind : Kind::absolute_drop;
  const double z = confidence == 0.5 ? 0 : normal_quantile(confidence);
  result.low = z == 0 ? result.drop : drop_with_score(evidence, searched, result.drop, -z);
  result.high = z == 0 ? result.drop : drop_with_score(evidence, searched, result.drop, z);
  return result;
}

std::optional<std::size_t> items_needed(const PairedEvidence& evidence, const AccuracyLimit& limit,
                                        double confidence) {
  const double have = limit_score(evidence, limit);
  if (!(have > 0)) return std::nullopt;
  const double need = std::max(0.0, normal_quantile(confidence));
  const double exact = as_double(items(evidence)) * (need / have) * (need / have);
  if (exact > 1e15) return std::nullopt;  // the estimate all but lies on the limit
  return std::max<std::size_t>(1, static_cast<std::size_t>(std::ceil(exact)));
}

std::size_t items_to_plan(const AccuracyLimit& limit, double baseline, double discordance,
                          double confidence, double power) {
  const double tolerated = limit.kind == Kind::relative_drop   ? limit.amount * baseline
                           : limit.kind == Kind::absolute_drop ? limit.amount
                                                               : baseline - limit.amount;
  if (!(tolerated > 0)) {
    throw Error(
        ErrorCode::invalid_argument,
        "size of an evaluation set: no number of items proves a limit that tolerates no loss");
  }
  const double variance = limit.kind == Kind::at_least ? baseline * (1 - baseline)
                                                       : discordance + tolerated * (1 - tolerated);
  const double errors = normal_quantile(confidence) + normal_quantile(power);
  return std::max<std::size_t>(
      1, static_cast<std::size_t>(std::ceil(variance * errors * errors / (tolerated * tolerated))));
}

namespace {

// The variance of candidate - w baseline, w from the limit; or of the candidate alone.
double spread(const PairedMoments& m, const AccuracyLimit& limit) {
  if (limit.kind == Kind::at_least) return m.candidate_variance;
  const double w = limit.kind == Kind::relative_drop ? 1 - limit.amount : 1;
  return w * w * m.baseline_variance + m.candidate_variance - 2 * w * m.covariance;
}

}  // namespace

std::optional<std::size_t> items_to_plan(const PairedEvidence& measured, const AccuracyLimit& limit,
                                         double confidence, double power) {
  const double baseline = baseline_accuracy(measured);
  if (const auto* counts = std::get_if<PairedCounts>(&measured)) {
    const double differ = as_double(counts->only_baseline + counts->only_candidate);
    if (differ == 0) return std::nullopt;
    return items_to_plan(limit, baseline, differ / as_double(items(measured)), confidence, power);
  }
  const double tolerated = limit.kind == Kind::relative_drop   ? limit.amount * baseline
                           : limit.kind == Kind::absolute_drop ? limit.amount
                                                               : baseline - limit.amount;
  const double variance = spread(std::get<PairedMoments>(measured), limit);
  if (!(tolerated > 0) || !(variance > 0)) return std::nullopt;
  const double errors = normal_quantile(confidence) + normal_quantile(power);
  const double needed =
      as_double(items(measured)) * variance * errors * errors / (tolerated * tolerated);
  return std::max<std::size_t>(1, static_cast<std::size_t>(std::ceil(std::min(needed, 1e15))));
}

double confidence_of_each(double confidence, std::size_t tests, double part) {
  if (confidence <= 0.5) return confidence;
  return 1 - (1 - confidence) * part / as_double(std::max<std::size_t>(1, tests));
}

}  // namespace tamis
