#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "stats/interval.h"
#include "tasks/task.h"

namespace tamis {

/// One class in two variants.
struct ClassDelta {
  ClassFigures::Class of;
  double baseline = 0, candidate = 0;    ///< the primary metric over this class alone
  std::optional<Interval> difference{};  ///< of candidate - baseline
  std::string reason{};                  ///< why there is no interval; empty where there is one
};

/// How the classes fare.
struct ClassDeltas {
  std::vector<ClassDelta> classes;  ///< that have ground truth; the largest fall first
  double confidence = 0;            ///< of all intervals together
  std::size_t intervals = 0;        ///< how many these are
};

/// The items that a class must be found in for an interval.
inline constexpr std::size_t kLeastClassItems = 5;

/// The primary metric class by class of two variants on the same items, from which class's figure
/// the intervals exclude no difference, all of them together at `confidence` (Bonferroni). Where
/// the metric is right or wrong per item, an interval is Tango's score interval over the class's
/// items (stats/accuracy.h), else Student's t, of one degree of freedom less than the items
/// that hold the class, times the larger of two deviations of the difference: over a paired
/// bootstrap of all items, and over random exchanges of each item's two records (what it would be
/// if the two were alike; with few items the bootstrap alone finds differences that are not there).
/// Items as in PairedScores; throws as that. Pure; safe from any thread.
ClassDeltas class_deltas(const Task& task, std::span<const ItemRecord> baseline,
                         std::span<const ItemRecord> candidate, double confidence = 0.95);

}  // namespace tamis
