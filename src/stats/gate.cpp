#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "stats/accuracy.h"
#include "stats/boundary.h"

namespace tamis {
namespace {

std::vector<std::size_t> doubling_looks(std::size_t first, std::size_t all) {
  std::vector<std::size_t> looks;
  // A look so near the end saves too little to be worth its share of the error.
  for (std::size_t next = first; next < all - all / 4; next *= 2) looks.push_back(next);
  looks.push_back(all);
  return looks;
}

std::vector<double> spend_mostly_at_the_end(std::size_t looks, double error) {
  const double early = std::min(0.005, error / 10);
  std::vector<double> spent;
  for (std::size_t k = 1; k < looks; ++k) {
    spent.push_back(early * static_cast<double>(k) / static_cast<double>(looks - 1));
  }
  spent.push_back(error);
  return spent;
}

}  // namespace

std::string_view to_text(GateOutcome outcome) {
  switch (outcome) {
    case GateOutcome::met:
      return "met";
    case GateOutcome::estimated:
      return "estimated";
    case GateOutcome::missed:
      return "missed";
    case GateOutcome::undecided:
      break;
  }
  return "undecided";
}

GateDecider::GateDecider(const GatePlan& plan) : plan_(plan) {
  if (plan.items == 0 || plan.first_look == 0 || !(plan.confidence >= 0.5 && plan.confidence < 1)) {
    throw Error(ErrorCode::invalid_argument,
                "gate: needs items, a first look and a confidence in [0.5, 1), got " +
                    std::to_string(plan.confidence));
  }
  looks_ = doubling_looks(plan.first_look, plan.items);
  std::vector<double> fractions;
  for (std::size_t n : looks_) {
    fractions.push_back(static_cast<double>(n) / static_cast<double>(plan.items));
  }
  scores_ =
      upper_boundaries(fractions, spend_mostly_at_the_end(looks_.size(), 1 - plan.confidence));
}

bool GateDecider::is_look(std::size_t items) const {
  return std::binary_search(looks_.begin(), looks_.end(), items);
}

GateLook GateDecider::look(const PairedEvidence& evidence) const {
  const std::size_t seen = items(evidence);
  const auto at = std::min(std::lower_bound(looks_.begin(), looks_.end(), seen), looks_.end() - 1);
  const bool last = seen >= plan_.items;
  const double needed = std::max(0.0, scores_[static_cast<std::size_t>(at - looks_.begin())]);
  const double have = limit_score(evidence, plan_.limit);

  GateLook result;
  result.probability = normal_cdf(have);
  result.items_needed = items_needed(evidence, plan_.limit, plan_.confidence);
  result.drop = estimate_drop(evidence, plan_.limit.kind, normal_cdf(needed));
  result.drop.confidence = plan_.confidence;
  if (last) {
    result.outcome = have >= needed ? GateOutcome::met
                     : have >= 0    ? GateOutcome::estimated
                                    : GateOutcome::missed;
  } else if (is_look(seen)) {
    result.outcome = have >= needed    ? GateOutcome::met
                     : have <= -needed ? GateOutcome::missed
                                       : GateOutcome::undecided;
  }
  return result;
}

}  // namespace tamis
