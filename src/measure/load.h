#pragma once

#include <cstddef>
#include <vector>

#include "measure/visit.h"

namespace tamis {

/// How long a block under load lasts.
struct LoadPlan {
  int discard = 1;         ///< requests of each caller that are thrown away first
  int least = 3;           ///< timed requests of each caller at least
  double target_ms = 200;  ///< and at least so long
};

/// What came of a block under load.
struct LoadedBlock {
  std::vector<TimedRun> runs;  ///< of all callers, each its requests in order: latency under load
  double images_per_s = 0;     ///< of all callers together
};

/// Keeps as many requests in flight as there are callers: each, in a thread of its own, makes its
/// next request as soon as the last one's predictions are there (a closed loop). All begin timing
/// once all have made their discarded requests, and all go on until the last has made its timed
/// ones, so that none is timed while another rests. Caller n is fed input number `input` + n.
///
/// A caller's rate is its pictures over the time of its requests; images_per_s is the sum of the
/// rates. With several input shapes a request stands for one of each, weighted (visit.h).
///
/// `callers`: at least one, of one opened model (OpenedModel::another). Throws what a run throws,
/// when all threads have ended.
LoadedBlock run_under_load(const std::vector<OpenedModel*>& callers, const MeasureInputs& inputs,
                           std::size_t input, const LoadPlan& plan);

}  // namespace tamis
