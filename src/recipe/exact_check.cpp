#include "recipe/exact_check.h"

#include <fmt/format.h>

#include "base/error.h"

namespace tamis {
namespace {

/// What one graph gives in one runtime, to be held against another.
struct Run {
  const Evaluator& evaluate;
  const Graph& graph;
};

/// Of two runs, or why one of them failed.
struct Outcome {
  std::vector<OutputDifference> differences;
  std::string problem;  ///< "": the same numbers

  Outcome(const Run& a, const Run& b, const std::vector<Tensor>& inputs) {
    try {
      differences = compare_outputs(a.evaluate, a.graph, b.evaluate, b.graph, inputs);
      require_same_outputs(differences);
    } catch (const Error& error) {
      // A full disk or memory is no runtime's fault.
      if (error.code() == ErrorCode::io || error.code() == ErrorCode::unavailable) throw;
      problem = error.what();
    }
  }
  bool ran() const { return problem.empty() || !differences.empty(); }
};

/// Whether what a step does in a runtime is no more than the runtime's own distance from the
/// reference, output by output.
bool within(const Outcome& step, const Outcome& runtime) {
  if (!step.ran() || step.differences.size() != runtime.differences.size()) return false;
  for (std::size_t i = 0; i < step.differences.size(); ++i) {
    const OutputMovement &own = step.differences[i].moved, &known = runtime.differences[i].moved;
    if (same_numbers(step.differences[i])) continue;
    if (own.most > kRoundingMargin * known.most || own.rms > kRoundingMargin * known.rms)
      return false;
  }
  return true;
}

std::string without_remedy(const std::string& text) { return text.substr(0, text.find("; ")); }

}  // namespace

Json check_exact(const ExactStep& step, const NamedEvaluator& reference,
                 const NamedEvaluator& runtime, const std::vector<Tensor>& inputs) {
  const Run wanted{reference.evaluate, step.before}, before{runtime.evaluate, step.before},
      after{runtime.evaluate, step.after};
  Json check{{"runtime", runtime.name}, {"refused", nullptr}};
  const Outcome moved(wanted, after, inputs);
  if (moved.problem.empty()) return check;
  const Outcome known(wanted, before, inputs);
  if (known.problem.empty()) {
    check["refused"] = moved.problem;
  } else if (!known.ran()) {
    check["refused"] = "before the step too: " + known.problem;
  } else if (within(Outcome(before, after, inputs), known)) {
    check["note"] = fmt::format(
        "{} and {} already differ on the model before the step: {}. The step is not the cause; "
        "find out which of the two is right before you rely on {}",
        runtime.name, reference.name, without_remedy(known.problem), runtime.name);
  } else {
    check["refused"] = moved.problem;
  }
  return check;
}

}  // namespace tamis
