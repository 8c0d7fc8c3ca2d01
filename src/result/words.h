#pragma once

#include <string>
#include <vector>

#include "result/document.h"

namespace tamis {

// Sentences made of what a result holds. `metric` is what they call its metric: the key in
// documents, the name that people know in reports. All are pure, and safe from any thread.

/// "map50_95 at most 1 % below the baseline's".
std::string gate_sentence(const GateRow& gate, const std::string& metric, bool under_load);

/// What decided the variant's gate, with the figures. As the document has it where there is no fact
/// (documents of before); empty where nothing is known.
std::string gate_reason(const ResultDocument& result, const VariantRow& variant,
                        const std::string& metric);

/// Why the pick was picked, a sentence per fact.
std::vector<std::string> reason_sentences(const ResultDocument& result, const std::string& metric);

/// What would change the decision, a sentence per fact.
std::vector<std::string> what_if_sentences(const ResultDocument& result);

/// "+1.8 dB at the output, predictions +0.0040 closer for 0.12 ms".
std::string layer_text(const Fp32Layer& layer);

/// Fills all sentences of the result that facts are there for.
void add_sentences(ResultDocument& result, const std::string& metric);

/// The documents with all their sentences, which call the metric by its key.
Json write_result(const ResultDocument& result);
Json write_decision(const ResultDocument& result);

}  // namespace tamis
