#include "explain/explain.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/error.h"
#include "explain/findings.h"
#include "explain/roof.h"
#include "graph/inspect.h"

namespace tamis {
namespace {

struct Loaded {
  Graph graph;
  Executed run;
};

Loaded load_side(const ExplainSide& side, std::size_t runs) {
  if (!side.profile.is_array() || side.profile.empty())
    throw Error(ErrorCode::unsupported,
                "explain " + side.model.string() + ": the runtime gave no profile of its layers");
  Graph graph = Graph::load(side.model);
  graph.infer_shapes();
  Executed run = map_to_graph(graph, parse_profile(side.profile, runs));
  return {std::move(graph), std::move(run)};
}

Json optional_json(const std::optional<double>& value) { return value ? Json(*value) : Json(); }

Json layer_json(const Layer& layer) {
  return {{"name", layer.name},
          {"type", layer.type},
          {"kernel", layer.kernel.empty() ? Json() : Json(layer.kernel)},
          {"kind", to_text(layer.kind)},
          {"precision", layer.precision},
          {"from", layer.from.empty() ? Json() : Json(layer.from)},
          {"to", layer.to.empty() ? Json() : Json(layer.to)},
          {"us", layer.us()},
          {"nodes", layer.nodes}};
}

/// Time and number of layers per precision; conversions and layout changes apart.
Json precisions_json(const Executed& run) {
  std::map<std::string, std::pair<std::size_t, double>> sums;
  for (const Layer& layer : run.layers) {
    bool compute = layer.kind == LayerKind::compute;
    auto& [count, us] = sums[compute ? layer.precision : std::string(to_text(layer.kind))];
    ++count;
    us += layer.us();
  }
  Json json = Json::array();
  for (const auto& [name, sum] : sums)
    json.push_back({{"precision", name}, {"layers", sum.first}, {"us", sum.second}});
  std::sort(json.begin(), json.end(),
            [](const Json& a, const Json& b) { return a.at("us") > b.at("us"); });
  return json;
}

/// How often values go from a layer in one precision to a layer in another, and the conversions
/// that the runtime runs for that.
Json transitions_json(const Executed& run) {
  struct Sum {
    std::size_t values = 0, conversions = 0;
    double us = 0;
  };
  std::map<std::pair<std::string, std::string>, Sum> sums;
  for (const auto& [from, to] : run.flow)
    if (run.layers[from].kind == LayerKind::compute && run.layers[to].kind == LayerKind::compute)
      ++sums[{run.layers[from].precision, run.layers[to].precision}].values;
  for (const Layer& layer : run.layers) {
    if (layer.kind == LayerKind::compute) continue;
    bool known = layer.kind == LayerKind::conversion && !layer.to.empty();
    Sum& sum =
        sums[known ? std::pair(layer.from, layer.to) : std::pair(layer.precision, layer.precision)];
    ++sum.conversions;
    sum.us += layer.us();
  }
  Json json = Json::array();
  for (const auto& [pair, sum] : sums)
    json.push_back({{"from", pair.first},
                    {"to", pair.second},
                    {"values", sum.values},
                    {"conversions", sum.conversions},
                    {"us", sum.us}});
  return json;
}

Json side_json(const ExplainSide& side, const Loaded& loaded) {
  Json layers = Json::array();
  for (const Layer& layer : loaded.run.layers) layers.push_back(layer_json(layer));
  return {{"model", side.model.string()},
          {"layers_us", loaded.run.total_us()},
          {"precisions", precisions_json(loaded.run)},
          {"transitions", transitions_json(loaded.run)},
          {"int8_islands", int8_islands(loaded.run)},
          {"layers", std::move(layers)}};
}

Json group_side(const Executed& run, const std::vector<std::size_t>& layers) {
  if (layers.empty()) return {};
  std::map<std::string, double> times;
  Json names = Json::array();
  for (std::size_t i : layers) {
    times[run.layers[i].precision] += run.layers[i].us();
    names.push_back(run.layers[i].name);
  }
  Json precisions = Json::array();
  for (const auto& [precision, us] : times) precisions.push_back(precision);
  LayerTime time = time_together(run, layers);
  return {{"us", time.us},
          {"low", time.low},
          {"high", time.high},
          {"precisions", std::move(precisions)},
          {"layers", std::move(names)}};
}

std::string verdict_of(const LayerTime& parent, const LayerTime& variant) {
  if (variant.high < parent.low) return "faster";
  return variant.low > parent.high ? "slower" : "not_distinguishable";
}

Json group_json(const LayerGroup& group, const Loaded& variant, const Loaded* parent) {
  Json json{{"name", group.name},
            {"op", group.op},
            {"model", group_side(variant.run, group.variant)},
            {"against", parent == nullptr ? Json() : group_side(parent->run, group.parent)},
            {"ratio", nullptr},
            {"verdict", nullptr},
            {"snr_db", nullptr},
            {"lost_db", nullptr}};
  if (parent == nullptr || group.parent.empty() || group.variant.empty()) return json;
  LayerTime a = time_together(parent->run, group.parent);
  LayerTime b = time_together(variant.run, group.variant);
  if (a.us > 0) json["ratio"] = b.us / a.us;
  json["verdict"] = verdict_of(a, b);
  return json;
}

Json finding_json(const Finding& finding, double total_us) {
  return {{"id", finding.id},
          {"text", finding.text},
          {"us", finding.us},
          {"share", total_us > 0 ? finding.us / total_us : 0.0},
          {"gain_at_most_us", optional_json(finding.gain_us)},
          {"layers", finding.layers}};
}

using Ratios = std::vector<std::optional<double>>;

/// The least ratio among what feeds a group; groups without one (they only move values) pass on
/// that of what feeds them.
std::optional<double> ratio_before(const std::vector<LayerGroup>& groups, const Ratios& ratios,
                                   std::size_t g) {
  std::optional<double> least;
  std::set<std::size_t> seen{g};
  std::vector<std::size_t> open = groups[g].before;
  while (!open.empty()) {
    std::size_t other = open.back();
    open.pop_back();
    if (!seen.insert(other).second) continue;
    if (ratios[other])
      least = std::min(least.value_or(*ratios[other]), *ratios[other]);
    else
      open.insert(open.end(), groups[other].before.begin(), groups[other].before.end());
  }
  return least;
}

/// What a layer itself loses: the ratio of its worst input less its own.
std::optional<double> lost_db(const std::vector<LayerGroup>& groups, const Ratios& ratios,
                              std::size_t g) {
  std::optional<double> before = ratio_before(groups, ratios, g);
  if (!before || !ratios[g]) return std::nullopt;
  return *before - *ratios[g];
}

Ratios ratios_of(const std::vector<LayerGroup>& groups, const Loaded& parent, const Loaded& variant,
                 const ExplainValues& values) {
  std::vector<TensorPair> pairs;
  std::vector<std::size_t> of;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    if (!groups[g].output) continue;
    pairs.push_back(*groups[g].output);
    of.push_back(g);
  }
  Ratios found = compare_tensors(parent.graph, variant.graph, pairs, *values.input, values.open);
  Ratios ratios(groups.size());
  for (std::size_t i = 0; i < of.size(); ++i) ratios[of[i]] = found[i];
  return ratios;
}

/// Fills the groups' ratios, and lists them worst first.
Json errors_json(Json& groups_json, const std::vector<LayerGroup>& groups, const Ratios& ratios) {
  Json values = Json::array();
  for (std::size_t g = 0; g < groups.size(); ++g) {
    if (!ratios[g]) continue;
    Json lost = optional_json(lost_db(groups, ratios, g));
    groups_json[g]["snr_db"] = *ratios[g];
    groups_json[g]["lost_db"] = lost;
    values.push_back({{"layer", groups[g].name},
                      {"value", groups[g].output->parent},
                      {"snr_db", *ratios[g]},
                      {"lost_db", lost}});
  }
  std::stable_sort(values.begin(), values.end(),
                   [](const Json& a, const Json& b) { return a.at("snr_db") < b.at("snr_db"); });
  return values;
}

void add_errors(Json& document, const std::vector<LayerGroup>& groups, const Loaded& parent,
                const Loaded& variant, const ExplainValues& values) {
  document["errors"] = {{"values", Json::array()}, {"reason", nullptr}};
  if (values.input == nullptr) {
    document["errors"]["reason"] = "there is no input to compare values on";
    return;
  }
  try {
    Ratios ratios = ratios_of(groups, parent, variant, values);
    document["errors"]["values"] = errors_json(document["groups"], groups, ratios);
  } catch (const Error& e) {
    document["errors"]["reason"] = e.what();
  }
}

Json side_request(const ExplainSide& side) {
  return {{"model", side.model.string()}, {"profile", side.profile}};
}

ExplainSide parse_side(const Json& json) {
  return {json.at("model").get<std::string>(), json.at("profile")};
}

}  // namespace

