#pragma once

#include "base/json.h"
#include "search/context.h"
#include "search/search_run.h"

namespace tamis {

/// What a caller of the parent has to change to call an artefact: a sentence per difference of
/// inputs, outputs ({inputs, outputs: [{name, type, shape}]}) and card. Empty: nothing.
Json caller_changes(const Card& parent, const Json& parent_io, const Card& own, const Json& io);

/// The document "tamis/result/1" (docs/json.md): everything that reports show.
Json make_result(const SearchContext& context, const SearchRun& run, const SearchOutcome& outcome,
                 double wall_s);

/// The document "tamis/optimize/1": decision.json, from the result.
Json make_decision(const Json& result, const std::filesystem::path& out);

/// The id of the variant that a result hands over: its pick, else the baseline.
std::string handed_over_id(const Json& result);

/// Writes model.onnx, model.card.yaml, run.json, decision.json and result.json into request.out.
/// `variant` is the one of handed_over_id. The result gets `files`: what was handed over, by
/// content. Throws corrupt_data where the artefact is no longer what was judged.
void hand_over(const SearchContext& context, const Variant& variant, const Artefact& artefact,
               Json& result);

/// The first file of request.out that is not what hand_over wrote for this result; empty: none.
std::string not_handed_over(const SearchContext& context, const Json& result);

/// Whether the artefact's file is the one that this result is about.
bool is_what_was_judged(const Artefact& artefact, const Json& result);

/// The result as it was stored. Throws where what a later run reads of it is not there.
Json checked_result(const Json& json);

}  // namespace tamis
