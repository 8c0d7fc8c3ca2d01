#pragma once

#include <optional>
#include <string>

#include "base/json.h"
#include "search/context.h"
#include "search/judge.h"

namespace tamis {

/// The items that are drawn, at most.
inline constexpr std::size_t kDrawnItems = 6;
/// The least amount of change (tasks/changes.h) that is worth a picture: scores are shown with two
/// digits.
inline constexpr double kDrawnAmount = 0.01;

/// Whose predictions are compared with the baseline's.
struct ChangedVariant {
  std::string id;
  std::string role;  ///< the key of the result that names it: pick, nearest_miss
};

/// The member `changes` of "tamis/result/1" (docs/json.md): which items' predictions changed most
/// from the baseline to the variant, with all that drawing them takes, and the primary metric class
/// by class. Both must have been judged. Pure but for reading the labels of the context's dataset.
Json changes_json(const SearchContext& context, const ChangedVariant& variant,
                  const JudgedPair& pair);

}  // namespace tamis
