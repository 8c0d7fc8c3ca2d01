#pragma once

#include <cstddef>
#include <vector>

#include "search/context.h"
#include "search/field.h"

namespace tamis {

// Screening: every variant is timed in one instance, several variants in turn with one baseline;
// then those in front get more instances (halving.h). What earlier runs measured counts.

/// Gives each candidate that was never timed its first instance, the most promising first. False
/// where the budget's share for this ended before. The baseline is timed at any price.
bool screen_all(SearchContext& context, Field& field);

/// Gives more instances to those of the candidates that are not clearly behind the best of them.
/// Returns these, best first; and whether the budget's share allowed all that was wanted.
struct Front {
  std::vector<std::size_t> members;
  bool complete = true;
};
Front refine(SearchContext& context, Field& field, const std::vector<std::size_t>& candidates);

/// As many instances for all of the candidates as a sweep gives. False where the budget ended.
bool measure_all(SearchContext& context, Field& field);

}  // namespace tamis
