#include "recipe/resolution.h"
#include "recipe/steps.h"

// By itself, so that a program that only names steps links nothing that prepares pictures.

namespace tamis {

std::int64_t resolution_stride(const BuildRequest& request) {
  BuildState state = make_state(request, nullptr);
  return resolution_stride(state);
}

}  // namespace tamis
