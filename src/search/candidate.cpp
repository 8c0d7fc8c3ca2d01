#include "search/candidate.h"

#include <fmt/format.h>

#include "base/units.h"

namespace tamis {
namespace {

void worsen(Candidate& c, GateOutcome outcome, const std::string& reason) {
  bool worse = outcome == GateOutcome::missed ||
               (outcome == GateOutcome::estimated && c.hard == GateOutcome::met);
  if (!worse) return;
  c.hard = outcome;
  c.hard_reason = reason;
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
  c.hard_reason.clear();
  if (gates.max_latency_ms && !c.samples.empty()) {
    // One-sided at `confidence` is two-sided at 2c − 1.
    LatencySummary s = summarise(c.samples, Which::total, std::max(2 * confidence - 1, 0.02));
    const std::optional<Interval>& known = s.interval ? s.interval : s.within;
    std::string text = fmt::format(
        "median latency{} {} ({}), limit {}", c.samples.front().images_per_s ? " under load" : "",
        milliseconds_text(s.median),
        known ? "at most " + milliseconds_text(known->high) + " at the asked confidence"
              : std::string("too few samples for an interval"),
        milliseconds_text(*gates.max_latency_ms));
    if (s.median > *gates.max_latency_ms)
      worsen(c, GateOutcome::missed, text);
    else if (!known || known->high > *gates.max_latency_ms)
      worsen(c, GateOutcome::estimated, text);
  }
  if (gates.max_latency_ms && c.samples.empty())
    worsen(c, GateOutcome::missed, "latency was not measured");
  if (gates.max_size_bytes && c.artefact && c.artefact->info.size_bytes > *gates.max_size_bytes)
    worsen(c, GateOutcome::missed,
           fmt::format("file of {}, limit {}", bytes_text(c.artefact->info.size_bytes),
                       bytes_text(*gates.max_size_bytes)));
  if (gates.max_memory_bytes && c.opened &&
      c.opened->info.peak_memory_bytes > *gates.max_memory_bytes)
    worsen(c, GateOutcome::missed,
           fmt::format("peak memory {}, limit {}", bytes_text(c.opened->info.peak_memory_bytes),
                       bytes_text(*gates.max_memory_bytes)));
}

}  // namespace tamis
