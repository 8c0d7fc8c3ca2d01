#include "measure/visitor.h"

#include <cmath>

namespace tamis {

Visitor::Visitor(OpenedModel& model, const MeasureInputs& inputs, std::size_t number)
    : model_(model), inputs_(inputs) {
  if (inputs.of_shape.empty()) which_.push_back(number % inputs.tensors.size());
  for (const auto& own : inputs.of_shape) which_.push_back(own[number % own.size()]);
  if (inputs.laid_out.empty()) return;
  for (std::size_t i : which_) filled_.push_back(inputs.tensors[i].clone());
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
  const Placement& placement = inputs_.placements[i];
  if (filled_.empty()) return model_.run(inputs_.tensors[i], placement, nullptr);
  return model_.run_from_pixels(inputs_.laid_out[i], filled_[k], placement);
}

}  // namespace tamis
