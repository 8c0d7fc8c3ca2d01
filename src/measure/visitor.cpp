#include "measure/visitor.h"

#include <cmath>

namespace tamis {

Visitor::Visitor(OpenedModel& model, const MeasureInputs& inputs, std::size_t number)
    : model_(model), inputs_(inputs) {
  if (inputs.of_shape.empty()) which_.push_back(number % inputs.batches.size());
  for (const auto& own : inputs.of_shape) which_.push_back(own[number % own.size()]);
  if (inputs.pictures.empty()) return;
  for (std::size_t i : which_) filled_.push_back(inputs.batches[i].clone());
}

TimedRun Visitor::run() {
  if (which_.size() == 1) return run_input(0);
  double inference = 0, prepare = 0, total = 0;
  for (std::size_t k = 0; k < which_.size(); ++k) {
    const TimedRun run = run_input(k);
    inference += inputs_.shares[k] * static_cast<double>(run.inference_ns);
    prepare += inputs_.shares[k] * static_cast<double>(run.prepare_ns);
    total += inputs_.shares[k] * static_cast<double>(run.total_ns);
  }
  return {std::llround(inference), std::llround(prepare), std::llround(total)};
}

TimedRun Visitor::run_input(std::size_t k) {
  const std::size_t i = which_[k];
  if (filled_.empty()) return model_.run(inputs_.batches[i]);
  return model_.run_from_pixels(inputs_.pictures[i], filled_[k]);
}

}  // namespace tamis
