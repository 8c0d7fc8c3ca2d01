#pragma once

#include <cstddef>
#include <vector>

#include "measure/visit.h"

namespace tamis {

/// One request again and again: one batch, or one of each shape, whose times are weighted
/// (visit.h). Keeps references; one thread at a time.
class Visitor {
 public:
  Visitor(OpenedModel& model, const MeasureInputs& inputs, std::size_t number);

  TimedRun run();

 private:
  TimedRun run_input(std::size_t k);

  OpenedModel& model_;
  const MeasureInputs& inputs_;
  std::vector<std::size_t> which_;  // batches, by shape
  std::vector<Batch> filled_;       // from pixels: what each run fills anew
};

}  // namespace tamis
