#pragma once

namespace tamis {

// Parts of the budget by whose end the units of a phase must be expected to end. What one phase
// does not use is the next ones'.
inline constexpr double kScreeningShare = 0.4;  ///< the first instance of each variant
inline constexpr double kRefiningShare = 0.55;  ///< more instances of those in front
inline constexpr double kJudgingShare = 0.75;   ///< accuracy, and layers given back
inline constexpr double kFirstLeaderShare =
    0.95;                                  ///< accuracy, while nothing but the baseline stands
inline constexpr double kRaceShare = 0.9;  ///< the rest is for confirming the pick

}  // namespace tamis
