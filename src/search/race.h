#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

#include "search/context.h"
#include "search/decide.h"
#include "search/field.h"

namespace tamis {

/// At most this many race.
inline constexpr std::size_t kMostInRace = 6;

/// Measures the leaders, all of which met their gates, in more and more instances until each is
/// told apart from the fastest or known to be its equal. At most kMostInRace of them, the fastest
/// by what is known. False where the budget's share ended before.
bool race(SearchContext& context, Field& field, const std::vector<std::size_t>& leaders);

/// Measures the pick and the second beside the baseline until the pick's gain is known well. False
/// where the budget ended before.
bool confirm(SearchContext& context, Field& field, std::size_t pick,
             std::optional<std::size_t> second);

/// Whether the two are known to be equally fast: the interval includes 1 and is narrow.
bool tied(const RatioEstimate& ratio);

/// Whether what was measured shows i to be faster than the baseline, at all looks together.
bool gained(Field& field, std::size_t i);

/// The leaders in the order in which they are to be picked: of those that nothing tells from the
/// fastest in speed the one that choose() takes, then the next ones alike. Each with why.
struct Ranked {
  std::size_t candidate = 0;
  FinalChoice choice;
  std::size_t equals = 1;  ///< that it was chosen among, itself included
};
std::vector<Ranked> rank_finalists(
    const SearchContext& context, Field& field, std::vector<std::size_t> leaders,
    const std::function<bool(const std::string&, const std::string&)>& more_accurate);

}  // namespace tamis
