#include "quantize/quantize.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <map>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "base/files.h"
#include "base/units.h"
#include "passes/passes.h"
#include "quantize/calibrate.h"
#include "quantize/equalise.h"
#include "quantize/input_kinds.h"
#include "quantize/options.h"
#include "quantize/placement.h"
#include "quantize/plan.h"
#include "quantize/products.h"
#include "quantize/ranges.h"
#include "quantize/rewrite.h"
#include "quantize/tensorrt.h"

namespace tamis {

namespace {

/// Below this, 8 bits keep next to nothing of a value whose extremes lie far out.
constexpr double kLeastSnrDb = 8;

std::string node_name(const onnx::NodeProto& node) {
  return node.name().empty() ? node.output(0) : node.name();
}

class GroupRanges {
 public:
  GroupRanges(const Plan& plan, const Observations& observations, const QuantizeOptions& options)
      : plan_(plan), observations_(observations), options_(options), done_(plan.groups.size()) {}

  std::vector<Affine> affines() {
    std::vector<Affine> result;
    for (std::size_t i = 0; i < plan_.groups.size(); ++i) result.push_back(affine(i));
    return result;
  }

 private:
  Affine affine(std::size_t group) {
    const Group& g = plan_.groups[group];
    if (options_.target == QuantizeTarget::tensorrt) return symmetric_affine(range(group));
    if (!g.pooled_zero_point) {
      const ValueRange one = range(group);
      return affine_from_range(options_.symmetric ? symmetric_range(one) : one);
    }
    return pooled_affine_before_silu(observations_.seen.at(g.sources[0].value), options_);
  }

  ValueRange range(std::size_t group) {
    if (done_[group]) return *done_[group];
    done_[group] = ValueRange{};  // a group that leads back to itself adds nothing
    std::optional<ValueRange> whole;
    for (const RangeSource& source : plan_.groups[group].sources) {
      const ValueRange one = range(source);
      whole = whole ? hull(*whole, one) : one;
    }
    done_[group] = whole.value_or(ValueRange{});
    return *done_[group];
  }

  ValueRange range(const RangeSource& source) {
    switch (source.kind) {
      case RangeSource::Kind::group:
        return range(source.group);
      case RangeSource::Kind::unit:
        return {0, 1};
      case RangeSource::Kind::whole:
        return observations_.seen.at(source.value).extremes();
      case RangeSource::Kind::after_silu:
        return range_after_silu(observations_.seen.at(source.value), options_);
      case RangeSource::Kind::before_silu:
        if (options_.range_by_error_after)
          return range_before_silu(observations_.seen.at(source.value), options_);
        break;
      case RangeSource::Kind::seen:
        break;
    }
    return observed_range(observations_.seen.at(source.value), options_);
  }

