#include "quantize/dynamic.h"
#include "recipe/steps.h"

namespace tamis {

std::string int8_dynamic_version() { return "int8-dynamic/2"; }

std::string int8_dynamic_text(const Json&) { return "int8-dynamic"; }

void apply_int8_dynamic(BuildState& state, const Json&) {
  const StoredGraph before(state.graph);
  state.report = to_json(quantize_dynamic(state.graph));
  check_in_runtimes(state, before, state.check_backends, "int8-dynamic");
}

}  // namespace tamis
