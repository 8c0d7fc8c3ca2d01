#pragma once

#include "search/context.h"
#include "search/field.h"
#include "search/judge.h"

namespace tamis {

struct SearchOutcome;

/// Fills in what is said of a search that has decided: why its pick is the pick and what would
/// change it, what came nearest, where the time of what is handed over goes, and how its
/// predictions differ from the baseline's. Explains within the budget. Throws an Error(io).
void give_account(SearchContext& context, const Field& field, AccuracyJudge& accuracy,
                  SearchOutcome& outcome);

}  // namespace tamis