  const Plan& plan_;
  const Observations& observations_;
  const QuantizeOptions& options_;
  std::vector<std::optional<ValueRange>> done_;
};

std::string wide_text(const std::string& value, const ValueRange& range, double snr_db) {
  char text[160];
  std::snprintf(text, sizeof text,
                " spans %.4g to %.4g, of which 8 bits keep a signal of only %.1f dB", range.low,
                range.high, snr_db);
  return "its input '" + value + "'" + text;
}

/// Nodes whose input loses too much in 8 bits, with the reason.
std::map<std::string, std::string> too_wide(const Plan& plan, const Observations& observations,
                                            const std::vector<Affine>& affines) {
  std::map<std::string, std::string> nodes;
  for (const ComputeNode& compute : plan.compute) {
    const std::string& value = compute.node->input(compute.activation);
    const std::size_t group = plan.group_of.at(value);
    for (const RangeSource& source : plan.groups[group].sources) {
      if (source.value.empty()) continue;
      const Histogram& seen = observations.seen.at(source.value);
      const bool after_silu = source.kind == RangeSource::Kind::after_silu;
      const double snr = quantisation_snr_db(seen, affines[group],
                                             after_silu ? silu : std::function<double(double)>());
      if (snr >= kLeastSnrDb) continue;
      nodes[node_name(*compute.node)] = wide_text(value, seen.extremes(), snr);
    }
  }
  return nodes;
}

/// What any form of the model needs, so that one run of the float model serves all.
std::set<std::string> values_of_all_forms(const Graph& graph, QuantizeOptions options,
                                          const Plan& own) {
  std::set<std::string> values = observed_values(own);
  for (const QuantizeTarget target : {QuantizeTarget::portable, QuantizeTarget::ort,
                                      QuantizeTarget::openvino, QuantizeTarget::tensorrt}) {
    options.target = target;
    values.merge(observed_values(plan_quantisation(graph, options)));
  }
  return values;
}

/// What the plan needs with any one of its layers more in float.
std::set<std::string> values_for_any_layer(const Graph& graph, QuantizeOptions options,
                                           const Plan& own) {
  std::set<std::string> values = observed_values(own);
  for (const ComputeNode& compute : own.compute) {
    options.keep_float.push_back(node_name(*compute.node));
    values.merge(observed_values(plan_quantisation(graph, options)));
    options.keep_float.pop_back();
  }
  return values;
}

bool all_seen(const Plan& plan, const Observations& observations) {
  const std::set<std::string> values = observed_values(plan);
  return std::all_of(values.begin(), values.end(),
                     [&](const std::string& v) { return observations.seen.count(v) != 0; });
}

void demand_work(const Plan& plan) {
  if (!plan.compute.empty()) return;
  std::string text = "quantize: there is no convolution or matrix product that could run in INT8";
  if (!plan.kept_in_float.empty()) {
    text += " (" + plan.kept_in_float.front().node + ": " + plan.kept_in_float.front().reason + ")";
  }
  throw Error(ErrorCode::unsupported, text + "; use the float model");
}

}  // namespace

Json to_json(const QuantizeReport& report) {
  Json kept = Json::array();
  for (const KeptInFloat& one : report.kept_in_float)
    kept.push_back({{"node", one.node}, {"reason", one.reason}});
  Json corrections = Json::array();
  for (const Correction& one : report.corrections)
    corrections.push_back({{"name", one.name}, {"kept", one.kept}, {"why", one.why}});
  return {{"kept_in_float", std::move(kept)},
          {"corrections", std::move(corrections)},
          {"notes", report.notes},
          {"warnings", report.warnings},
          {"quantised_nodes", report.quantised_nodes},
          {"calibrated_on", report.calibrated_on},
          {"calibrate_s", report.calibrate_s},
          {"statistics_cached", report.statistics_cached},
          {"wall_s", report.wall_s}};
}

namespace {

struct Quantised {
  Graph graph;
  QuantizeReport report;
};

/// The float graph as its runtime executes it fastest. What is new in it only moves data or stays
/// in float, so that observations of the graph before serve all forms.
Graph written_for(const Graph& graph, const QuantizeOptions& options) {
  Graph written = graph;
  const bool for_ort = options.target == QuantizeTarget::ort;
  run_passes(written, rewrite_passes(for_ort ? "ort" : "all"), {});
  written.sort();
  written.infer_shapes();
  return written;
}

/// The whole way for one float graph (opset 13, sorted, shapes inferred).
Quantised quantise(const Graph& parent, const QuantizeOptions& options, const OpenSession& open,
                   const FeedCalibration& feed, const StatisticsStore& known) {
  Graph work = written_for(parent, options);
  Plan plan = plan_quantisation(work, options);
  demand_work(plan);
  QuantizeReport report;
  const std::int64_t calibration = now_ns();
  auto find = [&](const std::function<std::set<std::string>()>& wanted) {
    return observe_or_find(parent, observed_values(plan), wanted, open, feed, known,
                           report.statistics_cached);
  };
  Observations observations = find([&] {
    return options.observe_for_any_layer ? values_for_any_layer(parent, options, plan)
                                         : values_of_all_forms(parent, options, plan);
  });
  std::vector<Affine> affines = GroupRanges(plan, observations, options).affines();
  if (const auto wide = too_wide(plan, observations, affines); !wide.empty()) {
    plan = plan_quantisation(work, options, wide);
    demand_work(plan);
    if (!all_seen(plan, observations)) observations = find([&] { return observed_values(plan); });
    affines = GroupRanges(plan, observations, options).affines();
  }
  report.calibrate_s = seconds_since(calibration);
  report.warnings = suspicious_samples(observations);
  report.calibrated_on = observations.samples;
  report.quantised_nodes = plan.compute.size();
  for (const ComputeNode& compute : plan.compute)
    report.quantised.push_back(node_name(*compute.node));
  report.kept_in_float = plan.kept_in_float;

  const bool for_tensorrt = options.target == QuantizeTarget::tensorrt;
  if (for_tensorrt)
    for (ComputeNode& compute : plan.compute) compute.bias.reset();  // stays as it is, in float
  write_quantised(work, plan, affines, writes_quick_gelu(options));
  if (for_tensorrt) make_pairs_signed(work);
  merge_equal_weights(work);
  if (!for_tensorrt && options.target != QuantizeTarget::openvino)
    drop_zero_points_of_products(work);
  work.verify();
  return {std::move(work), std::move(report)};
}

/// The last fifth of the samples.
FeedCalibration held_aside(const FeedCalibration& feed, std::size_t samples) {
  const std::size_t first = samples - (samples + 4) / 5;
  return [feed, first](const std::function<void(std::span<const Tensor>)>& use) {
    std::size_t i = 0;
    feed([&](std::span<const Tensor> inputs) {
      if (i++ >= first) use(inputs);
    });
  };
}

/// Output SNR in dB against the float model, of the worst output; by the runtime behind `open`.
double output_snr_db(const Graph& float_graph, const Graph& quantised, const OpenSession& open,
                     const FeedCalibration& feed) {
  TemporaryFolder folder("tamis-correct");
  float_graph.save(folder.path() / "float.onnx");
  quantised.save(folder.path() / "int8.onnx");
  constexpr std::size_t kMost = 8;
  const NamedRuntime runtime{"reference", open};
  const RuntimeCheck check =
      check_quantized(folder.path() / "float.onnx", folder.path() / "int8.onnx", runtime, {runtime},
                      feed, {.samples = kMost, .least_snr_db = -300})
          .front();
  if (check.refused) return -300;
  double least = 200;
  for (const OutputCheck& output : check.outputs) least = std::min(least, output.snr_db);
  return least;
}

/// Equalises channels where some are outliers, and keeps that where it helps.
void try_equalising(const Graph& work, Quantised& best, const QuantizeOptions& options,
                    const OpenSession& open, const FeedCalibration& feed,
                    const StatisticsStore& known) {
  Graph equalised = work;
  const std::vector<std::string> changed = equalise_channels(equalised);
  if (changed.empty()) return;
  equalised.infer_shapes();
  Quantised other = quantise(equalised, options, open, feed, known);
  const FeedCalibration judges = held_aside(feed, other.report.calibrated_on);
  const double before = output_snr_db(work, best.graph, open, judges);
  const double after = output_snr_db(work, other.graph, open, judges);
  char text[120];
  std::snprintf(text, sizeof text, "%zu convolutions: output SNR %.1f dB instead of %.1f dB",
                changed.size(), after, before);
  Correction correction{"channel equalisation", after > before, text};
  if (correction.kept) best = std::move(other);
  best.report.corrections.push_back(std::move(correction));
}

}  // namespace

QuantizeReport quantize_static(Graph& graph, const QuantizeOptions& options,
                               const OpenSession& open, const FeedCalibration& feed,
                               const StatisticsStore& known) {
  const std::int64_t start = now_ns();
  check_options(options);
  Graph work = graph;
  const std::vector<std::string> notes = prepare_for_quantising(work).notes;
  Quantised best = quantise(work, options, open, feed, known);
  if (options.correct) try_equalising(work, best, options, open, feed, known);
  graph = std::move(best.graph);
  best.report.notes = notes;
  best.report.wall_s = seconds_since(start);
  return best.report;
}

}  // namespace tamis
