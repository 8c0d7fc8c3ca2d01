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
/// `variant` is the one of handed_over_id.
void hand_over(const SearchContext& context, const Variant& variant, const Artefact& artefact,
               const Json& result);

/// Whether request.out holds just what hand_over would write for this result.
bool handed_over(const SearchContext& context, const Json& result);

}  // namespace tamis
