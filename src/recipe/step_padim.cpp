#include "base/error.h"
#include "fit/padim.h"
#include "recipe/steps.h"

namespace tamis {
namespace {

PadimOptions parse_options(const Json& params) {
  PadimOptions options;
  options.layers = params.value("layers", options.layers);
  options.features = params.value("features", options.features);
  options.seed = params.value("seed", options.seed);
  options.false_alarms = params.value("false_alarms", options.false_alarms);
  return options;
}

}  // namespace

std::string padim_version() { return "padim/1"; }

std::string padim_text(const Json&) { return "padim"; }

void apply_padim(BuildState& state, const Json& params) {
  if (!state.feed)
    throw Error(ErrorCode::invalid_argument, "padim: needs good images; give --data");
  const PadimReport report = fit_padim(state.graph, parse_options(params), state.card.input_size,
                                       state.open_reference, state.feed);
  state.card.task = TaskKind::anomaly;
  state.card.decoder = "anomaly";
  state.card.labels.clear();
  state.card.threshold = report.threshold;
  state.report = to_json(report);
}

}  // namespace tamis
