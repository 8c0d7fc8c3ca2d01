#pragma once

#include <cstddef>
#include <vector>

namespace tamis {

// Screening that stops early: every variant is timed in one instance, and only those that are not
// clearly behind get another one, and another one, until the front is small or known well enough.
// Pure: what to do next follows from what was found so far, whoever found it.
// Source: successive halving (Karnin, Koren & Somekh 2013, "Almost optimal exploration in
// multi-armed bandits"), with a test against the leader in place of a fixed half.

/// What was found of one variant: the log of its time against the baseline's in each instance.
/// Empty: it was not timed.
using Levels = std::vector<double>;

struct HalvingPlan {
  std::size_t most_instances = 4;  ///< of a variant that stays in front
  /// By so many standard errors a variant must be behind to be left behind.
  double certainty = 3.5;
  double usual_sd = 0.05;   ///< of a level around its variant's own, until more is known
  double usual_weight = 6;  ///< of it, as degrees of freedom
};

/// The standard deviation of one level around its variant's own: from all variants with several,
/// and the plan's usual one.
double level_sd(const std::vector<Levels>& found, const HalvingPlan& plan);

/// Whether a variant is clearly behind another; false where either was not timed. `sd`: level_sd().
bool clearly_behind(const Levels& variant, const Levels& other, double sd,
                    const HalvingPlan& plan = {});

/// Places of the timed variants that are not clearly behind the one whose level is surely lowest;
/// the lowest first.
std::vector<std::size_t> front_of(const std::vector<Levels>& found, const HalvingPlan& plan = {});

/// Those of the front that get an instance more now: the ones with the fewest. Empty: no more is
/// needed.
std::vector<std::size_t> next_to_time(const std::vector<Levels>& found,
                                      const HalvingPlan& plan = {});

}  // namespace tamis
