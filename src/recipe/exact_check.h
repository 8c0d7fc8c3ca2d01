#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "passes/passes.h"

namespace tamis {

/// A model before and behind a step that is meant to keep its numbers.
struct ExactStep {
  const Graph& before;
  const Graph& after;
};

struct NamedEvaluator {
  std::string name;  ///< of the runtime
  Evaluator evaluate;
};

/// Whether `runtime` gives of the model behind the step what `reference` gives of the one before:
/// {runtime, refused: null | reason, note}. A step is not blamed for what the runtime does to the
/// model before it as well: where the two runtimes differ on that by as much, `refused` is null and
/// `note` names both. A runtime that runs neither is refused, which says so.
Json check_exact(const ExactStep& step, const NamedEvaluator& reference,
                 const NamedEvaluator& runtime, const std::vector<Tensor>& inputs);

}  // namespace tamis
