#include "backends/ort/options.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "backends/ort/providers.h"
#include "base/affinity.h"
#include "base/error.h"

namespace tamis::ort {
namespace {

struct LevelRow {
  std::string_view name;
  GraphOptimizationLevel level;
};
constexpr std::array kLevels{
    LevelRow{"disable", ORT_DISABLE_ALL}, LevelRow{"basic", ORT_ENABLE_BASIC},
    LevelRow{"extended", ORT_ENABLE_EXTENDED}, LevelRow{"all", ORT_ENABLE_ALL}};

void add_config(const Library& library, const Options& options, const std::string& key,
                const std::string& value) {
  check(library, library.api->AddSessionConfigEntry(options.get(), key.c_str(), value.c_str()),
        "set session option");
}

GraphOptimizationLevel level_of(const RunSettings& settings) {
  for (const LevelRow& row : kLevels)
    if (row.name == settings.graph_level.value_or("all")) return row.level;
  return ORT_ENABLE_ALL;
}

/// "3;4": of the threads that the runtime starts, so without the first; it counts CPUs from 1.
std::string affinities(const std::vector<int>& cpus) {
  std::string text;
  for (std::size_t i = 1; i < cpus.size(); ++i)
    text += (i > 1 ? ";" : "") + std::to_string(cpus[i] + 1);
  return text;
}

/// The CPUs that pinned threads may keep to.
const std::vector<int>& cpus_to_pin(const RunSettings& settings) {
  if (settings.pinning != "performance") return usable_cpus();
  if (performance_cpus().empty())
    throw Error(
        ErrorCode::unavailable,
        "open model: this CPU has only one kind of core, so it has no fast ones; use pinning on");
  return performance_cpus();
}

}  // namespace

SessionPlan plan_session(const RunSettings& settings, int stream) {
  const int streams = settings.streams.value_or(1);
  SessionPlan plan;
  const int all = settings.threads.value_or(
      streams > 1 ? static_cast<int>(std::max<std::size_t>(1, usable_cpus().size())) : 0);
  plan.threads = all == 0 ? 0 : std::max(1, all / streams);
  if (settings.pinning.value_or("off") == "off") return plan;
  const std::vector<int>& cpus = cpus_to_pin(settings);
  if (plan.threads == 0) plan.threads = std::max(1, static_cast<int>(cpus.size()) / streams);
  if (static_cast<std::size_t>(plan.threads) * static_cast<std::size_t>(streams) > cpus.size())
    throw Error(ErrorCode::invalid_argument,
                "open model: pinning " + std::to_string(plan.threads * streams) +
                    " threads needs as many cores, and there are " + std::to_string(cpus.size()) +
                    "; use fewer threads or streams, or pinning off");
  const auto first = cpus.begin() + static_cast<std::ptrdiff_t>(stream) * plan.threads;
  plan.cpus.assign(first, first + plan.threads);
  return plan;
}

Options make_options(const Library& library, const OpenRequest& request, const SessionPlan& plan) {
  const RunSettings& settings = request.settings;
  const OrtApi& api = *library.api;
  Options options(api.ReleaseSessionOptions);
  check(library, api.CreateSessionOptions(options.out()), "set session options");
  check(library, api.SetSessionGraphOptimizationLevel(options.get(), level_of(settings)),
        "set graph level");
  if (plan.threads > 0)
    check(library, api.SetIntraOpNumThreads(options.get(), plan.threads), "set threads");
  check(library, api.SetInterOpNumThreads(options.get(), 1), "set threads");
  if (request.lean) check(library, api.DisableMemPattern(options.get()), "set session options");
  if (plan.cpus.size() > 1)
    add_config(library, options, "session.intra_op_thread_affinities", affinities(plan.cpus));
  for (const auto& [key, value] : settings.extra.items())
    add_config(library, options, key, value.is_string() ? value.get<std::string>() : value.dump());
  if (request.rests) add_config(library, options, "session.force_spinning_stop", "1");
  append_provider(library, options.get(),
                  {settings, std::max(1, plan.threads), request.engine_cache.string()});
  return options;
}

Options make_look_options(const Library& library) {
  const OrtApi& api = *library.api;
  Options options(api.ReleaseSessionOptions);
  check(library, api.CreateSessionOptions(options.out()), "set session options");
  check(library, api.SetSessionGraphOptimizationLevel(options.get(), ORT_DISABLE_ALL),
        "set graph level");
  check(library, api.SetIntraOpNumThreads(options.get(), 1), "set threads");
  add_config(library, options, "session.disable_prepacking", "1");
  return options;
}

}  // namespace tamis::ort
