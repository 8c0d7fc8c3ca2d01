#include <fmt/format.h>

#include "quantize/weight_only.h"
#include "recipe/steps.h"

namespace tamis {
namespace {

std::string text(const char* name, const Json& params) {
  const WeightOnlyOptions usual;
  const std::size_t block = params.value("block", usual.block);
  return block == usual.block ? name : fmt::format("{}(block {})", name, block);
}

void apply(BuildState& state, const Json& params, int bits, const char* name) {
  WeightOnlyOptions options;
  options.bits = bits;
  options.block = params.value("block", options.block);
  const StoredGraph before(state.graph);
  state.report = to_json(quantize_weights_only(state.graph, options));
  check_in_runtimes(state, before, state.check_backends, name);
}

}  // namespace

std::string weights_version() { return "weights/2"; }

std::string int8_weights_text(const Json& params) { return text("int8-weights", params); }
std::string int4_weights_text(const Json& params) { return text("int4-weights", params); }

void apply_int8_weights(BuildState& state, const Json& params) {
  apply(state, params, 8, "int8-weights");
}
void apply_int4_weights(BuildState& state, const Json& params) {
  apply(state, params, 4, "int4-weights");
}

}  // namespace tamis
