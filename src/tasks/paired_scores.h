#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "stats/accuracy.h"
#include "stats/interval.h"
#include "tasks/task.h"

namespace tamis {

/// The primary metric of two variants on the same items, made once from their records. Constant
/// after construction; safe from any thread.
class PairedScores {
 public:
  /// Throws invalid_argument where the two do not hold the same items in the same order, or none.
  PairedScores(const Task& task, std::span<const ItemRecord> baseline,
               std::span<const ItemRecord> candidate);

  std::size_t items() const { return items_; }
  double baseline() const { return baseline_value_; }
  double candidate() const { return candidate_value_; }

  /// The values where item i counts weights[i] times; weights.size() == items().
  double baseline(std::span<const std::uint32_t> weights) const { return baseline_(weights); }
  double candidate(std::span<const std::uint32_t> weights) const { return candidate_(weights); }

  /// What the functions of stats/accuracy.h take: exact counts where the metric is right-or-wrong,
  /// else moments by a paired bootstrap over the items.
  PairedEvidence evidence(const BootstrapPlan& plan = {}) const;

 private:
  std::size_t items_;
  WeightedStatistic baseline_, candidate_;
  double baseline_value_, candidate_value_;
  std::optional<PairedCounts> counts_;
};

/// One variant by itself: the primary metric with a two-sided interval, by Wilson where it is
/// right-or-wrong, else by bootstrap over the items. Throws invalid_argument without records.
Estimate estimate_metric(const Task& task, std::span<const ItemRecord> records, double confidence,
                         const BootstrapPlan& plan = {});

}  // namespace tamis
