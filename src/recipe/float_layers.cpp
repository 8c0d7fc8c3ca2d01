#include "recipe/float_layers.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "quantize/layer_times.h"
#include "recipe/open_with_card.h"
#include "recipe/output_reader.h"
#include "recipe/steps.h"
#include "result/words.h"

namespace tamis {
namespace {

OpenSession open_in(const BuildState& state, const RunSettings& settings, bool profile) {
  OpenRequest request;
  request.settings = settings;
  request.profile = profile;
  return [request, card = state.known_card()](const std::filesystem::path& model) {
    OpenRequest own = request;
    own.model = model;
    return open_with_card(own, card);
  };
}

/// The runtime that the form is made for where it is here, else the reference.
RunSettings own_runtime(const BuildState& state, QuantizeTarget target) {
  RunSettings settings = state.base_settings;
  settings.backend = state.reference_backend;
  for (const std::string& backend : state.check_backends)
    if (backend == to_text(target)) settings.backend = backend;
  settings.graph_level.reset();
  settings.inference_precision = "f32";
  auto library = state.libraries.find(settings.backend);
  settings.library = library == state.libraries.end() ? "" : library->second;
  return settings;
}

}  // namespace

Sensitivity rank_int8_layers(const BuildState& state, const QuantizeOptions& options,
                             const RunSettings& target, bool with_times) {
  const StatisticsStore known = statistics_in_memory();
  QuantizeReport report;
  auto write = [&](const std::vector<std::string>& keep_float) {
    Graph graph = state.graph;
    QuantizeOptions own = options;
    own.corrections = CorrectionLevel::none;  // the layers' order is wanted, not the best file
    own.observe_for_any_layer = true;
    own.keep_float.insert(own.keep_float.end(), keep_float.begin(), keep_float.end());
    report = quantize_static(graph, own, state.open_reference, state.feed, known);
    return graph;
  };
  Graph int8 = write({});
  std::vector<std::string> layers = report.quantised;
  SensitivityTools tools{write, state.open_reference, open_in(state, target, false), state.feed};
  tools.reader = output_reader(state);
  if (with_times)
    tools.extra_us =
        extra_times_us(state.graph, int8, layers, open_in(state, target, true), state.feed);
  return rank_layers(state.graph, layers, tools);
}

Fp32Layer fp32_layer(const LayerSensitivity& layer) {
  Fp32Layer row;
  row.node = layer.node;
  row.gain_db = layer.gain_db;
  row.together = layer.together;
  row.only_together = layer.only_together;
  row.gain_closeness = layer.gain_closeness;
  if (layer.extra_us) row.extra_ms = *layer.extra_us / 1000;
  return row;
}

std::map<std::string, std::string> keep_layers_in_fp32(const BuildState& state, const Json& params,
                                                       QuantizeOptions& options) {
  std::map<std::string, std::string> reasons;
  for (const Json& name : params.value("keep_float", Json::array()))
    options.keep_float.push_back(name);
  std::size_t count = params.value("float_layers", std::size_t{0});
  if (count == 0) return reasons;
  Sensitivity ranking = rank_int8_layers(state, options, own_runtime(state, options.target), false);
  if (count >= ranking.order.size())
    throw Error(
        ErrorCode::invalid_argument,
        fmt::format("float_layers: {} of {} layers in FP32 leave no layer in INT8; give fewer",
                    count, ranking.order.size()));
  for (std::size_t i = 0; i < count; ++i) {
    options.keep_float.push_back(ranking.order[i].node);
    reasons[ranking.order[i].node] = "kept in FP32: " + layer_text(fp32_layer(ranking.order[i]));
  }
  return reasons;
}

}  // namespace tamis
