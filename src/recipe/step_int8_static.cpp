#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/units.h"
#include "quantize/quantize.h"
#include "recipe/float_layers.h"
#include "recipe/output_reader.h"
#include "recipe/steps.h"
#include "store/artefact_cache.h"

namespace tamis {
namespace {

constexpr const char* kStatisticsFile = "statistics.json";

/// Whether weights leave room for sums of 16 bits. Not by this machine's CPU: it costs next to
/// nothing, and files travel.
bool sums_in_16_bits(const Json& params) {
  const std::string asked = params.value("weight_bits", "auto");
  if (asked == "auto" || asked == "7") return true;
  if (asked == "8") return false;
  throw Error(ErrorCode::invalid_argument,
              "weight bits: unknown value '" + asked + "'; " + suggest(asked, {"auto", "7", "8"}));
}

}  // namespace

QuantizeOptions int8_static_options(const Json& params) {
  QuantizeOptions options;
  options.target = parse_quantize_target(params.value("for", "portable"));
  if (params.contains("method"))
    options.method = parse_range_method(params.at("method").get<std::string>());
  if (params.contains("percentile")) options.percentile = params.at("percentile").get<double>();
  options.symmetric = params.value("symmetric", options.symmetric);
  options.sums_in_16_bits = sums_in_16_bits(params);
  options.corrections = parse_correction_level(params.value("corrections", "fast"));
  if (auto scale = params.find("concat_scale"); scale != params.end())
    options.share_concat_scale = *scale == "shared";
  options.standard_ops = params.value("standard_ops", false);
  return options;
}

namespace {

/// A form made for one runtime is only checked there; TensorRT's in ONNX Runtime, which executes
/// any placement of pairs rightly, if slowly.
std::vector<std::string> runtimes_to_check(const BuildState& state, QuantizeTarget target) {
  const std::string_view one = target == QuantizeTarget::tensorrt ? "ort" : to_text(target);
  std::vector<std::string> runtimes;
  for (const std::string& backend : state.check_backends)
    if (target == QuantizeTarget::portable || one == backend) runtimes.push_back(backend);
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

/// What speaks against the card, asked as often.
Json card_doubt(const BuildState& state, const StatisticsStore& known) {
  if (!state.normalisation_warning) return Json();
  const std::string key = "card/2" + hash_text(state.graph.to_bytes());
  if (known.find) {
    if (auto found = known.find(key)) return found->at("doubt");
  }
  const std::optional<std::string> doubt = state.normalisation_warning();
  Json kept = doubt ? Json(*doubt) : Json();
  if (known.keep) known.keep(key, {{"doubt", kept}});
  return kept;
}

}  // namespace

std::string int8_static_version() { return "int8-static/12"; }

std::string int8_static_text(const Json& params) {
  std::vector<std::string> words;
  if (std::string target = params.value("for", "portable"); target != "portable")
    words.push_back(target);
  const std::size_t in_float = params.value("float_layers", std::size_t{0}) +
                               params.value("keep_float", Json::array()).size();
  if (in_float > 0)
    words.push_back(fmt::format("{} layer{} in FP32", in_float, in_float == 1 ? "" : "s"));
  return words.empty() ? "int8-static" : fmt::format("int8-static({})", fmt::join(words, ", "));
}

void apply_int8_static(BuildState& state, const Json& params) {
  if (!state.feed)
    throw Error(ErrorCode::invalid_argument,
                "int8-static: needs images to calibrate on; give --calibration or --data");
  QuantizeOptions options = int8_static_options(params);
  StatisticsStore known = statistics_store(state);
  Json parent = parent_accuracy(state, known);
  const Json doubt = card_doubt(state, known);
  const std::map<std::string, std::string> reasons = keep_layers_in_fp32(state, params, options);
  // What corrections sample of the layers' inputs is written for one size.
  const bool has_set = !state.card.input_sizes.empty();
  if (has_set) options.corrections = CorrectionLevel::none;
  const StoredGraph before(state.graph);
  QuantizeReport report = quantize_static(state.graph, options, state.open_reference, state.feed,
                                          known, output_reader(state));
  for (KeptInFloat& kept : report.kept_in_float)
    if (auto given = reasons.find(kept.node); given != reasons.end()) kept.reason = given->second;
  if (has_set) report.notes.emplace_back("corrections are not tried on a set of input sizes");
  state.report = to_json(report);
  if (!doubt.is_null()) state.report["warnings"].push_back(doubt);
  state.report["parent"] = parent;
  state.report["method"] = to_text(options.method);
  state.report["weights"] = options.sums_in_16_bits
                                ? "s8, right on any CPU"
                                : "s8, all 8 bits as requested: wrong on an x86 CPU without VNNI, "
                                  "which adds two products in 16 bits";
  check_in_runtimes(state, before, runtimes_to_check(state, options.target), "int8-static");
}

}  // namespace tamis
