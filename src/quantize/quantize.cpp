#include "quantize/quantize.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <map>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/units.h"
#include "passes/passes.h"
#include "quantize/calibrate.h"
#include "quantize/corrections.h"
#include "quantize/form.h"
#include "quantize/input_errors.h"
#include "quantize/input_kinds.h"
#include "quantize/options.h"
#include "quantize/plan.h"
#include "quantize/ranges.h"
#include "quantize/tensorrt.h"

namespace tamis {

namespace {

/// Below this, 8 bits keep next to nothing of a value whose extremes lie far out.
constexpr double kLeastSnrDb = 8;

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

constexpr std::array kAllTargets{QuantizeTarget::portable, QuantizeTarget::ort,
                                 QuantizeTarget::openvino, QuantizeTarget::tensorrt};

/// What the layers read that any form has in INT8. Whatever the options are, so that the samples do
/// not hang on who asked first.
std::set<std::string> sampled_values(const Graph& graph) {
  std::set<std::string> values;
  for (const QuantizeTarget target : kAllTargets) {
    QuantizeOptions options;
    options.target = target;
    const Plan plan = plan_quantisation(graph, options);
    for (const ComputeNode& compute : plan.compute)
      values.insert(compute.node->input(compute.activation));
  }
  return values;
}

/// What any form of the model needs, so that one run of the float model serves all.
Watched watched_for_all_forms(const Graph& graph, QuantizeOptions options, const Plan& own) {
  Watched watched{observed_values(own), sampled_values(graph)};
  for (const QuantizeTarget target : kAllTargets) {
    options.target = target;
    watched.ranges.merge(observed_values(plan_quantisation(graph, options)));
  }
  return watched;
}

/// And what the plan needs with any one of its layers more in float.
Watched watched_for_any_layer(const Graph& graph, QuantizeOptions options, const Plan& own) {
  Watched watched = watched_for_all_forms(graph, options, own);
  for (const ComputeNode& compute : own.compute) {
    options.keep_float.push_back(node_name(*compute.node));
    watched.ranges.merge(observed_values(plan_quantisation(graph, options)));
    options.keep_float.pop_back();
  }
  return watched;
}

bool all_seen(const Plan& plan, const Observations& observations) {
  const std::set<std::string> values = observed_values(plan);
  return std::all_of(values.begin(), values.end(),
                     [&](const std::string& v) { return observations.seen.count(v) != 0; });
}

void demand_work(const Plan& plan) {
  if (!plan.compute.empty()) return;
  std::string text = "quantize: no convolution or matrix product can run in INT8";
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
    corrections.push_back(
        {{"name", one.name},
         {"kept", one.kept},
         {"why", one.why},
         {"gain_db", one.gain_db ? Json(*one.gain_db) : Json()},
         {"gain_closeness", one.gain_closeness ? Json(*one.gain_closeness) : Json()}});
  return {{"kept_in_float", std::move(kept)},
          {"corrections", std::move(corrections)},
          {"notes", report.notes},
          {"warnings", report.warnings},
          {"quantised_nodes", report.quantised_nodes},
          {"calibrated_on", report.calibrated_on},
          {"held_aside", report.held_aside},
          {"calibrate_s", report.calibrate_s},
          {"statistics_cached", report.statistics_cached},
          {"wall_s", report.wall_s}};
}

namespace {

/// The float graph as its runtime executes it fastest. What is new in it only moves data or stays
/// in float, so that observations of the graph before serve all forms.
Graph written_for(Graph written, const QuantizeOptions& options) {
  const bool for_ort = options.target == QuantizeTarget::ort;
  run_passes(written, rewrite_passes(for_ort ? "ort" : "all"), {});
  written.sort();
  written.infer_shapes();
  return written;
}

/// Leaves nothing of it in memory.
std::shared_ptr<const StoredGraph> stored_away(Graph&& graph) {
  const Graph gone = std::move(graph);
  return std::make_shared<const StoredGraph>(gone);
}

std::shared_ptr<Planned> planned_form(const StoredGraph& parent, const QuantizeOptions& options) {
  auto planned =
      std::make_shared<Planned>(Planned{written_for(parent.load(), options), {}, {}, {}, {}});
  planned->plan = plan_for(planned->graph, options);
  demand_work(planned->plan);
  return planned;
}

StatisticsWanted statistics_for(const StoredGraph& parent, const QuantizeOptions& options) {
  StatisticsWanted wanted;
  wanted.ranges = observed_values(planned_form(parent, options)->plan);
  wanted.inputs = options.corrections != CorrectionLevel::none && !wants_rows(options.corrections);
  wanted.all = [&] {
    const auto own = planned_form(parent, options);
    const Graph graph = parent.load();
    return options.observe_for_any_layer ? watched_for_any_layer(graph, options, own->plan)
                                         : watched_for_all_forms(graph, options, own->plan);
  };
  return wanted;
}

/// The whole way for one float graph (opset 13, sorted, shapes inferred), but for corrections. No
/// graph is in memory while the runtime observes.
Form form_of(std::shared_ptr<const StoredGraph> parent, const QuantizeOptions& options,
             const OpenSession& open, const FeedCalibration& feed, const StatisticsStore& known) {
  QuantizeReport report;
  const std::int64_t calibration = now_ns();
  Statistics statistics =
      find_statistics(*parent, statistics_for(*parent, options), open, feed, known);
  return_free_memory();
  report.statistics_cached = statistics.cached;
  Observations& observations = statistics.ranges;
  const auto planned = planned_form(*parent, options);
  const Graph& work = planned->graph;
  Plan& plan = planned->plan;
  planned->affines = GroupRanges(plan, observations, options).affines();
  planned->too_wide = too_wide(plan, observations, planned->affines);
  if (!planned->too_wide.empty()) {
    plan = plan_for(work, options, planned->too_wide);
    demand_work(plan);
    if (!all_seen(plan, observations)) {
      const StatisticsWanted wanted{
          observed_values(plan), statistics.inputs.has_value(), [&] {
            return Watched{observed_values(plan), sampled_values(parent->load())};
          }};
      Statistics more = find_statistics(*parent, wanted, open, feed, known);
      observations = std::move(more.ranges);
      report.statistics_cached = more.cached;
    }
    planned->affines = GroupRanges(plan, observations, options).affines();
  }
  report.warnings = suspicious_samples(observations);
  report.calibrated_on = observations.samples;
  report.quantised_nodes = plan.compute.size();
  for (const ComputeNode& compute : plan.compute)
    report.quantised.push_back(node_name(*compute.node));
  report.kept_in_float = plan.kept_in_float;
  if (wants_rows(options.corrections))
    planned->inputs = sample_rows(*parent, open, feed);
  else if (statistics.inputs)
    planned->inputs = std::move(*statistics.inputs);
  InputErrors errors;
  if (!planned->inputs.empty())
    errors = input_errors(work, plan, planned->affines, open, feed, known,
                          parent->hash() + std::string(to_text(options.target)));
  report.calibrate_s = seconds_since(calibration);
  Form form{std::move(parent), planned,
            quantise_constants(work, plan, planned->affines, planned->inputs, errors),
            std::move(report)};
  return form;
}

}  // namespace

QuantizeReport quantize_static(Graph& graph, const QuantizeOptions& options,
                               const OpenSession& open, const FeedCalibration& feed,
                               const StatisticsStore& known, const OutputReader& reader) {
  const std::int64_t start = now_ns();
  check_options(options);
  const std::vector<std::string> notes = prepare_for_quantising(graph).notes;
  const OutputComparison comparison(reader, graph);
  HeldAside held(feed);
  const FeedCalibration rest = held.rest();
  Form form = form_of(stored_away(std::move(graph)), options, open, rest, known);
  return_free_memory();
  correct(form, held, {options, open, rest, comparison, [&](Graph parent) {
                         return form_of(stored_away(std::move(parent)), options, open, rest, known);
                       }});
  graph = write_form(form, options).graph;
  form.report.notes = notes;
  form.report.wall_s = seconds_since(start);
  return form.report;
}

}  // namespace tamis
