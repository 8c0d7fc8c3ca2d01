#include "tasks/paired_scores.h"

#include <numeric>
#include <string>

#include "base/error.h"

namespace tamis {
namespace {

[[noreturn]] void fail(const std::string& what) {
  throw Error(ErrorCode::invalid_argument, "paired scores: " + what);
}

std::size_t check_pairs(std::span<const ItemRecord> baseline,
                        std::span<const ItemRecord> candidate) {
  if (baseline.size() != candidate.size())
    fail("the baseline has " + std::to_string(baseline.size()) + " items, the candidate " +
         std::to_string(candidate.size()));
  if (baseline.empty()) fail("there are no items");
  for (std::size_t i = 0; i < baseline.size(); ++i)
    if (baseline[i].item != candidate[i].item)
      fail("item " + std::to_string(i) + " is " + baseline[i].item + " in the baseline and " +
           candidate[i].item + " in the candidate");
  return baseline.size();
}

double value_of(const WeightedStatistic& statistic, std::size_t items) {
  return statistic(std::vector<std::uint32_t>(items, 1));
}

}  // namespace

PairedScores::PairedScores(const Task& task, std::span<const ItemRecord> baseline,
                           std::span<const ItemRecord> candidate)
    : items_(check_pairs(baseline, candidate)),
      baseline_(task.statistic(baseline)),
      candidate_(task.statistic(candidate)),
      baseline_value_(value_of(baseline_, items_)),
      candidate_value_(value_of(candidate_, items_)) {
  auto right_baseline = task.right(baseline), right_candidate = task.right(candidate);
  if (right_baseline && right_candidate) counts_ = count_pairs(*right_baseline, *right_candidate);
}

PairedEvidence PairedScores::evidence(const BootstrapPlan& plan) const {
  if (counts_) return *counts_;
  return bootstrap_pair(baseline_, candidate_, items_, plan);
}

Estimate estimate_metric(const Task& task, std::span<const ItemRecord> records, double confidence,
                         const BootstrapPlan& plan) {
  if (records.empty())
    throw Error(ErrorCode::invalid_argument, "estimate metric: there are no items");
  if (std::optional<std::vector<std::uint8_t>> right = task.right(records)) {
    auto count = std::accumulate(right->begin(), right->end(), std::size_t{0});
    return {static_cast<double>(count) / static_cast<double>(records.size()),
            wilson(count, records.size(), confidence), confidence};
  }
  return bootstrap(task.statistic(records), records.size(), confidence, plan);
}

}  // namespace tamis
