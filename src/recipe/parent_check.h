#pragma once

#include "base/json.h"
#include "recipe/build.h"

namespace tamis {

/// Measures the parent on some of the calibration items that have a truth, before anything is built
/// from it: {metric, value, items}, or null where fewer than kLeastItems have one. Throws
/// invalid_argument where it is no better than chance there (classify: a binomial test at 5 %;
/// detect: mAP50 below .02), naming the setting of the card under which it would be, where one is
/// found among colour order, scale and normalisation, and otherwise what to look at; and what
/// opening and decoding throw.
Json check_parent(const BuildRequest& request);

inline constexpr std::size_t kLeastItems = 8;
inline constexpr std::size_t kMostItems = 16;

/// P(at least `right` of `count` | each right with probability `chance`). Pure.
double chance_of_at_least(std::size_t right, std::size_t count, double chance);

}  // namespace tamis
