#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "data/selection.h"
#include "grid/axes.h"
#include "search/budget.h"
#include "search/request.h"
#include "tasks/agreement.h"
#include "tasks/task.h"

namespace tamis {

/// What a search is going to do: the request with its gates, the data in their order, what decides
/// about accuracy, and the time that there is.
struct Plan {
  SearchRequest request;
  CalibrationPlan data;
  std::string data_hash;                      ///< of the evaluation items, their order and truth
  std::vector<std::size_t> evaluation_order;  ///< dataset indices in the order of evaluating
  const Task* task = nullptr;                 ///< the agreement's, where there is one
  const Agreement* agreement = nullptr;  ///< the data have no truth: the baseline stands for it
  Budget budget;

  /// Whether variants are measured with several requests in flight.
  bool under_load() const { return request.objective == Objective::throughput; }
  /// Whether latencies begin at the resized picture's bytes: where variants may have different
  /// inputs, what it takes to make them is part of the comparison.
  bool from_pixels() const {
    return request.allow.count("input") != 0 || request.axes.count("input") != 0;
  }
  /// The vendor's library that was asked for; "" = found by the plugin's rules.
  std::string library_of(const std::string& backend) const {
    const auto named = request.libraries.find(backend);
    return named == request.libraries.end() ? "" : named->second;
  }
  PlanFacts facts() const {
    return {!data.calibration.items.empty(), request.objective == Objective::size, under_load(),
            request.baseline, request.allow};
  }
};

}  // namespace tamis
