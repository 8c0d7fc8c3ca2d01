#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/frame.h"
#include "base/work_done.h"
#include "data/dataset.h"
#include "eval/item_evaluator.h"
#include "execute/opened_model.h"
#include "machine/spin_work.h"
#include "measure/load.h"
#include "measure/visit.h"
#include "measure/worker_contestant.h"
#include "predict/annotator.h"

namespace tamis {

/// What a worker holds between requests: at most one opened model, or the fixed work.
struct WorkerState {
  std::unique_ptr<OpenedModel> model;
  std::vector<std::unique_ptr<OpenedModel>> more;  ///< requests beside it, for load
  std::unique_ptr<Dataset> input_data;
  InputSpec input_spec;
  MeasureInputs inputs;
  std::unique_ptr<Dataset> evaluation_data;
  std::unique_ptr<ItemEvaluator> evaluator;
  std::unique_ptr<Annotator> annotator;
  std::unique_ptr<machine::SpinWork> spin;  ///< fixed work instead of a model
  int spin_passes = 0;                      ///< of a piece of it
  TellProgress tell;                        ///< of the operation that runs
};

/// Does what request.head["op"] names; docs/worker-protocol.md describes each. Throws Error, and
/// invalid_argument for an unknown operation.
Frame run_operation(WorkerState& state, const Frame& request);

}  // namespace tamis
