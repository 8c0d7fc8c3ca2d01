#pragma once

#include <string>
#include <vector>

#include "report/result.h"

namespace tamis {

/// Above the changes that a caller has to make, in every format.
inline constexpr const char* kCallerChanges = "What the caller must change";

/// The decision in words, shared by every form of the report. Plain text: escape before embedding.
struct DecisionText {
  std::string status;    ///< "gates met", "nearest miss", "interrupted"
  std::string headline;  ///< one sentence
  std::string figures;   ///< speed-up and accuracy of the pick with their intervals; may be empty
  std::string roof;      ///< how far what is handed over is from the machine's peak; may be empty
  std::vector<std::string> notes;  ///< the faster estimated one, the nearest miss
};
DecisionText describe_decision(const ResultDocument& result);

/// "2.74 times as fast as the baseline [2.70, 2.79]"; empty where there is no ratio.
std::string speedup_sentence(const VariantRow& variant);

/// "mAP50-95 0.4351, 0.18 % below the baseline's [−0.90, 1.20] %"; empty where not evaluated.
std::string accuracy_sentence(const VariantRow& variant);

/// What stands in the gate column: the gate's outcome, else why there is none.
std::string gate_text(const VariantRow& variant);

/// The verdict's name; empty where there is none.
std::string verdict_name(const VariantRow& variant);

/// The runtimes as an object; empty where the document does not tell.
Json runtimes_of(const ResultDocument& result);

/// Gates as a list of sentences; "none" where none was asked for.
/// " · 96 of 200 items" where an early look decided; "" where all items were.
std::string seen_note(const AccuracyRow& accuracy);

/// Whether its time is from the screening's few, brief rounds: not to be compared with the medians
/// of a race or confirmation, as the machine's speed drifts; the speed-up is.
bool timed_in_screening(const VariantRow& variant);

std::string gates_text(const ResultDocument& result);

/// "simplify → int8-static"; "as given" for an empty recipe.
std::string recipe_text(const VariantRow& variant);

}  // namespace tamis
