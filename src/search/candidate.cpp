#include "search/candidate.h"

#include <algorithm>

namespace tamis {
namespace {

void worsen(Candidate& c, GateOutcome outcome, const GateFact& fact) {
  bool worse = outcome == GateOutcome::missed ||
               (outcome == GateOutcome::estimated && c.hard == GateOutcome::met);
  if (!worse) return;
  c.hard = outcome;
  c.hard_fact = fact;
}

void judge_latency(Candidate& c, double limit_ms, double confidence) {
  // One-sided at `confidence` is two-sided at 2c − 1.
  const LatencySummary s = summarise(c.samples, Which::total, std::max(2 * confidence - 1, 0.02));
  const std::optional<Interval>& known = s.interval ? s.interval : s.within;
  GateFact fact{GateFactKind::latency, s.median, {}, limit_ms, {}};
  if (known) fact.at_most = known->high;
  if (s.median > limit_ms)
    worsen(c, GateOutcome::missed, fact);
  else if (!known || known->high > limit_ms)
    worsen(c, GateOutcome::estimated, fact);
}

void judge_bytes(Candidate& c, GateFactKind kind, std::uint64_t bytes, std::uint64_t limit) {
  if (bytes > limit)
    worsen(c, GateOutcome::missed,
           {kind, static_cast<double>(bytes), {}, static_cast<double>(limit), {}});
}

}  // namespace

GateOutcome Candidate::gate() const {
  if (hard == GateOutcome::missed) return GateOutcome::missed;
  if (!judgement) return GateOutcome::undecided;
  if (judgement->outcome == GateOutcome::met) return hard;
  return judgement->outcome;
}

double objective_value(const Candidate& c, Objective objective) {
  switch (objective) {
    case Objective::size:
      return static_cast<double>(c.artefact->info.size_bytes);
    case Objective::memory:
      return static_cast<double>(c.opened->info.peak_memory_bytes);
    case Objective::latency:
    case Objective::throughput:
      break;
  }
  return *c.ratio;
}

void judge_hard_gates(Candidate& c, const Gates& gates, double confidence) {
  c.hard = GateOutcome::met;
  c.hard_fact.reset();
  if (gates.max_latency_ms && c.samples.empty())
    worsen(c, GateOutcome::missed, {GateFactKind::no_latency, {}, {}, *gates.max_latency_ms, {}});
  else if (gates.max_latency_ms)
    judge_latency(c, *gates.max_latency_ms, confidence);
  if (gates.max_size_bytes && c.artefact)
    judge_bytes(c, GateFactKind::size, c.artefact->info.size_bytes, *gates.max_size_bytes);
  if (gates.max_memory_bytes && c.opened)
    judge_bytes(c, GateFactKind::memory, c.opened->info.peak_memory_bytes, *gates.max_memory_bytes);
}

}  // namespace tamis
