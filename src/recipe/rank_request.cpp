#include "base/error.h"
#include "recipe/float_layers.h"
#include "recipe/steps.h"

// By itself, so that a program that only names steps links nothing that prepares pictures.

namespace tamis {

Sensitivity rank_int8_layers(const BuildRequest& request, const RunSettings& target) {
  BuildState state = make_state(request);
  Recipe before = request.recipe;
  if (before.empty() || before.back().name != "int8-static")
    throw Error(ErrorCode::invalid_argument,
                "rank layers: the recipe must end in the step int8-static");
  Json params = before.back().params;
  before.pop_back();
  for (const Step& step : before) apply_step(state, request, step);
  if (!state.feed)
    throw Error(ErrorCode::invalid_argument,
                "rank layers: needs images to calibrate on; give --calibration or --data");
  return rank_int8_layers(state, int8_static_options(params), target, true);
}

}  // namespace tamis
