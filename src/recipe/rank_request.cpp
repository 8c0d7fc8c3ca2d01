#include "base/error.h"
#include "recipe/float_layers.h"
#include "recipe/steps.h"

// By itself, so that a program that only names steps links nothing that prepares pictures.

namespace tamis {

Sensitivity rank_int8_layers(const BuildRequest& request, const RunSettings& target,
                             const TellProgress& tell) {
  if (!request.step || request.step->name != "int8-static")
    throw Error(ErrorCode::invalid_argument, "rank layers: the step must be int8-static");
  const BuildState state = make_state(request, tell);
  if (!state.feed)
    throw Error(ErrorCode::invalid_argument,
                "rank layers: needs images to calibrate on; give --calibration or --data");
  return rank_int8_layers(state, int8_static_options(request.step->params), target, true);
}

}  // namespace tamis
