#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "result/document.h"
#include "search/context.h"
#include "search/search_run.h"

namespace tamis {

/// What a caller of the parent has to change to call an artefact: a sentence per difference of
/// inputs, outputs ({inputs, outputs: [{name, type, shape}]}) and card. Empty: nothing.
std::vector<std::string> caller_changes(const Card& parent, const Json& parent_io, const Card& own,
                                        const Json& io);

/// Everything that reports show.
ResultDocument make_result(const SearchContext& context, const SearchRun& run,
                           const SearchOutcome& outcome, double wall_s);

/// Writes model.onnx, model.card.yaml, run.json, decision.json and result.json into request.out.
/// `variant` is the one of handed_over_id(). The result gets `files`: what was handed over, by
/// content. Throws corrupt_data where the artefact is no longer what was judged.
void hand_over(const SearchContext& context, const Variant& variant, const Artefact& artefact,
               ResultDocument& result);

/// The first file of request.out that is not what hand_over wrote for this result; empty: none.
/// Needs `files`.
std::string not_handed_over(const SearchContext& context, const ResultDocument& result);

/// Whether the artefact's file is the one that this result is about. Needs `files`.
bool is_what_was_judged(const Artefact& artefact, const ResultDocument& result);

/// The result as it was stored, with its `files` and `counts`. Throws where it is none.
ResultDocument stored_result(const Json& json);

}  // namespace tamis
