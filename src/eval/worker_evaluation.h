#pragma once

#include <cstddef>
#include <functional>

#include "base/json.h"
#include "execute/input_spec.h"
#include "execute/opened_model.h"
#include "place/patience.h"
#include "place/worker.h"

namespace tamis {

struct EvaluationSpec {
  ExecuteRequest request;
  InputSpec items;        ///< in the order of evaluating
  bool labelled = true;   ///< items without truth are an error
  std::string content{};  ///< of request.model (ModelFile)
};

/// What became of some items.
struct EvaluatedPart {
  Json records = Json::array();  ///< to_json(ItemRecord)
  Json bad = Json::array();      ///< {item, reason}
  double inference_s = 0, wall_s = 0;
  bool done = false;  ///< no item is left
};

/// A model open in a worker of its own, for evaluating one item after the other. Where `go_on` is
/// given and says no, what goes on ends with unavailable. Not thread safe.
class WorkerEvaluation {
 public:
  /// Starts the worker at the place, opens the model and the data. Throws what the worker reports.
  WorkerEvaluation(Place& place, const EvaluationSpec& spec, std::function<bool()> go_on = {});

  double first_ms() const { return first_ms_; }  ///< the first inference
  double load_s() const { return load_s_; }      ///< that opening the model took
  double begin_s() const { return begin_s_; }    ///< that opening the data took

  /// The next items. Throws what the model does with them; corrupt_data names no single item.
  EvaluatedPart next(std::size_t count, const Patience& patience);
  void pause() { worker_.pause(); }  ///< takes nothing from others until next()

 private:
  Worker worker_;
  std::function<bool()> go_on_;
  double first_ms_ = 0, load_s_ = 0, begin_s_ = 0;
};

}  // namespace tamis