Json to_json(const ExplainRequest& request) {
  return {{"variant", side_request(request.variant)},
          {"parent", request.parent ? side_request(*request.parent) : Json()},
          {"runs", request.runs},
          {"backend", request.backend},
          {"isa", request.isa},
          {"architecture", request.architecture},
          {"peak", request.peak.value_or(Json())},
          {"size", request.size ? Json{request.size->height, request.size->width} : Json()}};
}

ExplainRequest parse_explain_request(const Json& json) {
  ExplainRequest request;
  request.variant = parse_side(json.at("variant"));
  if (!json.at("parent").is_null()) request.parent = parse_side(json.at("parent"));
  request.runs = json.at("runs");
  request.backend = json.at("backend");
  request.isa = json.at("isa").get<std::vector<std::string>>();
  request.architecture = json.at("architecture");
  if (const Json& peak = json.at("peak"); !peak.is_null()) request.peak = peak;
  if (const Json& size = json.at("size"); !size.is_null()) request.size = Size{size[0], size[1]};
  return request;
}

Json explain(const ExplainRequest& request, const ExplainValues& values) {
  Loaded variant = load_side(request.variant, request.runs);
  std::optional<Loaded> parent;
  if (request.parent) parent.emplace(load_side(*request.parent, request.runs));
  std::vector<LayerGroup> groups =
      parent ? match_layers(parent->graph, parent->run, variant.graph, variant.run)
             : own_layers(variant.graph, variant.run);
  Evidence evidence{
      variant.graph, variant.run,         groups, parent ? &parent->run : nullptr, request.backend,
      request.isa,   request.architecture};
  Json document{{"runs", request.runs},
                {"model", side_json(request.variant, variant)},
                {"against", parent ? side_json(*request.parent, *parent) : Json()},
                {"int8_ratio", optional_json(int8_ratio(evidence))},
                {"findings", Json::array()},
                {"groups", Json::array()},
                {"roof", nullptr},
                {"errors", nullptr}};
  for (const Finding& finding : find_obstacles(evidence))
    document["findings"].push_back(finding_json(finding, variant.run.total_us()));
  for (const LayerGroup& group : groups)
    document["groups"].push_back(group_json(group, variant, parent ? &*parent : nullptr));
  if (request.peak)
    document["roof"] = roof_json(variant.run, macs_by_output(variant.graph, request.size),
                                 parse_machine_peak(*request.peak));
  if (parent) add_errors(document, groups, *parent, variant, values);
  return document;
}

}  // namespace tamis
