#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"
#include "base/hash.h"
#include "machine/fingerprint.h"
#include "quantize/quantize.h"
#include "recipe/steps.h"
#include "recipe/weight_bits.h"
#include "store/artefact_cache.h"

namespace tamis {
namespace {

constexpr const char* kStatisticsFile = "statistics.json";

WeightChoice weight_choice(const Json& params) {
  return choose_weight_bits(params.value("weight_bits", "auto"), capture_fingerprint());
}

QuantizeOptions parse_options(const Json& params) {
  QuantizeOptions options;
  options.target = parse_quantize_target(params.value("for", "portable"));
  if (params.contains("method"))
    options.method = parse_range_method(params.at("method").get<std::string>());
  if (params.contains("percentile")) options.percentile = params.at("percentile").get<double>();
  options.symmetric = params.value("symmetric", options.symmetric);
  options.weight_bits = weight_choice(params).bits;
  if (auto scale = params.find("concat_scale"); scale != params.end())
    options.share_concat_scale = *scale == "shared";
  options.standard_ops = params.value("standard_ops", false);
  return options;
}

NamedRuntime named_runtime(const BuildState& state, const std::string& backend) {
  return {backend, [&state, backend](const std::filesystem::path& model) {
            OpenRequest request;
            request.model = model;
            request.settings = state.base_settings;
            request.settings.backend = backend;
            request.settings.graph_level.reset();  // the runtime's own default
            auto named = state.libraries.find(backend);
            request.settings.library = named == state.libraries.end() ? "" : named->second;
            request.settings.inference_precision = "f32";
            request.input_shapes = {{1, state.card.channels(), state.card.input_size.height,
                                     state.card.input_size.width}};
            return find_backend(backend)->open(request);
          }};
}

/// A form made for one runtime is only checked there.
std::vector<NamedRuntime> runtimes_to_check(const BuildState& state, QuantizeTarget target) {
  std::vector<NamedRuntime> runtimes;
  for (const std::string& backend : state.check_backends)
    if (target == QuantizeTarget::portable || to_text(target) == backend)
      runtimes.push_back(named_runtime(state, backend));
  return runtimes;
}

/// Statistics live in the artefact cache as folders of their own, and are evicted as any other.
StatisticsStore statistics_store(const BuildState& state) {
  if (state.cache.empty()) return {};
  auto cache = std::make_shared<ArtefactCache>(state.cache);
  auto name = [rest = state.calibration_key](const std::string& key) {
    return "statistics-" + hash_text(key + rest);
  };
  StatisticsStore store;
  store.find = [cache, name](const std::string& key) -> std::optional<Json> {
    auto folder = cache->find(name(key));
    if (!folder) return std::nullopt;
    return load_json(*folder / kStatisticsFile);
  };
  store.keep = [cache, name](const std::string& key, const Json& statistics) {
    TemporaryFolder folder = cache->make_temporary();
    save_json(folder.path() / kStatisticsFile, statistics);
    cache->publish(name(key), folder.path());
  };
  return store;
}

/// Once per model and calibration items; what failed is tried again.
Json parent_accuracy(const BuildState& state, const StatisticsStore& known) {
  if (!state.check_parent) return Json();
  const std::string key = "parent/1" + hash_text(state.graph.to_bytes());
  if (known.find) {
    if (auto found = known.find(key)) return found->at("accuracy");
  }
  Json accuracy = state.check_parent();
  if (known.keep) known.keep(key, {{"accuracy", accuracy}});
  return accuracy;
}

}  // namespace

std::string int8_static_version() {
  // What a recipe leaves to the machine is part of the key.
  return fmt::format("int8-static/3 w{}", weight_choice(Json::object()).bits);
}

std::string int8_static_text(const Json& params) {
  std::string target = params.value("for", "portable");
  return target == "portable" ? "int8-static" : fmt::format("int8-static({})", target);
}

void apply_int8_static(BuildState& state, const Json& params) {
  if (!state.feed)
    throw Error(ErrorCode::invalid_argument,
                "int8-static: needs images to calibrate on; give --calibration or --data");
  TemporaryFolder folder("tamis-int8");
  auto before = folder.path() / "float.onnx", after = folder.path() / "int8.onnx";
  QuantizeOptions options = parse_options(params);
  StatisticsStore known = statistics_store(state);
  Json parent = parent_accuracy(state, known);
  state.graph.save(before);
  QuantizeReport report =
      quantize_static(state.graph, options, state.open_reference, state.feed, known);
  state.graph.save(after);
  state.report = to_json(report);
  state.report["parent"] = parent;
  state.report["method"] = to_text(options.method);
  state.report["weights"] = weight_choice(params).text;
  std::vector<NamedRuntime> runtimes = runtimes_to_check(state, options.target);
  auto checks =
      check_quantized(before, after, {"reference", state.open_reference}, runtimes, state.feed);
  std::size_t refused = 0;
  for (const RuntimeCheck& check : checks) {
    state.report["checks"].push_back(to_json(check));
    refused += check.refused ? 1 : 0;
  }
  if (!checks.empty() && refused == checks.size())
    throw Error(ErrorCode::unsupported,
                fmt::format("int8-static: no runtime executes the result rightly: {}: {}",
                            checks[0].runtime, checks[0].reason));
}

}  // namespace tamis
