#include "passes/passes.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "base/units.h"
#include "passes/expected_value.h"
#include "passes/fold_constants.h"
#include "passes/fuse_conv_bn.h"
#include "passes/remove_dead.h"
#include "passes/remove_identity.h"
#include "passes/stem_space_to_depth.h"

namespace tamis {
namespace {

constexpr Pass kSimplify[] = {{"remove_dead", remove_dead, 1},
                              {"fold_constants", fold_constants, 1},
                              {"remove_identity", remove_identity, 2},
                              {"fuse_conv_bn", fuse_conv_bn, 1}};

// What each runtime gains by, measured (bench/README.md). The stem's rewrite costs OpenVINO 4 %.
constexpr Pass kForOrt[] = {{"expected_value_as_product", expected_value_as_product, 1},
                            {"stem_space_to_depth", stem_space_to_depth, 1}};
constexpr Pass kForAll[] = {{"expected_value_as_product", expected_value_as_product, 1}};

constexpr std::size_t kMaxRounds = 20;

// What callers of a model see: no pass may change it.
std::string frame_text(const Graph& graph) {
  std::string text;
  for (const auto& input : graph.graph().input())
    if (graph.is_input(input.name())) text += input.SerializeAsString() + '\n';
  for (const auto& output : graph.graph().output()) text += output.SerializeAsString() + '\n';
  for (const auto& [key, value] : graph.metadata()) text += key + '=' + value + '\n';
  return text;
}

void check_disabled(std::span<const Pass> passes, const PassContext& context) {
  std::vector<std::string> known;
  for (const Pass& pass : passes) known.emplace_back(pass.name);
  for (const std::string& name : context.disabled)
    if (std::find(known.begin(), known.end(), name) == known.end())
      throw Error(ErrorCode::invalid_argument,
                  "disable pass: there is no pass \"" + name + "\"; " + suggest(name, known));
}

class Runner {
 public:
  Runner(Graph& graph, const PassContext& context)
      : graph_(graph), context_(context), frame_(frame_text(graph)) {}

  // Whether it changed something.
  bool run(const Pass& pass, PassRecord& record) {
    std::int64_t start = now_ns();
    PassResult result = pass.run(graph_, context_);
    if (result.changes > 0) check(pass);
    record.changes += result.changes;
    record.seconds += seconds_since(start);
    record.skipped = std::move(result.skipped);
    return result.changes > 0;
  }

 private:
  void check(const Pass& pass) {
    graph_.sort();
    graph_.verify();
    if (frame_text(graph_) != frame_)
      throw Error(ErrorCode::unsupported, "pass " + std::string(pass.name) +
                                              ": it changed inputs, outputs or metadata of " +
                                              graph_.source() + "; disable it");
  }

  Graph& graph_;
  const PassContext& context_;
  std::string frame_;
};

}  // namespace

std::span<const Pass> rewrite_passes(std::string_view runtime) {
  if (runtime == "ort") return kForOrt;
  return kForAll;
}

std::span<const Pass> simplify_passes() { return kSimplify; }

std::string pass_versions(std::span<const Pass> passes) {
  std::string text;
  for (const Pass& pass : passes)
    text += (text.empty() ? "" : ",") + std::string(pass.name) + "=" + std::to_string(pass.version);
  return text;
}

Json to_json(const PassLog& log) {
  Json passes = Json::array();
  for (const PassRecord& record : log.passes)
    passes.push_back({{"name", record.name},
                      {"changes", record.changes},
                      {"seconds", record.seconds},
                      {"skipped", record.skipped}});
  return {{"passes", passes},
          {"disabled", log.disabled},
          {"rounds", log.rounds},
          {"nodes_before", log.nodes_before},
          {"nodes_after", log.nodes_after}};
}

PassLog run_passes(Graph& graph, std::span<const Pass> passes, const PassContext& context) {
  check_disabled(passes, context);
  Graph work = graph;
  PassContext left = context;  // of the growth that is allowed in all rounds together
  const std::size_t bytes = graph.proto().ByteSizeLong();
  Runner runner(work, left);
  PassLog log;
  log.disabled = context.disabled;
  log.nodes_before = static_cast<std::size_t>(graph.graph().node_size());
  for (const Pass& pass : passes) log.passes.push_back({std::string(pass.name), 0, 0, {}});
  bool changed = true;
  while (changed) {
    if (log.rounds == kMaxRounds)
      throw Error(ErrorCode::unsupported,
                  "run passes on " + graph.source() + ": still changing after " +
                      std::to_string(kMaxRounds) + " rounds; disable passes one by one");
    ++log.rounds;
    changed = false;
    const std::size_t now = work.proto().ByteSizeLong(), grown = now > bytes ? now - bytes : 0;
    left.max_growth_bytes = context.max_growth_bytes - std::min(grown, context.max_growth_bytes);
    for (std::size_t i = 0; i < passes.size(); ++i) {
      const auto& disabled = context.disabled;
      if (std::find(disabled.begin(), disabled.end(), passes[i].name) != disabled.end()) continue;
      changed = runner.run(passes[i], log.passes[i]) || changed;
    }
  }
  log.nodes_after = static_cast<std::size_t>(work.graph().node_size());
  graph = std::move(work);
  return log;
}

PassLog simplify(Graph& graph, const PassContext& context) {
  return run_passes(graph, simplify_passes(), context);
}

}  // namespace tamis
