#pragma once

#include <optional>
#include <string>
#include <vector>

#include "report/result.h"

namespace tamis {

/// A variant as a point of latency against accuracy.
struct ScatterPoint {
  enum class Kind { met, estimated, missed, undecided };
  const VariantRow* variant = nullptr;
  Kind kind = Kind::undecided;
  bool pick = false, baseline = false, frontier = false;
  double ms = 0;
  std::optional<double> ms_low, ms_high;
  double accuracy = 0;  ///< in the unit of ScatterData
  std::optional<double> accuracy_low, accuracy_high;
};

/// What a plot of latency against accuracy shows. Points into the ResultDocument, which must
/// outlive it.
struct ScatterData {
  /// change: (accuracy - baseline's) / baseline's with the paired interval, as a share. value: the
  /// accuracy with its own interval, where no baseline is known.
  enum class Unit { change, value };
  Unit unit = Unit::change;
  std::string metric;
  std::vector<ScatterPoint> points;              ///< evaluated, by latency
  std::vector<const VariantRow*> not_evaluated;  ///< with a latency only
  std::optional<double> floor;                   ///< the accuracy gate in this unit
  double low = 0, high = 1;                      ///< range of accuracy worth showing
};

/// The points of all variants that have a latency. Those whose accuracy lies far below the rest are
/// kept, but `low` does not stretch to them.
ScatterData scatter_data(const ResultDocument& result);

}  // namespace tamis
