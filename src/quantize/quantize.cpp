#include "quantize/quantize.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <map>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "base/units.h"
#include "quantize/calibrate.h"
#include "quantize/expected_value.h"
#include "quantize/plan.h"
#include "quantize/ranges.h"
#include "quantize/rewrite.h"

namespace tamis {

namespace {

constexpr std::array<std::pair<QuantizeTarget, std::string_view>, 3> kTargets{{
    {QuantizeTarget::portable, "portable"},
    {QuantizeTarget::ort, "ort"},
    {QuantizeTarget::openvino, "openvino"},
}};

/// Below this, 8 bits keep next to nothing of a value whose extremes lie far out.
constexpr double kLeastSnrDb = 8;

void check_options(const QuantizeOptions& options) {
  if (options.percentile > 50 && options.percentile <= 100) return;
  throw Error(ErrorCode::invalid_argument,
              "quantize: percentile must be above 50 and at most 100, got " +
                  std::to_string(options.percentile));
}

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
    if (!g.pooled_zero_point) return affine_from_range(range(group));
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

bool all_seen(const Plan& plan, const Observations& observations) {
  const std::set<std::string> values = observed_values(plan);
  return std::all_of(values.begin(), values.end(),
                     [&](const std::string& v) { return observations.seen.count(v) != 0; });
}

/// What the plan needs, and for `known` also what any plan with one more layer in float does.
std::set<std::string> values_to_observe(const Graph& graph, const Plan& plan,
                                        QuantizeOptions options, bool for_others) {
  std::set<std::string> values = observed_values(plan);
  if (!for_others) return values;
  for (const ComputeNode& compute : plan.compute) {
    options.keep_float.push_back(node_name(*compute.node));
    values.merge(observed_values(plan_quantisation(graph, options)));
    options.keep_float.pop_back();
  }
  return values;
}

/// From `known` where that suffices; what else is observed is added there.
Observations observations_of(const Graph& graph, const Plan& plan, const QuantizeOptions& options,
                             const OpenSession& open, const FeedCalibration& feed,
                             Observations* known) {
  if (known != nullptr && known->samples > 0 && all_seen(plan, *known)) return *known;
  std::set<std::string> values = values_to_observe(graph, plan, options, known != nullptr);
  if (known == nullptr) return observe(graph, values, open, feed);
  for (const auto& [value, histogram] : known->seen) values.erase(value);
  Observations fresh = observe(graph, values, open, feed);
  known->samples = fresh.samples;
  known->seen.merge(fresh.seen);
  return *known;
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

std::string_view to_text(QuantizeTarget target) {
  for (const auto& [value, name] : kTargets) {
    if (value == target) return name;
  }
  return "portable";
}

QuantizeTarget parse_quantize_target(std::string_view text) {
  std::vector<std::string> known;
  for (const auto& [value, name] : kTargets) {
    if (name == text) return value;
    known.emplace_back(name);
  }
  throw Error(ErrorCode::invalid_argument,
              "quantize: unknown target '" + std::string(text) + "'; " + suggest(text, known));
}

Json to_json(const QuantizeReport& report) {
  Json kept = Json::array();
  for (const KeptInFloat& one : report.kept_in_float)
    kept.push_back({{"node", one.node}, {"reason", one.reason}});
  return {{"kept_in_float", std::move(kept)},
          {"quantised_nodes", report.quantised_nodes},
          {"calibrated_on", report.calibrated_on},
          {"calibrate_s", report.calibrate_s},
          {"wall_s", report.wall_s}};
}

QuantizeReport quantize_static(Graph& graph, const QuantizeOptions& options,
                               const OpenSession& open, const FeedCalibration& feed,
                               Observations* known) {
  const std::int64_t start = now_ns();
  check_options(options);
  Graph work = graph;
  work.upgrade_opset(13);  // the first with per-channel DequantizeLinear
  work.sort();
  work.infer_shapes();
  Plan plan = plan_quantisation(work, options);
  demand_work(plan);

  QuantizeReport report;
  const std::int64_t calibration = now_ns();
  Observations observations = observations_of(work, plan, options, open, feed, known);
  std::vector<Affine> affines = GroupRanges(plan, observations, options).affines();
  if (const auto wide = too_wide(plan, observations, affines); !wide.empty()) {
    plan = plan_quantisation(work, options, wide);
    demand_work(plan);
    if (!all_seen(plan, observations))
      observations = observations_of(work, plan, options, open, feed, known);
    affines = GroupRanges(plan, observations, options).affines();
  }
  report.calibrate_s = seconds_since(calibration);
  report.calibrated_on = observations.samples;
  report.quantised_nodes = plan.compute.size();
  for (const ComputeNode& compute : plan.compute)
    report.quantised.push_back(node_name(*compute.node));
  report.kept_in_float = plan.kept_in_float;

  write_quantised(work, plan, affines,
                  options.target != QuantizeTarget::openvino && !options.standard_ops);
  if (options.target != QuantizeTarget::openvino) {
    work.infer_shapes();
    write_expected_values_as_product(work);
  }
  work.verify();
  graph = std::move(work);
  report.wall_s = seconds_since(start);
  return report;
}

}  // namespace tamis
