#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "measure/summary.h"
#include "quantize/sensitivity.h"
#include "search/judge.h"
#include "search/units.h"
#include "search/variant.h"
#include "stats/paired.h"

namespace tamis {

/// Why a variant could not be measured or evaluated.
struct Failure {
  ErrorCode code = ErrorCode::backend_failed;
  std::string text;
  std::string command;  ///< repeats it
};

/// All that a search learns of one variant, step by step.
struct Candidate {
  Variant variant;
  std::optional<Artefact> artefact;
  std::optional<Failure> failure;

  std::optional<Screening> screening;
  std::optional<RatioEstimate> screened;  ///< time against the baseline's, from the screening
  bool screened_out =
      false;  ///< its screening showed it clearly behind a variant that meets the gates

  std::optional<Judgement> judgement;
  GateOutcome hard = GateOutcome::met;  ///< latency, size and memory gates
  std::string hard_reason;

  // Of one that an INT8 variant got because it misses its accuracy gate (give_back.h).
  std::optional<std::size_t> from;           ///< that variant's place among the candidates
  std::vector<LayerSensitivity> given_back;  ///< to FP32
  std::size_t layers = 0;                    ///< that were ranked

  std::vector<VisitSample> samples;      ///< of the latest phase that timed it
  std::string timed_in;                  ///< that phase: screening, race, confirmation
  std::optional<RatioEstimate> speedup;  ///< baseline's time / this one's, paired
  bool raced = false;
  std::vector<double> from_file_ns;

  /// The worst of hard and accuracy gates; undecided where the accuracy was not looked at.
  GateOutcome gate() const;
};

/// The value that the objective compares; smaller is better. Needs a screening.
double objective_value(const Candidate& candidate, Objective objective);

/// Judges latency, size and memory gates with what is known so far.
void judge_hard_gates(Candidate& candidate, const Gates& gates, double confidence);

}  // namespace tamis
