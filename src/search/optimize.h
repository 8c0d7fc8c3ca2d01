#pragma once

#include <vector>

#include "grid/variant.h"
#include "result/document.h"
#include "search/context.h"
#include "search/listener.h"
#include "search/request.h"

namespace tamis {

/// The grid and what it would cost, without measuring anything.
struct SearchPlan {
  std::vector<Variant> variants;
  double estimated_s = 0;
  std::string how;   ///< what the estimate rests on
  std::string note;  ///< on values that do not apply to the model; "" = none
};
SearchPlan plan_search(const SearchRequest& request, const SearchListener& listener, Place& place);

/// The main job, at the place: builds, screens, judges, races, confirms and decides; writes the
/// hand-over (model.onnx, its card, run.json, decision.json) into request.out and returns the
/// result. Every unit of work is stored as it ends; the same
/// request again goes on from there, and a finished one returns its stored result. Throws what
/// concerns the whole run (bad input, no runtime); a variant's failure is a row of the result.
ResultDocument optimize(const SearchRequest& request, const SearchListener& listener, Place& place);

/// The part of it that comes once everything is known and the machine is this run's: searches,
/// hands over and returns the result. `key`: what a finished run is stored under.
ResultDocument search_and_hand_over(SearchContext& context, const std::string& key);

}  // namespace tamis
