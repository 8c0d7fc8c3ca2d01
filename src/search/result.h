#pragma once

#include "base/json.h"
#include "search/context.h"
#include "search/search_run.h"

namespace tamis {

/// The document "tamis/result/1" (docs/json.md): everything that reports show.
Json make_result(const SearchContext& context, const SearchRun& run, const SearchOutcome& outcome,
                 double wall_s);

/// The document "tamis/optimize/1": decision.json, from the result.
Json make_decision(const Json& result, const std::filesystem::path& out);

/// Writes model.onnx, model.card.yaml, run.json and decision.json for the result's pick into `out`.
/// `artefact_model`: the pick's file.
void hand_over(const SearchContext& context, const SearchRun& run, const SearchOutcome& outcome,
               const Json& result);

}  // namespace tamis
