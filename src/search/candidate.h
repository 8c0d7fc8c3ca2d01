#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "grid/variant.h"
#include "measure/summary.h"
#include "quantize/sensitivity.h"
#include "result/facts.h"
#include "search/judge.h"
#include "search/timings.h"
#include "search/units.h"
#include "stats/paired.h"

namespace tamis {

/// Why a variant could not be measured or evaluated.
struct Failure {
  ErrorCode code = ErrorCode::backend_failed;
  std::string text;
  std::string command;  ///< repeats it
};

/// The place of the baseline among the candidates of a search, and of its row in a result.
inline constexpr std::size_t kBaseline = 0;

/// All that a search learns of one variant, step by step.
struct Candidate {
  Variant variant;
  std::optional<Artefact> artefact;
  std::optional<Failure> failure;

  std::string key;               ///< in the timings; empty until there is an artefact
  std::optional<Opened> opened;  ///< present once it was opened
  std::optional<double> ratio;   ///< time against the baseline's, of all that was measured
  bool screened_out = false;     ///< clearly behind a variant that meets the gates

  std::optional<Judgement> judgement;
  GateOutcome hard = GateOutcome::met;  ///< latency, size and memory gates
  std::optional<GateFact> hard_fact;    ///< what decided them, where they are not met

  // Of one that an INT8 variant got because it misses its accuracy gate (mixed_precision.h).
  std::optional<std::size_t> from;               ///< that variant's place among the candidates
  std::vector<LayerSensitivity> layers_in_fp32;  ///< most useful first
  std::size_t layers = 0;                        ///< that were ranked

  std::vector<VisitSample> samples;      ///< all that were taken of it
  std::string timed_in;                  ///< the latest phase that took some (timings.h)
  std::optional<RatioEstimate> speedup;  ///< baseline's time / this one's, paired
  std::vector<double> from_file_ns;

  /// The worst of hard and accuracy gates; undecided where the accuracy was not looked at.
  GateOutcome gate() const;
};

/// The value that the objective compares; smaller is better. Needs a ratio.
double objective_value(const Candidate& candidate, Objective objective);

/// Judges latency, size and memory gates with what is known so far.
void judge_hard_gates(Candidate& candidate, const Gates& gates, double confidence);

}  // namespace tamis
